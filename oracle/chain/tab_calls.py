"""Calldata for every call of the tab contract that changes something. Pure: nothing is sent.

Signatures are 65 bytes (r, s, v), 64 (EIP-2098), or what an ERC-1271 wallet expects; empty where the party
itself calls. Amounts in USDC base units, times in Unix seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any

from oracle.chain.abi import load_abi
from oracle.chain.calls import Statement, attested_tuple, statement_tuple
from oracle.domain.tab import Tally
from oracle.domain.tab_terms import TabAgreement, TabOpening, TabTerms
from oracle.domain.terms import Attested
from oracle.domain.types import Address, Funding, Hash, Outcome


@dataclass(frozen=True, slots=True)
class TabVerdict:
    """Attestations on one period (Solidity `TabVerdict`). `signers`: bit i set where evaluator i signed."""

    outcome: Outcome
    payable: int
    signers: int
    attested: tuple[Attested, ...]


def open_tab(
    agreement: TabAgreement,
    funding: Funding,
    *,
    payment: bytes = b"",
    collateral: bytes = b"",
    provider_signature: bytes = b"",
) -> bytes:
    """`open`: opens a tab. See ITabs for what each signature is over."""
    listed = (terms_tuple(agreement.terms), _opening(agreement.opening))
    return _call("open", listed, int(funding), payment, collateral, provider_signature)


def top_up(
    terms: TabTerms,
    opening_hash: Hash,
    amount: int,
    funding: Funding,
    *,
    expiry: int = 0,
    salt: int = 0,
    signature: bytes = b"",
) -> bytes:
    """`topUp`: adds to the balance."""
    return _call(
        "topUp", terms_tuple(terms), _b32(opening_hash), amount, int(funding), expiry, salt, signature
    )


def present(
    terms: TabTerms,
    opening_hash: Hash,
    tally: Tally,
    *,
    buyer_signature: bytes = b"",
    provider_signature: bytes = b"",
) -> bytes:
    """`present`: anchors a tally as the next period."""
    return _call(
        "present", terms_tuple(terms), _b32(opening_hash), _tally(tally), buyer_signature, provider_signature
    )


def replace(
    terms: TabTerms,
    opening_hash: Hash,
    higher: Tally,
    *,
    buyer_signature: bytes = b"",
    provider_signature: bytes = b"",
) -> bytes:
    """`replace`: puts a tally with a higher count in the place of the presented one."""
    return _call(
        "replace",
        terms_tuple(terms),
        _b32(opening_hash),
        _tally(higher),
        buyer_signature,
        provider_signature,
    )


def judge(terms: TabTerms, opening_hash: Hash, tally: Tally, verdict: TabVerdict) -> bytes:
    """`judge`: a verdict on the presented period."""
    return _call("judge", terms_tuple(terms), _b32(opening_hash), _tally(tally), _verdict(verdict))


def attest(terms: TabTerms, opening_hash: Hash, tally: Tally, verdict: TabVerdict) -> bytes:
    """`attest`: posts attestations against silence."""
    return _call("attest", terms_tuple(terms), _b32(opening_hash), _tally(tally), _verdict(verdict))


def lapse(terms: TabTerms, opening_hash: Hash, tally: Tally) -> bytes:
    """`lapse`: nobody judged in time."""
    return _call("lapse", terms_tuple(terms), _b32(opening_hash), _tally(tally))


def dispute(
    terms: TabTerms,
    opening_hash: Hash,
    party: Address,
    sought: Outcome,
    sought_payable: int,
    funding: Funding,
    *,
    expiry: int = 0,
    signature: bytes = b"",
) -> bytes:
    """`dispute`: disputes what is provisional."""
    return _call(
        "dispute",
        terms_tuple(terms),
        _b32(opening_hash),
        party,
        int(sought),
        sought_payable,
        expiry,
        int(funding),
        signature,
    )


def rule(subject: Hash, outcome: Outcome, payable: int) -> bytes:
    """`rule`: the arbiter's final ruling on a period. Its subject is in `PeriodDisputed`."""
    return _call("rule", _b32(subject), int(outcome), payable)


def settle(terms: TabTerms, opening_hash: Hash, *, pay_out: bool = True) -> bytes:
    """`settle`: carries out what is final, or pays what is owed."""
    return _call("settle", terms_tuple(terms), _b32(opening_hash), pay_out)


def give_notice(
    terms: TabTerms, opening_hash: Hash, party: Address, *, expiry: int = 0, signature: bytes = b""
) -> bytes:
    """`giveNotice`: a party leaves."""
    return _call("giveNotice", terms_tuple(terms), _b32(opening_hash), party, expiry, signature)


def close(terms: TabTerms, opening_hash: Hash, *, pay_out: bool = True) -> bytes:
    """`close`: ends a tab with no period pending."""
    return _call("close", terms_tuple(terms), _b32(opening_hash), pay_out)


def agree(
    terms: TabTerms,
    opening_hash: Hash,
    to_provider: int,
    expiry: int,
    *,
    buyer_signature: bytes = b"",
    provider_signature: bytes = b"",
    pay_out: bool = True,
) -> bytes:
    """`agree`: both split what a tab holds and end it."""
    return _call(
        "agree",
        terms_tuple(terms),
        _b32(opening_hash),
        to_provider,
        expiry,
        buyer_signature,
        provider_signature,
        pay_out,
    )


def pay_evaluators(terms: TabTerms, opening_hash: Hash) -> bytes:
    """`payEvaluators`: hands over the verdict fees that are kept for one set of signers."""
    return _call("payEvaluators", terms_tuple(terms), _b32(opening_hash))


def prove_equivocation(
    terms: TabTerms, opening_hash: Hash, deliverable: Hash, a: Statement, b: Statement
) -> bytes:
    """`proveEquivocation`: two attestations of one evaluator on one period that contradict each other."""
    return _call(
        "proveEquivocation",
        terms_tuple(terms),
        _b32(opening_hash),
        _b32(deliverable),
        statement_tuple(a),
        statement_tuple(b),
    )


def batch(calls: Sequence[bytes]) -> bytes:
    """`batch`: many calls at once; one that fails does not sink the others."""
    return _call("batch", list(calls))


def _call(function: str, *values: Any) -> bytes:
    return load_abi("Tabs").functions[function].encode(*values)


def terms_tuple(terms: TabTerms) -> tuple[Any, ...]:
    """`TabTerms` as the ABI encodes it."""
    buyer, provider, committee, *numbers = astuple(terms)
    return (buyer, provider, _b32(committee), *numbers)


def _opening(opening: TabOpening) -> tuple[Any, ...]:
    pact, offchain, *numbers = astuple(opening)
    return (_b32(pact), _b32(offchain), *numbers)


def _tally(tally: Tally) -> tuple[Any, ...]:
    return (tally.count, tally.amount, _b32(tally.root))


def _verdict(verdict: TabVerdict) -> tuple[Any, ...]:
    attested = [attested_tuple(one) for one in verdict.attested]
    return (int(verdict.outcome), verdict.payable, verdict.signers, attested)


def _b32(value: Hash) -> bytes:
    return bytes.fromhex(value[2:])
