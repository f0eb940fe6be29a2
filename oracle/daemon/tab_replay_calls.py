"""The calls about a tab, made again from what was attested and from the record."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from oracle.chain import tab_calls
from oracle.chain.abi import load_abi
from oracle.chain.calls import attested_tuple
from oracle.daemon.tab_past import Past
from oracle.decide.due import Purpose
from oracle.decide.tabs import Pending
from oracle.domain.tab import Tally
from oracle.domain.tab_terms import tab_opening_hash
from oracle.domain.types import Outcome, members_of
from oracle.store import history, jobs, work
from oracle.store.history import OutboxEntry
from oracle.store.work import StoredAttestation


class Again(NamedTuple):
    """A call made again; where that cannot be done, None and why."""

    data: bytes | None
    why: str = ""


def call_of(session: Session, past: Past, entry: OutboxEntry, pending: Pending | None) -> Again:
    """The call that follows for an entry's purpose.

    Args:
        pending: The period it is about; None: the tab.
    """
    terms, opening = past.listed.agreement.terms, tab_opening_hash(past.listed.agreement.opening)
    match entry.purpose:
        case Purpose.SETTLE:
            if pending is None and not any(version.owing_from is not None for version in past.versions):
                return Again(None, "nothing was ever owed on the tab")
            return Again(tab_calls.settle(terms, opening, pay_out=True))
        case Purpose.CLOSE if pending is None:
            return Again(tab_calls.close(terms, opening, pay_out=True))
        case Purpose.LAPSE if pending is not None:
            return Again(tab_calls.lapse(terms, opening, _tally(pending)))
        case Purpose.JUDGE | Purpose.ATTEST if pending is not None:
            return _with_votes(session, past, entry, pending)
        case _:
            return Again(None, "no call of this purpose is about it")


def _with_votes(session: Session, past: Past, entry: OutboxEntry, pending: Pending) -> Again:
    """A verdict or a posting: who is named in it is the call's word, what each of them said the store's."""
    terms, opening = past.listed.agreement.terms, tab_opening_hash(past.listed.agreement.opening)
    name = "judge" if entry.purpose is Purpose.JUDGE else "attest"
    try:
        outcome, payable, signers, given = _named(name, entry.data)
    except ValueError as error:
        return Again(None, f"no call of {name}: {error}")
    votes = _votes(session, past, pending, (outcome, payable), given)
    missing = [index for index in members_of(signers) if index not in votes]
    if missing or signers & ~past.listed.members:
        return Again(
            None, f"of evaluators {missing or members_of(signers)} no such vote on the period is stored"
        )
    committee = jobs.get_committee(session, terms.committee)
    if entry.purpose is Purpose.JUDGE and committee and signers.bit_count() != committee.threshold:
        return Again(None, f"a verdict takes {committee.threshold} votes")
    verdict = tab_calls.TabVerdict(
        outcome, payable, signers, tuple(votes[index].attested for index in members_of(signers))
    )
    make = tab_calls.judge if entry.purpose is Purpose.JUDGE else tab_calls.attest
    return Again(make(terms, opening, _tally(pending), verdict))


def _named(name: str, data: bytes) -> tuple[Outcome, int, int, tuple[Any, ...]]:
    """Outcome, payable, signers and what they signed, of a call. Raises ValueError: it is no such call."""
    arguments: tuple[Any, ...] = load_abi("Tabs").functions[name].arguments(data)
    outcome, payable, signers, given = arguments[-1]
    return Outcome(outcome), payable, signers, given


def _votes(
    session: Session, past: Past, pending: Pending, said: tuple[Outcome, int], given: tuple[Any, ...]
) -> dict[int, StoredAttestation]:
    """Votes that say this, of keys that were their evaluators' at some time, by evaluator.

    Of two that differ in the evidence alone, the one that was `given`.
    """
    rolls = history.evaluator_rolls(session, past.listed.agreement.terms.committee)
    keys = {(index, record.key) for roll in rolls for index, record in roll.items()}
    stored = [
        item
        for item in work.attestations_of(session, [past.listed.tab])
        if item.attestation.deliverable == pending.period.deliverable()
        and (item.attestation.outcome, item.attestation.payable) == said
        and (item.evaluator, item.signer) in keys
    ]
    stored.sort(key=lambda item: attested_tuple(item.attested) in given)
    return {item.evaluator: item for item in stored}


def _tally(pending: Pending) -> Tally:
    period = pending.period
    return Tally(tab=period.tab, count=period.count, amount=int(period.amount), root=period.root)
