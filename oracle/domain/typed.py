"""EIP-712: what is signed, and the ids that follow from it. Packed by hand: every attestation is hashed.

Type strings are the contract's own; a test compares every digest with eth_account's encoder. All results are
hashes as 0x-hex. Sources: EIP-712 (typed data), EIP-3009 (`ReceiveWithAuthorization`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from oracle.domain.committee import CENT, MAX_CENTS, UNBOUNDED, Committee
from oracle.domain.errors import EarnestError
from oracle.domain.keccak import keccak
from oracle.domain.terms import Agreement, Attestation, Opening, Terms
from oracle.domain.types import Address, Hash, Outcome, State

DOMAIN_NAME = "Earnest"
DOMAIN_VERSION = "1"
USDC_NAME = "USD Coin"
USDC_VERSION = "2"

OPENING_TYPE = (
    "Opening(bytes32 pact,bytes32 offchain,uint256 agentId,uint64 upFront,"
    "uint40 openBy,uint40 deliverBy,uint256 salt)"
)
TERMS_TYPE = (
    "Terms(address buyer,address provider,bytes32 committee,uint64 gated,uint64 bond,uint64 fee,"
    "uint40 judgeBy,uint32 challenge,uint32 ruling)"
)
AGREEMENT_TYPE = "Agreement(Terms terms,Opening opening)" + OPENING_TYPE + TERMS_TYPE
MILESTONES_TYPE = "Milestones(bytes32[] jobs)"
ATTESTATION_TYPE = (
    "Attestation(bytes32 subject,bytes32 deliverable,uint8 outcome,uint256 payable,bytes32 evidence)"
)
DELIVERY_TYPE = "Delivery(bytes32 job,bytes32 deliverable,uint256 expiry)"
DISPUTE_TYPE = "Dispute(bytes32 job,address party,uint8 provisional,uint8 sought,uint256 expiry)"
CONCESSION_TYPE = "Concession(bytes32 job,address party,uint8 state,uint8 outcome,uint256 expiry)"
SPLIT_TYPE = "Split(bytes32 job,uint8 state,uint8 outcome,uint256 toBuyer,uint256 expiry)"
DEPOSIT_TYPE = "Deposit(address account,uint256 amount,uint256 expiry,uint256 salt)"
PLEDGE_TYPE = "Pledge(address account,address book,bytes32 subject,uint256 amount,uint256 expiry)"
KEY_TYPE = "Key(bytes32 committee,address evaluator,address key)"
RECEIVE_TYPE = (
    "ReceiveWithAuthorization(address from,address to,uint256 value,"
    "uint256 validAfter,uint256 validBefore,bytes32 nonce)"
)
PEERS_NAME = "Earnest peers"  # a domain no contract knows: nothing signed under it can be posted
COMMITMENT_TYPE = (
    "Commitment(bytes32 committee,uint256 evaluator,bytes32 subject,bytes32 deliverable,bytes32 commitment)"
)
REQUEST_TYPE = "Request(string route,bytes32 body)"
DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"

_COMMITMENT = b"earnest/commitment/1"


class WidthError(EarnestError):
    """A value does not fit the type it is signed as."""


@dataclass(frozen=True, slots=True)
class Domain:
    """What a signature is bound to: chain and contract, and the name and version the contract hashes."""

    chain_id: int
    contract: Address
    name: str = DOMAIN_NAME
    version: str = DOMAIN_VERSION
    separator: bytes = field(init=False, repr=False, compare=False)
    """The 32 bytes of the EIP-712 domain separator."""

    def __post_init__(self) -> None:
        packed = (
            _type_hash(DOMAIN_TYPE)
            + keccak(self.name.encode())
            + keccak(self.version.encode())
            + _uint(self.chain_id, 256, "chainId")
            + _address(self.contract)
        )
        object.__setattr__(self, "separator", keccak(packed))


def usdc_domain(
    chain_id: int, token: Address, *, name: str = USDC_NAME, version: str = USDC_VERSION
) -> Domain:
    """The token's own EIP-712 domain, under which money is authorized."""
    return Domain(chain_id, token, name, version)


def opening_hash(opening: Opening) -> Hash:
    """The EIP-712 struct hash of `Opening`, which stands for it after the job is open."""
    return _hex(_opening_struct(opening))


def job_id(domain: Domain, agreement: Agreement) -> Hash:
    """The job's id: the EIP-712 digest of the agreement, which both sides sign."""
    return _job_id(domain, agreement.terms, _opening_struct(agreement.opening))


