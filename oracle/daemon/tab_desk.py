"""Tabs: read, decide, evaluate, attest, hear the others, post. A thread of its own beside the jobs' loop.

It shares the jobs' database, journal, keys, store and outbox; a period's attestations lie with the jobs',
under the tab's id as subject.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from oracle.chain import tab_calls
from oracle.daemon.ports import NotNowError
from oracle.daemon.tab_evaluation import TabEvaluation
from oracle.daemon.tab_peers import TabPeers
from oracle.daemon.tab_reader import Seen, TabReader
from oracle.decide.due import DuePolicy, EvaluationState, Purpose
from oracle.decide.jobs import EvaluatorRecord
from oracle.decide.tabs import Pending, Step, Tab, TabAct, TabFacts, tab_steps
from oracle.decide.waiting import LONGEST_RETRY, is_over
from oracle.domain.committee import Committee
from oracle.domain.errors import EarnestError
from oracle.domain.tab import Tally
from oracle.domain.terms import Attestation
from oracle.domain.typed import Domain, attestation_digest
from oracle.domain.types import Address, Hash, members_of
from oracle.signing.journal import Journal, attest_all, domain_hash
from oracle.signing.signer import Signer, SigningError
from oracle.store import chain as chain_store
from oracle.store import holds, work
from oracle.store import jobs as job_store
from oracle.store import outbox as outbox_store
from oracle.store.database import Database
from oracle.store.work import StoredAttestation, StoredEvaluation

log = structlog.get_logger(__name__)

LAST_CHANCE = 600  # seconds before the end of the time for a verdict; a quarter of it where that is less
_PURPOSES = {
    TabAct.JUDGE: Purpose.JUDGE,
    TabAct.ATTEST: Purpose.ATTEST,
    TabAct.LAPSE: Purpose.LAPSE,
    TabAct.SETTLE: Purpose.SETTLE,
}


@dataclass(frozen=True, slots=True)
class TabParts:
    """What the desk ties together. `sender`: the account of the outbox; None in a dry run."""

    database: Database
    reader: TabReader
    evaluation: TabEvaluation
    peers: TabPeers
    journal: Journal
    signers: Mapping[Address, Signer]
    escrow: Domain
    contract: Address
    sender: Address | None


@dataclass(frozen=True, slots=True)
class _Case:
    """A pending period with what is stored about it."""

    tab: Tab
    pending: Pending
    committee: Committee
    records: Mapping[int, EvaluatorRecord]
    evaluation: StoredEvaluation | None
    attestations: Mapping[int, StoredAttestation]
    held: Collection[int]

    @property
    def deliverable(self) -> Hash:
        """What its attestations name."""
        return self.pending.period.deliverable()

    @property
    def judge_by(self) -> int:
        """End of the time for a verdict, Unix seconds."""
        return self.pending.window_ends + self.tab.terms.verdict


class TabDesk:
    """One process's work on tabs.

    Args:
        policies: Of committees that have one of their own; `default` for all others.
        tries: How often receipts that nobody has are asked for before they count as left out.
        wait: Seconds before the second try; doubled for each further one.
        poll: Seconds between two looks.
        leads: Whether this process may act now.
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
        leads: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._parts = parts
        self._policies = dict(policies)
        self._default = default
        self._tries = tries
        self._wait = wait
        self._poll = poll
        self._leads = leads
        self._wake: Callable[[], None] = lambda: None
        self._clock = clock
        self._seen: Seen | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tabs", daemon=True)

    @property
    def contract(self) -> Address:
        """The tab contract."""
        return self._parts.contract

    def serve(self, wake: Callable[[], None]) -> None:
        """Begin to look.

        Args:
            wake: Called when something was queued for the outbox.
        """
        self._wake = wake
        self._thread.start()

    def close(self) -> None:
        """End after the step that runs."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(30)

    def step(self) -> bool:
        """Read, decide, act: once. Whether anything was done.

        Raises:
            EarnestError: the chain cannot be read now.
        """
        self._seen = seen = self._parts.reader.look()
        acted = False
        for tab in seen.ledger.tabs.values():
            if tab.pending is None or tab.closed:
                continue
            case = self._case(tab, tab.pending)
            if case is not None:
                acted = self._act(case, seen) or acted
        return acted

    def wanted(self, _session: Session, entries: Sequence[outbox_store.LiveEntry]) -> set[int]:
        """Outbox entries about tabs whose purpose still stands; all of them before the first look."""
        seen = self._seen
        if seen is None:
            return {entry.id for entry in entries}
        pending = {
            tab.pending.period.deliverable(): tab.pending
            for tab in seen.ledger.tabs.values()
            if tab.pending is not None
        }
        return {entry.id for entry in entries if _is_wanted(entry, pending)}

    def _run(self) -> None:
        while not self._stop.wait(self._poll):
            if not self._leads():
                continue
            try:
                self.step()
            except EarnestError as error:
                log.warning("tabs_not_read", error=type(error).__name__, reason=error.message)
            except DBAPIError as error:
                log.warning("database_unusable", reason=str(error.orig), doing="tabs")
            except Exception:  # a defect here must not end the work on every later tab
                log.exception("tabs_step_failed")

    def _policy(self, committee: Hash) -> DuePolicy:
        return self._policies.get(committee, self._default)

    def _case(self, tab: Tab, pending: Pending) -> _Case | None:
        """What is stored; None where the committee is unknown here, or none of its keys is held."""
        deliverable = pending.period.deliverable()
        with self._parts.database.read() as session:
            committee = job_store.get_committee(session, tab.terms.committee)
            if committee is None:
                return None
            records = job_store.evaluators(session, tab.terms.committee)
            evaluation = work.get_evaluation(session, tab.tab, deliverable)
            found = work.attestations_of(session, [tab.tab])
        current = {index: record.key for index, record in records.items() if not record.expelled}
        held = [index for index, key in current.items() if key in self._parts.signers]
        if not held:
            return None
        attestations = {
            item.evaluator: item
            for item in found
            if item.attestation.deliverable == deliverable
            and item.committee == tab.terms.committee
            and item.signer == current.get(item.evaluator)
        }
        if evaluation is not None and evaluation.anchor_hash != pending.at.block_hash:
            evaluation = None
        return _Case(tab, pending, committee, records, evaluation, attestations, held)

    def _act(self, case: _Case, seen: Seen) -> bool:
        policy = self._policy(case.tab.terms.committee)
        if policy.abstain and not case.pending.judged:
            return False
        self._hear(case)
        case = self._case(case.tab, case.pending) or case
        acted = False
        for step in tab_steps(case.tab, self._facts(case, seen, policy)):
            match step.act:
                case TabAct.EVALUATE:
                    acted = self._evaluate(case, seen) or acted
                case TabAct.SIGN:
                    acted = self._sign(case) or acted
                case _:
                    acted = self._send(case, step) or acted
        return acted

    def _facts(self, case: _Case, seen: Seen, policy: DuePolicy) -> TabFacts:
        evaluation = case.evaluation
        return TabFacts(
            now=seen.now,
            draw_from=self._draw_from(case),
            threshold=case.committee.threshold,
            held=case.held,
            evaluated=evaluation is not None and evaluation.state is EvaluationState.DONE,
            attested={
                index: (item.attestation.outcome, item.attestation.payable)
                for index, item in case.attestations.items()
            },
            attest_before=policy.attest_before,
            close=policy.close,
        )

    def _draw_from(self, case: _Case) -> int:
        try:
            return self._parts.evaluation.draw_from(case.committee.methodology, case.pending)
        except EarnestError:  # it may be had later; near the end of the time it is undecided without
            return case.judge_by - _last_chance(case)

    def _hear(self, case: _Case) -> None:
        """Fetch what the others attested, while more are needed."""
        if case.pending.judged or len(case.attestations) >= len(case.committee.evaluators):
            return
        new = self._parts.peers.fetch(
            self._parts.database, case.tab.terms.committee, case.tab.tab, case.deliverable, case.records
        )
        if new:
            log.info("tab_attestations_heard", tab=case.tab.tab, period=case.pending.period.number, new=new)

    def _evaluate(self, case: _Case, seen: Seen) -> bool:
        now = self._clock()
        evaluation = case.evaluation
        if evaluation is not None and not is_over(now, evaluation.retry_at, LONGEST_RETRY):
            return False
        tab, anchor = case.tab, case.pending.at.block_hash
        with self._parts.database.write() as session:
            begun = work.begin_evaluations(session, [(tab.tab, case.deliverable, anchor)])
        tries = begun[tab.tab, case.deliverable]
        key = self._key(case, min(case.held))
        try:
            result = self._parts.evaluation.evaluate(
                seen.ledger,
                tab,
                case.pending,
                self._parts.reader.openings[tab.tab],
                case.committee.methodology,
                key,
                last_try=tries >= self._tries,
                last_chance=case.judge_by - seen.now <= _last_chance(case),
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
        return True

    def _key(self, case: _Case, index: int) -> Address:
        return case.records[index].key

    def _sign(self, case: _Case) -> bool:
        """Through the journal: what a key signed before for this period stands."""
        evaluation = case.evaluation
        if evaluation is None or evaluation.evidence is None or self._parts.sender is None:
            return False
        with self._parts.database.read() as session:
            until = holds.held_until(session)
        if until is not None and case.pending.window_ends < until:
            log.warning("tab_signing_held_back", tab=case.tab.tab, next_step="see docs/databases.md")
            return False
        before = {
            (entry.signer, entry.attestation.deliverable): entry.attestation
            for entry in self._parts.journal.find_all(domain_hash(self._parts.escrow), {case.tab.tab})
        }
        chosen: list[tuple[int, Signer, Attestation]] = []
        for index in case.held:
            if index in case.attestations or not case.tab.members >> index & 1:
                continue
            signer = self._parts.signers[self._key(case, index)]
            standing = before.get((signer.address, case.deliverable))
            chosen.append((index, signer, standing or self._attestation(case, evaluation, signer.address)))
        signed = attest_all(
            self._parts.journal, self._parts.escrow, [(signer, said) for _, signer, said in chosen]
        )
        made: list[StoredAttestation] = []
        with self._parts.database.write() as session:
            seen_at = chain_store.now(session)
            for (index, signer, said), attested in zip(chosen, signed, strict=True):
                if isinstance(attested, SigningError):
                    log.warning("tab_not_signed", tab=case.tab.tab, reason=attested.message)
                    continue
                digest = attestation_digest(self._parts.escrow, said)
                made.append(
                    StoredAttestation(
                        case.tab.terms.committee, index, signer.address, said, attested, digest, seen_at
                    )
                )
            done = work.save_attestations(session, made) > 0
        for index, _signer, said in chosen:
            log.info(
                "tab_attested",
                tab=case.tab.tab,
                evaluator=index,
                outcome=said.outcome.word,
                payable=said.payable,
            )
        return done

    def _attestation(self, case: _Case, evaluation: StoredEvaluation, key: Address) -> Attestation:
        evidence, payable = self._parts.evaluation.evidence_for(str(evaluation.evidence), key)
        return Attestation(case.tab.tab, case.deliverable, evaluation.outcome, evidence, payable)

    def _send(self, case: _Case, step: Step) -> bool:
        """Queue a call, unless it is on its way."""
        sender = self._parts.sender
        if sender is None:
            return False
        call = outbox_store.Call(
            _PURPOSES[step.act], case.deliverable, self._parts.contract, self._calldata(case, step)
        )
        with self._parts.database.write() as session:
            entry = outbox_store.enqueue(session, sender, call)
        if entry is None:
            return False
        log.info("queued", entry=entry, step=step.act.value, tab=case.tab.tab, outcome=step.outcome.word)
        self._wake()
        return True

    def _calldata(self, case: _Case, step: Step) -> bytes:
        terms, opening = case.tab.terms, self._parts.reader.openings[case.tab.tab].opening_hash
        period = case.pending.period
        tally = Tally(tab=period.tab, count=period.count, amount=int(period.amount), root=period.root)
        match step.act:
            case TabAct.LAPSE:
                return tab_calls.lapse(terms, opening, tally)
            case TabAct.SETTLE:
                return tab_calls.settle(terms, opening, pay_out=True)
            case _:
                signers = members_of(step.signers)
                verdict = tab_calls.TabVerdict(
                    step.outcome,
                    step.payable,
                    step.signers,
                    tuple(case.attestations[index].attested for index in signers),
                )
                judging = step.act is TabAct.JUDGE
                return (tab_calls.judge if judging else tab_calls.attest)(terms, opening, tally, verdict)


def _last_chance(case: _Case) -> int:
    return min(LAST_CHANCE, case.tab.terms.verdict // 4)


def _is_wanted(entry: outbox_store.LiveEntry, pending: Mapping[Hash, Pending]) -> bool:
    period = None if entry.call.subject is None else pending.get(entry.call.subject)
    if entry.call.purpose is Purpose.FILL or entry.call.subject is None:
        return entry.nonce is not None
    if period is None:
        return False
    return period.judged == (entry.call.purpose is Purpose.SETTLE)
