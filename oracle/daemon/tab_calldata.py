"""The calls a tab's steps are carried out by, and which of those queued still have a purpose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy.orm import Session

from oracle.chain import tab_calls
from oracle.chain.calls import statement_of
from oracle.daemon.facts import unproven
from oracle.daemon.tab_case import Seat
from oracle.decide.due import Purpose
from oracle.decide.tab_due import Step, TabAct
from oracle.decide.tabs import Ledger, Pending, Tab
from oracle.domain.errors import EarnestError
from oracle.domain.tab import Tally
from oracle.domain.types import Hash, members_of
from oracle.store.outbox import LiveEntry
from oracle.store.work import StoredAttestation

_PURPOSES: Final = {
    TabAct.JUDGE: Purpose.JUDGE,
    TabAct.ATTEST: Purpose.ATTEST,
    TabAct.LAPSE: Purpose.LAPSE,
    TabAct.SETTLE: Purpose.SETTLE,
    TabAct.COLLECT: Purpose.SETTLE,
    TabAct.CLOSE: Purpose.CLOSE,
    TabAct.PROVE: Purpose.PROVE,
}
_ABOUT_THE_TAB: Final = (TabAct.COLLECT, TabAct.CLOSE, TabAct.PROVE)


def purpose_of(step: Step) -> Purpose:
    """Under which a step's call is queued."""
    return _PURPOSES[step.act]


def subject_of(tab: Tab, step: Step) -> Hash:
    """What a step's call is about: the pending period's deliverable, or the tab."""
    if step.act in _ABOUT_THE_TAB or tab.pending is None:
        return tab.tab
    return tab.pending.period.deliverable()


def calldata(
    seat: Seat, step: Step, opening_hash: Hash, attestations: Mapping[int, StoredAttestation]
) -> bytes:
    """The call for a step. Whoever settles or closes has the money paid out.

    Args:
        attestations: On the pending period, by evaluator.
    """
    tab = seat.tab
    match step.act:
        case TabAct.SETTLE | TabAct.COLLECT:
            return tab_calls.settle(tab.terms, opening_hash, pay_out=True)
        case TabAct.CLOSE:
            return tab_calls.close(tab.terms, opening_hash, pay_out=True)
        case TabAct.PROVE:
            proof = seat.proofs[members_of(step.signers)[0]]
            return tab_calls.prove_equivocation(
                tab.terms,
                opening_hash,
                proof.a.attestation.deliverable,
                statement_of(proof.a.attestation, proof.a.attested),
                statement_of(proof.b.attestation, proof.b.attested),
            )
    tally = _tally(tab)
    if step.act is TabAct.LAPSE:
        return tab_calls.lapse(tab.terms, opening_hash, tally)
    verdict = tab_calls.TabVerdict(
        step.outcome,
        step.payable,
        step.signers,
        tuple(attestations[index].attested for index in members_of(step.signers)),
    )
    call = tab_calls.judge if step.act is TabAct.JUDGE else tab_calls.attest
    return call(tab.terms, opening_hash, tally, verdict)


def still_wanted(session: Session, entries: Sequence[LiveEntry], ledger: Ledger, now: int) -> set[int]:
    """Entries about tabs whose purpose still stands.

    Args:
        now: The chain's time.
    """
    periods = {
        tab.pending.period.deliverable(): (tab, tab.pending)
        for tab in ledger.tabs.values()
        if tab.pending is not None
    }
    found = set()
    for entry in entries:
        subject = entry.call.subject
        if entry.call.purpose is Purpose.FILL or subject is None:
            # It is for one nonce; where that was used by another transaction, it has nothing left to do.
            wanted = entry.nonce is not None
        elif subject in periods:
            wanted = _about_period(entry.call.purpose, *periods[subject], now)
        else:
            wanted = _about_tab(session, entry.call.purpose, ledger.tabs.get(subject))
        if wanted:
            found.add(entry.id)
    return found


def _about_period(purpose: Purpose, tab: Tab, pending: Pending, now: int) -> bool:
    judge_by = pending.window_ends + tab.terms.verdict
    match purpose:
        case Purpose.JUDGE | Purpose.ATTEST:
            return not pending.judged and now < judge_by
        case Purpose.LAPSE:
            return not pending.judged and now >= judge_by
        case Purpose.SETTLE:
            return pending.judged
        case _:
            return False


def _about_tab(session: Session, purpose: Purpose, tab: Tab | None) -> bool:
    if tab is None or tab.closed:
        return False
    match purpose:
        case Purpose.SETTLE:
            return tab.owing_from is not None
        case Purpose.CLOSE:
            return tab.pending is None and tab.owing_from is None
        case Purpose.PROVE:
            return bool(unproven(session, tab.tab, tab.terms.committee))
        case _:
            return False


def _tally(tab: Tab) -> Tally:
    if tab.pending is None:
        raise EarnestError(f"nothing is presented on tab {tab.tab}", field="tab")
    period = tab.pending.period
    return Tally(tab=period.tab, count=period.count, amount=int(period.amount), root=period.root)