def job_id_of(domain: Domain, terms: Terms, opening: Hash) -> Hash:
    """The job's id from its terms and the hash of its opening."""
    return _job_id(domain, terms, _bytes32(opening, "openingHash"))


def message(domain: Domain, struct: bytes) -> bytes:
    """The 66 bytes whose keccak-256 is a digest: 0x19 0x01, the separator, the hash of an encoded struct.

    Args:
        struct: Type hash and encoded fields, 32 bytes each.
    """
    return b"\x19\x01" + domain.separator + keccak(struct)


def attestation_digest(domain: Domain, attestation: Attestation) -> Hash:
    """The digest an evaluator signs."""
    return _hex(keccak(attestation_message(domain, attestation)))


def attestation_message(domain: Domain, attestation: Attestation) -> bytes:
    """What an evaluator signs, for signers that hash it themselves."""
    return message(
        domain,
        _type_hash(ATTESTATION_TYPE)
        + _bytes32(attestation.subject, "subject")
        + _bytes32(attestation.deliverable, "deliverable")
        + _uint(attestation.outcome, 8, "outcome")
        + _uint(attestation.payable, 256, "payable")
        + _bytes32(attestation.evidence, "evidence"),
    )


def milestones_digest(domain: Domain, jobs: Sequence[Hash]) -> Hash:
    """What both parties sign for jobs opened together: the ordered list of their ids."""
    listed = keccak(b"".join(_bytes32(job, "jobs") for job in jobs))
    return _digest(domain, _type_hash(MILESTONES_TYPE) + listed)


def delivery_digest(domain: Domain, job: Hash, deliverable: Hash, expiry: int) -> Hash:
    """What a provider signs so that another may anchor its delivery."""
    return _digest(
        domain,
        _type_hash(DELIVERY_TYPE)
        + _bytes32(job, "job")
        + _bytes32(deliverable, "deliverable")
        + _uint(expiry, 256, "expiry"),
    )


def dispute_digest(
    domain: Domain, job: Hash, party: Address, provisional: Outcome, sought: Outcome, expiry: int
) -> Hash:
    """A party's permission to dispute; also the nonce where an authorization pays the deposit."""
    return _digest(
        domain,
        _type_hash(DISPUTE_TYPE)
        + _bytes32(job, "job")
        + _address(party)
        + _uint(provisional, 8, "provisional")
        + _uint(sought, 8, "sought")
        + _uint(expiry, 256, "expiry"),
    )


def concession_digest(
    domain: Domain, job: Hash, party: Address, state: State, outcome: Outcome, expiry: int
) -> Hash:
    """A party's permission to give in; `outcome` is the one that becomes final."""
    return _digest(
        domain,
        _type_hash(CONCESSION_TYPE)
        + _bytes32(job, "job")
        + _address(party)
        + _uint(state, 8, "state")
        + _uint(outcome, 8, "outcome")
        + _uint(expiry, 256, "expiry"),
    )


def split_digest(
    domain: Domain, job: Hash, state: State, outcome: Outcome, to_buyer: int, expiry: int
) -> Hash:
    """What both parties sign to split gated amount and bond. `outcome`: the provisional one, NONE in Open."""
    return _digest(
        domain,
        _type_hash(SPLIT_TYPE)
        + _bytes32(job, "job")
        + _uint(state, 8, "state")
        + _uint(outcome, 8, "outcome")
        + _uint(to_buyer, 256, "toBuyer")
        + _uint(expiry, 256, "expiry"),
    )


def deposit_digest(domain: Domain, account: Address, amount: int, expiry: int, salt: int) -> Hash:
    """The nonce of the authorization that pays a deposit of free collateral."""
    return _digest(
        domain,
        _type_hash(DEPOSIT_TYPE)
        + _address(account)
        + _uint(amount, 256, "amount")
        + _uint(expiry, 256, "expiry")
        + _uint(salt, 256, "salt"),
    )


def pledge_digest(
    domain: Domain, account: Address, book: Address, subject: Hash, amount: int, expiry: int
) -> Hash:
    """An account's permission for a book to take free collateral once."""
    return _digest(
        domain,
        _type_hash(PLEDGE_TYPE)
        + _address(account)
        + _address(book)
        + _bytes32(subject, "subject")
        + _uint(amount, 256, "amount")
        + _uint(expiry, 256, "expiry"),
    )


