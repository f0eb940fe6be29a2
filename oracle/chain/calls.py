"""Calldata for every call of the escrow that changes something. Pure: nothing is sent.

Signatures are 65 bytes (r, s, v), 64 (EIP-2098), or what an ERC-1271 wallet expects; empty where the party
itself calls. Amounts in USDC base units, times in Unix seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from oracle.chain.abi import load_abi
from oracle.domain.committee import Committee
from oracle.domain.terms import Agreement, Attestation, Attested, Opening, Terms, Verdict
from oracle.domain.types import Address, Funding, Hash, Outcome


@dataclass(frozen=True, slots=True)
class Statement:
    """One attestation in full, as shown in a proof of equivocation."""

    outcome: Outcome
    payable: int
    evidence: Hash
    r: Hash
    vs: Hash


def statement_of(attestation: Attestation, attested: Attested) -> Statement:
    """An attestation with its signature, as a proof shows it."""
    return Statement(
        outcome=attestation.outcome,
        payable=attestation.payable,
        evidence=attestation.evidence,
        r=attested.r,
        vs=attested.vs,
    )


def open_job(
    agreement: Agreement, funding: Funding, *, buyer_signature: bytes = b"", provider_signature: bytes = b""
) -> bytes:
    """`open`: funds one job."""
    return _call("open", agreement_tuple(agreement), int(funding), buyer_signature, provider_signature)


def open_milestones(
    agreements: Sequence[Agreement],
    funding: Funding,
    *,
    buyer_signature: bytes = b"",
    provider_signature: bytes = b"",
) -> bytes:
    """`openMilestones`: funds jobs together, all or none."""
    listed = [agreement_tuple(agreement) for agreement in agreements]
    return _call("openMilestones", listed, int(funding), buyer_signature, provider_signature)


def deliver(job: Hash, deliverable: Hash) -> bytes:
    """`deliver`, by the provider itself."""
    return _call("deliver", _b32(job), _b32(deliverable))


def deliver_for(job: Hash, deliverable: Hash, expiry: int, signature: bytes) -> bytes:
    """`deliverFor`, relayed with the provider's signature."""
    return _call("deliverFor", _b32(job), _b32(deliverable), expiry, signature)


def judge(verdict: Verdict, *, pay_out: bool = False) -> bytes:
    """`judge`: exactly k attestations that agree."""
    return _call("judge", verdict_tuple(verdict), pay_out)


def attest(verdict: Verdict) -> bytes:
    """`attest`: attestations short of a verdict."""
    return _call("attest", verdict_tuple(verdict))


def lapse(terms: Terms, opening_hash: Hash) -> bytes:
    """`lapse`: a limit has passed."""
    return _call("lapse", terms_tuple(terms), _b32(opening_hash))


def dispute(
    terms: Terms,
    opening_hash: Hash,
    *,
    party: Address,
    sought: Outcome,
    funding: Funding,
    expiry: int = 0,
    signature: bytes = b"",
) -> bytes:
    """`dispute`: puts down the deposit and asks for another outcome."""
    return _call(
        "dispute",
        terms_tuple(terms),
        _b32(opening_hash),
        party,
        int(sought),
        expiry,
        int(funding),
        signature,
    )


def rule(terms: Terms, opening_hash: Hash, outcome: Outcome, *, pay_out: bool = False) -> bytes:
    """`rule`, by the arbiter."""
    return _call("rule", terms_tuple(terms), _b32(opening_hash), int(outcome), pay_out)


def concede(
    terms: Terms,
    opening_hash: Hash,
    *,
    party: Address,
    expiry: int = 0,
    signature: bytes = b"",
    pay_out: bool = False,
) -> bytes:
    """`concede`: the party gives in."""
    return _call("concede", terms_tuple(terms), _b32(opening_hash), party, expiry, signature, pay_out)


def agree(
    terms: Terms,
    opening_hash: Hash,
    *,
    to_buyer: int,
    expiry: int,
    buyer_signature: bytes = b"",
    provider_signature: bytes = b"",
    pay_out: bool = False,
) -> bytes:
    """`agree`: both split gated amount and bond."""
    return _call(
        "agree",
        terms_tuple(terms),
        _b32(opening_hash),
        to_buyer,
        expiry,
        buyer_signature,
        provider_signature,
        pay_out,
    )


def settle(terms: Terms, opening_hash: Hash, *, pay_out: bool = True) -> bytes:
    """`settle`: closes a job whose challenge or ruling period is over."""
    return _call("settle", terms_tuple(terms), _b32(opening_hash), pay_out)


def batch(calls: Sequence[bytes]) -> bytes:
    """`batch`: many calls; one that fails does not sink the others."""
    return _call("batch", list(calls))


def deposit(account: Address, amount: int) -> bytes:
    """`deposit`: adds USDC of the caller, by allowance, to an account's free collateral."""
    return _call("deposit", account, amount)


