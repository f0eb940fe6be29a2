"""Tabs: read, decide, evaluate, attest, post. A thread of its own beside the jobs' loop.

It shares the jobs' database, journal, keys, store, exchange and outbox; a period's attestations lie with the
jobs', under the tab's id as subject.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from oracle.daemon.cases import TabCases
from oracle.daemon.facts import REVEAL_BEFORE
from oracle.daemon.ports import NotNowError
from oracle.daemon.tab_calldata import calldata, purpose_of, still_wanted, subject_of
from oracle.daemon.tab_case import PeriodCase, Seat, find_seat, gather_period
from oracle.daemon.tab_evaluation import TabEvaluation
from oracle.daemon.tab_reader import Seen, TabReader
from oracle.daemon.tab_signing import TabAttester
from oracle.decide.due import DuePolicy, EvaluationState
from oracle.decide.tab_due import Step, TabAct, TabFacts, last_chance, tab_steps
from oracle.decide.tabs import Tab
from oracle.decide.waiting import LONGEST_RETRY, is_over
from oracle.domain.errors import EarnestError
from oracle.domain.types import Address, Hash
from oracle.periodic import Periodic
from oracle.store import outbox as outbox_store
from oracle.store import work
from oracle.store.database import Database
from oracle.store.work import StoredAttestation

log = structlog.get_logger(__name__)

_VOTING = (TabAct.EVALUATE, TabAct.SIGN, TabAct.JUDGE, TabAct.ATTEST)


@dataclass(frozen=True, slots=True)
class TabParts:
    """What the desk ties together. `sender`: the account of the outbox; None in a dry run."""

    database: Database
    reader: TabReader
    cases: TabCases
    evaluation: TabEvaluation
    attester: TabAttester
    keys: Collection[Address]
    contract: Address
    sender: Address | None


class TabDesk(Periodic):
    """One process's work on tabs.

    Args:
        policies: Of committees that have one of their own; `default` for all others.
        tries: How often receipts that nobody has are asked for before they count as left out.
        wait: Seconds before the second try; doubled for each further one.
        poll: Seconds between two looks.
        reveal_before: See `decide.exchange`.
        leads: Whether this process may act now.
        on_signed: Called when something was signed here.
    """

    def __init__(
        self,
        parts: TabParts,
        *,
        policies: Mapping[Hash, DuePolicy],
        default: DuePolicy,
        tries: int,
        wait: float,
        poll: float,
        reveal_before: int = REVEAL_BEFORE,
        leads: Callable[[], bool] = lambda: True,
        on_signed: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__("tabs", every=poll, hindered="tabs_not_read")
        self._parts = parts
        self._policies = dict(policies)
        self._default = default
        self._tries = tries
        self._wait = wait
        self._reveal_before = reveal_before
        self._may_act = leads
        self._on_signed = on_signed
        self._tell_outbox: Callable[[], None] = lambda: None
        self._clock = clock
        self._seen: Seen | None = None

    @property
    def contract(self) -> Address:
        """The tab contract."""
        return self._parts.contract

    def serve(self, tell_outbox: Callable[[], None]) -> None:
        """Begin to look.

        Args:
            tell_outbox: Called when something was queued.
        """
        self._tell_outbox = tell_outbox
        self.start()

    def step(self) -> bool:
        """Read, decide, act: once. Whether anything was done. Where another process leads, it only reads.

        What goes wrong about one tab is logged, and the others are served.

        Raises:
            EarnestError: the chain cannot be read now.
        """
        self._seen = seen = self._parts.reader.look()
        self._parts.cases.publish(seen.ledger.tabs.values())
        if not self._may_act():
            return False
        acted = False
        for tab in seen.ledger.tabs.values():
            if not tab.closed:
                acted = self._serve(tab, seen) or acted
        return acted

    def wanted(self, session: Session, entries: Sequence[outbox_store.LiveEntry]) -> set[int]:
        """Outbox entries about tabs whose purpose still stands; all of them before the first look."""
        seen = self._seen
        if seen is None:
            return {entry.id for entry in entries}
        return still_wanted(session, entries, seen.ledger, seen.now)

    def _turn(self) -> None:
        self.step()

    def _serve(self, tab: Tab, seen: Seen) -> bool:
        """Act on one tab; what its parties do must not silence the evaluators on the others."""
        try:
            return self._act(tab, seen)
        except EarnestError as error:
            log.warning("tab_not_served", tab=tab.tab, error=type(error).__name__, reason=error.message)
        except DBAPIError as error:
            log.warning("database_unusable", reason=str(error.orig), doing="a tab", tab=tab.tab)
        except Exception:
            log.exception("tabs_crashed", tab=tab.tab)
        return False

    def _act(self, tab: Tab, seen: Seen) -> bool:
        policy = self._policies.get(tab.terms.committee, self._default)
        with self._parts.database.read() as session:
            seat = find_seat(session, tab, self._parts.keys)
            if seat is None:
                return False
            case = None
            if tab.pending is not None:
                case = gather_period(
                    session, seat, tab.pending, now=seen.now, reveal_before=self._reveal_before
                )
        acted = False
        for step in tab_steps(tab, self._facts(seat, case, seen, policy)):
            if policy.abstain and step.act in _VOTING:
                continue
            if step.act is TabAct.EVALUATE and case is not None:
                acted = self._evaluate(case, seen) or acted
            elif self._parts.sender is None:
                continue
            elif step.act is TabAct.SIGN and case is not None:
                if self._parts.attester.sign(case):
                    self._on_signed()
                    acted = True
            else:
                acted = self._send(seat, step, {} if case is None else case.attestations) or acted
        return acted

    def _facts(self, seat: Seat, case: PeriodCase | None, seen: Seen, policy: DuePolicy) -> TabFacts:
        shown = {
            index: proof.seen_at
            for index, proof in seat.proofs.items()
            if policy.prove and index not in seat.held
        }
        facts = TabFacts(
            now=seen.now,
            settled=seen.settled,
            threshold=seat.committee.threshold,
            held=seat.held,
            close=policy.close,
            expelled=seat.expelled,
            stagger=policy.stagger,
            attest_before=policy.attest_before,
            unproven=shown,
        )
        if case is None:
            return facts
        evaluation = case.evaluation
        return replace(
            facts,
            draw_from=self._draw_from(case),
            last_chance=_is_last_chance(case, seen),
            evaluated=evaluation is not None and evaluation.state is EvaluationState.DONE,
            attested={
                index: (item.attestation.outcome, item.attestation.payable)
                for index, item in case.attestations.items()
            },
            seen={index: item.seen_at for index, item in case.attestations.items()},
        )

    def _draw_from(self, case: PeriodCase) -> int:
        try:
            return self._parts.evaluation.draw_from(case.seat.committee.methodology, case.pending)
        except EarnestError:  # it may be had later; at the last chance it is undecided without
            return case.judge_by

    def _evaluate(self, case: PeriodCase, seen: Seen) -> bool:
        """One that was cut off is marked as running still: it begins again, and was no try."""
        now, before = self._clock(), case.evaluation
        is_last = _is_last_chance(case, seen)
        if before is not None and not is_last and not is_over(now, before.retry_at, LONGEST_RETRY):
            return False
        cut_off = before is not None and before.state is EvaluationState.RUNNING
        tab, anchor = case.tab, case.pending.at.block_hash
        with self._parts.database.write() as session:
            begun = work.begin_evaluations(session, [(tab.tab, case.deliverable, anchor)])
        tries = begun[tab.tab, case.deliverable]
        try:
            result = self._parts.evaluation.evaluate(
                seen.ledger,
                tab,
                case.pending,
                self._parts.reader.openings[tab.tab],
                case.seat.committee.methodology,
                case.seat.key(min(case.seat.held)),
                settled=seen.settled,
                last_try=tries >= self._tries and not cut_off,
                last_chance=is_last,
            )
        except NotNowError as error:
            wait = min(self._wait * 2 ** min(tries - 1, 6), LONGEST_RETRY)
            log.warning("tab_evaluation_postponed", tab=tab.tab, retry_in=wait, reason=error.message)
            with self._parts.database.write() as session:
                work.postpone_evaluation(
                    session, tab.tab, case.deliverable, anchor, self._clock() + wait, error.message
                )
            return False
        log.info(
            "tab_evaluated",
            tab=tab.tab,
            period=case.pending.period.number,
            outcome=result.outcome.word,
            payable=result.payable,
            evidence=result.evidence,
            reason=result.reason,
            seconds=round(self._clock() - now, 3),
        )
        with self._parts.database.write() as session:
            end = work.Finished(
                tab.tab, case.deliverable, anchor, result.outcome, result.evidence, result.reason
            )
            work.finish_evaluations(session, [end])
        self.wake()  # to sign it
        return True

    def _send(self, seat: Seat, step: Step, attestations: Mapping[int, StoredAttestation]) -> bool:
        """Queue a call, unless it is on its way."""
        sender, tab = self._parts.sender, seat.tab
        if sender is None:
            return False
        opening = self._parts.reader.openings[tab.tab].opening_hash
        call = outbox_store.Call(
            purpose_of(step),
            subject_of(tab, step),
            self._parts.contract,
            calldata(seat, step, opening, attestations),
        )
        with self._parts.database.write() as session:
            entry = outbox_store.enqueue(session, sender, call)
        if entry is None:
            return False
        log.info("queued", entry=entry, step=step.act.value, tab=tab.tab, outcome=step.outcome.word)
        self._tell_outbox()
        return True


def _is_last_chance(case: PeriodCase, seen: Seen) -> bool:
    return seen.now >= case.judge_by - last_chance(case.tab.terms.verdict)