def key_digest(domain: Domain, committee: Hash, evaluator: Address, key: Address) -> Hash:
    """The digest a signing key signs to show that it belongs to the evaluator."""
    return _hex(keccak(key_message(domain, committee, evaluator, key)))


def key_message(domain: Domain, committee: Hash, evaluator: Address, key: Address) -> bytes:
    """What a signing key signs to show that it is the evaluator's, for signers that hash it themselves."""
    return message(
        domain, _type_hash(KEY_TYPE) + _bytes32(committee, "committee") + _address(evaluator) + _address(key)
    )


def peers_domain(domain: Domain) -> Domain:
    """What evaluators sign for each other: bound to the same chain and escrow, and of no use to either."""
    return Domain(domain.chain_id, domain.contract, PEERS_NAME)


def commitment_to(digest: Hash, salt: Hash) -> Hash:
    """keccak-256 that hides an attestation until its salt is shown.

    Args:
        digest: Of the attestation (`attestation_digest`).
        salt: 32 random bytes.
    """
    return _hex(keccak(_COMMITMENT + _bytes32(digest, "digest") + _bytes32(salt, "salt")))


def commitment_digest(
    peers: Domain, committee: Hash, evaluator: int, subject: Hash, deliverable: Hash, commitment: Hash
) -> Hash:
    """The digest an evaluator signs to commit to an attestation it does not show yet. See `peers_domain`."""
    return _hex(keccak(commitment_message(peers, committee, evaluator, subject, deliverable, commitment)))


def commitment_message(
    peers: Domain, committee: Hash, evaluator: int, subject: Hash, deliverable: Hash, commitment: Hash
) -> bytes:
    """What an evaluator signs to commit to an attestation, for signers that hash it themselves."""
    return message(
        peers,
        _type_hash(COMMITMENT_TYPE)
        + _bytes32(committee, "committee")
        + _uint(evaluator, 256, "evaluator")
        + _bytes32(subject, "subject")
        + _bytes32(deliverable, "deliverable")
        + _bytes32(commitment, "commitment"),
    )


def request_digest(peers: Domain, route: str, body: bytes) -> Hash:
    """The digest an evaluator signs to be let in by a peer: where the request goes, and all it says."""
    return _hex(keccak(request_message(peers, route, body)))


def request_message(peers: Domain, route: str, body: bytes) -> bytes:
    """What an evaluator signs to be let in by a peer, for signers that hash it themselves."""
    return message(peers, _type_hash(REQUEST_TYPE) + keccak(route.encode("ascii")) + keccak(body))


def receive_authorization_digest(
    usdc: Domain, sender: Address, to: Address, value: int, valid_after: int, valid_before: int, nonce: Hash
) -> Hash:
    """What the payer of USDC signs (EIP-3009). `usdc` is the token's domain, see `usdc_domain`."""
    return _digest(
        usdc,
        _type_hash(RECEIVE_TYPE)
        + _address(sender)
        + _address(to)
        + _uint(value, 256, "value")
        + _uint(valid_after, 256, "validAfter")
        + _uint(valid_before, 256, "validBefore")
        + _bytes32(nonce, "nonce"),
    )


def committee_id(chain_id: int, escrow: Address, committee: Committee) -> Hash:
    """The upper 160 bits of keccak256(abi.encode(chain id, escrow, Committee)), then some terms in full.

    These are `feeFlat` in hundredths of a USDC (24 bits, all ones for 2^64 - 1), `feeRate` (16),
    `maxChallenge` (24), `minRuling` (24) and `threshold` (8), so that the contract need not load them.

    The layout is the standard ABI's for (uint256, address, (address[], …)): the struct holds a list, so
    both it and the list stand behind offsets.
    """
    fixed = (
        _uint(14 * 32, 256, "evaluators")  # where the list begins, from the start of the struct
        + _uint(committee.threshold, 8, "threshold")
        + _uint(committee.stake, 64, "stake")
        + _bytes32(committee.methodology, "methodology")
        + _address(committee.arbiter)
        + _uint(committee.arbiter_cost, 64, "arbiterCost")
        + _uint(committee.fee_flat, 64, "feeFlat")
        + _uint(committee.fee_rate, 32, "feeRate")
        + _uint(committee.max_value, 64, "maxValue")
        + _uint(committee.min_verdict, 32, "minVerdict")
        + _uint(committee.min_ruling, 32, "minRuling")
        + _uint(committee.max_challenge, 32, "maxChallenge")
        + _uint(committee.silence, 64, "silence")
        + _uint(committee.salt, 256, "salt")
    )
    listed = _uint(len(committee.evaluators), 256, "evaluators") + b"".join(
        _address(account) for account in committee.evaluators
    )
    head = _uint(chain_id, 256, "chainId") + _address(escrow) + _uint(3 * 32, 256, "committee")
    hashed = keccak(head + fixed + listed)
    cents, rest = divmod(committee.fee_flat, CENT)
    if committee.fee_flat == UNBOUNDED:
        cents = MAX_CENTS
    elif rest or cents >= MAX_CENTS:
        raise WidthError(
            f"feeFlat is {committee.fee_flat}, not whole hundredths of a USDC below 167,772.15 USDC",
            field="feeFlat",
        )
    said = (
        _uint(cents, 24, "feeFlat")[-3:]
        + _uint(committee.fee_rate, 16, "feeRate")[-2:]
        + _uint(committee.max_challenge, 24, "maxChallenge")[-3:]
        + _uint(committee.min_ruling, 24, "minRuling")[-3:]
        + _uint(committee.threshold, 8, "threshold")[-1:]
    )
    return _hex(hashed[:20] + said)


