"""The terms of a tab and what is signed about it on chain. Amounts in USDC base units, times in Unix seconds.

Typed hashes (EIP-712) are in the domain of the tab contract, see `oracle.domain.tab.tabs_domain`; a test
compares them with the contract's. All results are hashes as 0x-hex.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from enum import IntEnum

from oracle.domain.errors import EarnestError
from oracle.domain.keccak import keccak
from oracle.domain.tab import Tally
from oracle.domain.typed import Domain
from oracle.domain.types import Address, Hash, Outcome

OPENING_TYPE = "TabOpening(bytes32 pact,bytes32 offchain,uint256 agentId,uint40 openBy,uint256 salt)"
TERMS_TYPE = (
    "TabTerms(address buyer,address provider,bytes32 committee,uint64 deposit,uint64 credit,uint64 bond,"
    "uint64 ceiling,uint64 fee,uint64 verdictFee,uint64 due,uint40 endBy,uint32 period,uint32 window,"
    "uint32 verdict,uint32 challenge,uint32 ruling,uint32 grace,uint32 notice,uint16 periods)"
)
TAB_TYPE = "Tab(TabTerms terms,TabOpening opening)" + OPENING_TYPE + TERMS_TYPE
TOP_UP_TYPE = "TopUp(bytes32 tab,uint256 amount,uint256 expiry,uint256 salt)"
DISPUTE_TYPE = (
    "TabDispute(bytes32 tab,uint64 period,address party,uint8 provisional,uint64 provisionalPayable,"
    "uint8 sought,uint64 soughtPayable,uint256 expiry)"
)
NOTICE_TYPE = "Notice(bytes32 tab,address party,uint256 expiry)"
SPLIT_TYPE = (
    "TabSplit(bytes32 tab,uint64 period,uint8 phase,uint64 payable,uint256 toProvider,uint256 expiry)"
)


class TabWidthError(EarnestError):
    """A value does not fit the type it is signed as."""


class Phase(IntEnum):
    """Where a tab stands (Solidity `ITabs.Phase`)."""

    NONE = 0
    OPEN = 1
    PRESENTED = 2
    JUDGED = 3
    DISPUTED = 4
    RULED = 5
    OWING = 6
    CLOSED = 7


class TabEnding(IntEnum):
    """What closed a tab (Solidity `ITabs.Ending`)."""

    LEFT = 0
    FAILED = 1
    OVERTURNED = 2
    SILENCE = 3
    DEFAULTED = 4
    AGREED = 5


@dataclass(frozen=True, slots=True)
class TabTerms:
    """The part of a tab's terms that every later step needs again. See Solidity's `TabTerms` for each."""

    buyer: Address
    provider: Address
    committee: Hash
    deposit: int
    credit: int
    bond: int
    ceiling: int
    fee: int
    verdict_fee: int
    due: int
    end_by: int
    period: int
    window: int
    verdict: int
    challenge: int
    ruling: int
    grace: int
    notice: int
    periods: int

    @property
    def value(self) -> int:
        """Value at stake: all that a verdict can move."""
        return self.deposit + self.credit + self.bond

    @property
    def pays_in(self) -> int:
        """What the buyer pays at opening, but for the collateral of the credit."""
        return self.deposit + self.fee + self.verdict_fee * self.periods


@dataclass(frozen=True, slots=True)
class TabOpening:
    """The part of a tab's terms that only opening needs; afterwards its hash stands for it."""

    pact: Hash
    offchain: Hash
    agent_id: int
    open_by: int
    salt: int


@dataclass(frozen=True, slots=True)
class TabAgreement:
    """All terms of a tab. Their EIP-712 digest is the tab's id."""

    terms: TabTerms
    opening: TabOpening


def tab_opening_hash(opening: TabOpening) -> Hash:
    """The EIP-712 struct hash of `TabOpening`."""
    return _hex(_struct(OPENING_TYPE, *astuple(opening)))