def deposit_with_authorization(
    account: Address, amount: int, expiry: int, salt: int, authorization: bytes
) -> bytes:
    """`depositWithAuthorization`: anyone may relay it."""
    return _call("depositWithAuthorization", account, amount, expiry, salt, authorization)


def claim(to: Address, amount: int) -> bytes:
    """`claim`: pays free collateral of the caller out."""
    return _call("claim", to, amount)


def transfer(to: Address, amount: int) -> bytes:
    """`transfer`: moves free collateral of the caller to another account."""
    return _call("transfer", to, amount)


def create_committee(committee: Committee) -> bytes:
    """`createCommittee`."""
    return _call("createCommittee", committee_tuple(committee))


def join(committee: Hash, index: int, key: Address, proof: bytes) -> bytes:
    """`join`: stakes, and names the signing key."""
    return _call("join", _b32(committee), index, key, proof)


def top_up(committee: Hash, index: int) -> bytes:
    """`topUp`: fills a slashed stake."""
    return _call("topUp", _b32(committee), index)


def leave(committee: Hash, index: int) -> bytes:
    """`leave`: gives notice."""
    return _call("leave", _b32(committee), index)


def collect(committee: Hash, index: int, subject: Hash) -> bytes:
    """`collect`: pays what an evaluator owes over a subject out of its stake."""
    return _call("collect", _b32(committee), index, _b32(subject))


def withdraw(committee: Hash, index: int) -> bytes:
    """`withdraw`: credits the stake of one that has left."""
    return _call("withdraw", _b32(committee), index)


def rotate_key(committee: Hash, index: int, key: Address, proof: bytes) -> bytes:
    """`rotateKey`: replaces the caller's signing key."""
    return _call("rotateKey", _b32(committee), index, key, proof)


def consent(committee: Hash, index: int, book: Address) -> bytes:
    """`consent`: lets a book reserve and slash the caller's stake within coverage."""
    return _call("consent", _b32(committee), index, book)


def draw_fees(committee: Hash, evaluator_set: int) -> bytes:
    """`drawFees`: credits what a set of evaluators has earned."""
    return _call("drawFees", _b32(committee), evaluator_set)


def prove_equivocation(
    terms: Terms, opening_hash: Hash, deliverable: Hash, a: Statement, b: Statement
) -> bytes:
    """`proveEquivocation`: two attestations of one evaluator that contradict each other."""
    return _call(
        "proveEquivocation",
        terms_tuple(terms),
        _b32(opening_hash),
        _b32(deliverable),
        statement_tuple(a),
        statement_tuple(b),
    )


def terms_tuple(terms: Terms) -> tuple[Any, ...]:
    """`Terms` as the ABI encodes it."""
    return (
        terms.buyer,
        terms.provider,
        _b32(terms.committee),
        terms.gated,
        terms.bond,
        terms.fee,
        terms.judge_by,
        terms.challenge,
        terms.ruling,
    )


def opening_tuple(opening: Opening) -> tuple[Any, ...]:
    """`Opening` as the ABI encodes it."""
    return (
        _b32(opening.pact),
        _b32(opening.offchain),
        opening.agent_id,
        opening.up_front,
        opening.open_by,
        opening.deliver_by,
        opening.salt,
    )


def agreement_tuple(agreement: Agreement) -> tuple[Any, ...]:
    """`Agreement` as the ABI encodes it."""
    return terms_tuple(agreement.terms), opening_tuple(agreement.opening)


def attested_tuple(attested: Attested) -> tuple[bytes, bytes, bytes]:
    """`Attested` as the ABI encodes it."""
    return _b32(attested.r), _b32(attested.vs), _b32(attested.evidence)


def verdict_tuple(verdict: Verdict) -> tuple[Any, ...]:
    """`Verdict` as the ABI encodes it."""
    return (
        terms_tuple(verdict.terms),
        _b32(verdict.opening_hash),
        _b32(verdict.deliverable),
        int(verdict.outcome),
        verdict.signers,
        [attested_tuple(item) for item in verdict.attested],
        list(verdict.others),
    )


def committee_tuple(committee: Committee) -> tuple[Any, ...]:
    """`Committee` as the ABI encodes it."""
    return (
        list(committee.evaluators),
        committee.threshold,
        committee.stake,
        _b32(committee.methodology),
        committee.arbiter,
        committee.arbiter_cost,
        committee.fee_flat,
        committee.fee_rate,
        committee.max_value,
        committee.min_verdict,
        committee.min_ruling,
        committee.max_challenge,
        committee.silence,
        committee.salt,
    )


def statement_tuple(statement: Statement) -> tuple[Any, ...]:
    """`Statement` as the ABI encodes it."""
    return (
        int(statement.outcome),
        statement.payable,
        _b32(statement.evidence),
        _b32(statement.r),
        _b32(statement.vs),
    )


def _call(function: str, *values: Any) -> bytes:
    return load_abi("Escrow").functions[function].encode(*values)


def _b32(value: Hash) -> bytes:
    return bytes.fromhex(value[2:])