def _opening_struct(opening: Opening) -> bytes:
    pact, offchain = bytes.fromhex(opening.pact[2:]), bytes.fromhex(opening.offchain[2:])
    agent_id, up_front, salt = opening.agent_id, opening.up_front, opening.salt
    open_by, deliver_by = opening.open_by, opening.deliver_by
    # A shifted negative number is never zero. This runs for every job there ever was: one look at all fields.
    if (
        up_front >> 64
        or open_by >> 40
        or deliver_by >> 40
        or agent_id >> 256
        or salt >> 256
        or not len(pact) == len(offchain) == 32
    ):
        _refuse_opening(opening)
    return keccak(
        _type_hash(OPENING_TYPE)
        + pact
        + offchain
        + agent_id.to_bytes(32, "big")
        + up_front.to_bytes(32, "big")
        + open_by.to_bytes(32, "big")
        + deliver_by.to_bytes(32, "big")
        + salt.to_bytes(32, "big")
    )


def _refuse_opening(opening: Opening) -> None:
    """Raises WidthError that names the field which does not fit."""
    _bytes32(opening.pact, "pact")
    _bytes32(opening.offchain, "offchain")
    _uint(opening.agent_id, 256, "agentId")
    _uint(opening.up_front, 64, "upFront")
    _uint(opening.open_by, 40, "openBy")
    _uint(opening.deliver_by, 40, "deliverBy")
    _uint(opening.salt, 256, "salt")


def _terms_struct(terms: Terms) -> bytes:
    return keccak(
        _type_hash(TERMS_TYPE)
        + _address(terms.buyer)
        + _address(terms.provider)
        + _bytes32(terms.committee, "committee")
        + _uint(terms.gated, 64, "gated")
        + _uint(terms.bond, 64, "bond")
        + _uint(terms.fee, 64, "fee")
        + _uint(terms.judge_by, 40, "judgeBy")
        + _uint(terms.challenge, 32, "challenge")
        + _uint(terms.ruling, 32, "ruling")
    )


def _job_id(domain: Domain, terms: Terms, opening: bytes) -> Hash:
    return _digest(domain, _type_hash(AGREEMENT_TYPE) + _terms_struct(terms) + opening)


def _digest(domain: Domain, struct: bytes) -> Hash:
    return _hex(keccak(message(domain, struct)))


@lru_cache(maxsize=32)
def _type_hash(text: str) -> bytes:
    return keccak(text.encode("ascii"))


def _hex(data: bytes) -> Hash:
    return "0x" + data.hex()


def _uint(value: int, bits: int, name: str) -> bytes:
    if value < 0 or value >> bits:
        raise WidthError(f"{name} is {value}, which does not fit uint{bits}", field=name)
    return value.to_bytes(32, "big")


def _bytes32(value: Hash, name: str) -> bytes:
    data = bytes.fromhex(value[2:])
    if len(data) != 32:
        raise WidthError(f"{name} has {len(data)} bytes, not 32", field=name)
    return data


def _address(value: Address) -> bytes:
    data = bytes.fromhex(value[2:])
    if len(data) != 20:
        raise WidthError(f"an address has {len(data)} bytes, not 20")
    return b"\x00" * 12 + data