def tab_id(domain: Domain, agreement: TabAgreement) -> Hash:
    """The tab's id: the EIP-712 digest of all its terms."""
    return tab_id_of(domain, agreement.terms, tab_opening_hash(agreement.opening))


def tab_id_of(domain: Domain, terms: TabTerms, opening_hash: Hash) -> Hash:
    """The tab's id from its terms and the hash of its opening."""
    terms_hash = _hex(_struct(TERMS_TYPE, *astuple(terms)))
    packed = keccak(TAB_TYPE.encode("ascii")) + _bytes32(terms_hash) + _bytes32(opening_hash)
    return _hex(keccak(b"\x19\x01" + domain.separator + keccak(packed)))


def period_deliverable(tab: Hash, period: int, tally: Tally) -> Hash:
    """What the attestations of a period name as deliverable; periods count from 1."""
    words = (tab, period, tally.count, tally.amount, tally.root)
    kinds = ("bytes32", "uint64", "uint64", "uint64", "bytes32")
    return _hex(keccak(b"".join(_word(value, kind) for value, kind in zip(words, kinds, strict=True))))


def period_subject(tab: Hash, period: int) -> Hash:
    """What the arbiter rules on, another in every period; periods count from 1."""
    return _hex(keccak(_word(tab, "bytes32") + _word(period, "uint256")))


def top_up_digest(domain: Domain, tab: Hash, amount: int, expiry: int, salt: int) -> Hash:
    """The nonce of a payment, or the subject of a pledge, that tops a tab up."""
    return _digest(domain, TOP_UP_TYPE, tab, amount, expiry, salt)


def tab_dispute_digest(
    domain: Domain,
    tab: Hash,
    period: int,
    party: Address,
    provisional: tuple[Outcome, int],
    sought: tuple[Outcome, int],
    expiry: int,
) -> Hash:
    """What a party signs to dispute: (outcome, payable) as they are, and as it would have them."""
    was, would = (int(provisional[0]), provisional[1]), (int(sought[0]), sought[1])
    return _digest(domain, DISPUTE_TYPE, tab, period, party, *was, *would, expiry)


def notice_digest(domain: Domain, tab: Hash, party: Address, expiry: int) -> Hash:
    """What a party signs to leave."""
    return _digest(domain, NOTICE_TYPE, tab, party, expiry)


def tab_split_digest(
    domain: Domain, tab: Hash, settled: int, phase: Phase, payable: int, to_provider: int, expiry: int
) -> Hash:
    """What both sign to split all a tab holds and end it.

    `settled` periods are closed, `payable` is still owed or provisional.
    """
    return _digest(domain, SPLIT_TYPE, tab, settled, int(phase), payable, to_provider, expiry)


def _digest(domain: Domain, kind: str, *values: str | int) -> Hash:
    return _hex(keccak(b"\x19\x01" + domain.separator + _struct(kind, *values)))


def _struct(kind: str, *values: str | int) -> bytes:
    """The struct hash: types are read from the type string."""
    fields = [field.split(" ") for field in kind[kind.index("(") + 1 : -1].split(",")]
    words = [_word(value, field[0], field[1]) for value, field in zip(values, fields, strict=True)]
    return keccak(keccak(kind.encode("ascii")) + b"".join(words))


def _word(value: object, kind: str, name: str = "value") -> bytes:
    if kind.startswith("uint"):
        if not isinstance(value, int) or not 0 <= value < 1 << int(kind.removeprefix("uint")):
            raise TabWidthError(f"{name} is {value!r}, which does not fit {kind}", field=name)
        return value.to_bytes(32, "big")
    data = bytes.fromhex(str(value).removeprefix("0x"))
    if len(data) != (20 if kind == "address" else 32):
        raise TabWidthError(f"{name} has {len(data)} bytes, which is no {kind}", field=name)
    return data.rjust(32, b"\x00")


def _bytes32(value: Hash) -> bytes:
    return _word(value, "bytes32")


def _hex(data: bytes) -> Hash:
    return "0x" + data.hex()
