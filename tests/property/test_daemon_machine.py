"""Watcher, outbox and journal against a chain that reorgs, a node that fails and a process that dies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar, get_args

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select
from sqlalchemy.orm import Session

from oracle.chain.errors import RpcUnavailableError
from oracle.daemon.calldata import wanted_now
from oracle.daemon.evaluator import Evaluator, RetryPolicy
from oracle.daemon.facts import REVEAL_BEFORE, gather_all
from oracle.daemon.outbox import Outbox
from oracle.daemon.ports import EvaluationResult, EvaluationTask, NotNowError
from oracle.daemon.running import Running
from oracle.daemon.service import Parts, Service
from oracle.daemon.signing import Attester
from oracle.daemon.watcher import Watcher
from oracle.decide.due import DuePolicy
from oracle.decide.jobs import JobEvent, JobRecord, Place, apply_job_event
from oracle.decide.lane import LanePolicy
from oracle.decide.reorg import BrokenChainError, Level
from oracle.domain import events
from oracle.domain.canonical import keccak_hex
from oracle.domain.committee import Committee
from oracle.domain.terms import Agreement, Opening, Terms
from oracle.domain.typed import Domain, job_id
from oracle.domain.types import Address, Hash, Outcome, State
from oracle.durable.port import Steps
from oracle.durable.threads import ThreadRuns
from oracle.signing.signer import LocalSigner
from oracle.store import codec, jobs
from oracle.store.bodies import FULL_BODY
from oracle.store.database import Database
from oracle.store.journal import StoredJournal
from oracle.store.tables import (
    AttestationRow,
    Block,
    EventRow,
    JournalRow,
    LaneRow,
    OutboxRow,
    ReceiptRow,
    TransactionRow,
)
from tests.databases import Databases, unsynced
from tests.property.chain_model import Act, ChainModel, Sent

pytestmark = pytest.mark.timeout(600)  # some twenty lives of a daemon

ESCROW = "0x" + "e5" * 20
DOMAIN = Domain(1, ESCROW)
SIGNERS = [LocalSigner(bytes([7] * 31 + [i])) for i in (1, 2, 3)]
SENDER = LocalSigner(bytes([9] * 32))
COMMITTEE_ID = "0x" + "c0" * 32
COMMITTEE = Committee(
    evaluators=tuple(signer.address for signer in SIGNERS),
    threshold=2,
    stake=1,
    methodology="0x" + "4d" * 32,
    arbiter="0x" + "aa" * 20,
    arbiter_cost=0,
    fee_flat=0,
    fee_rate=0,
    max_value=10**9,
    min_verdict=1,
    min_ruling=1,
    max_challenge=1_000,
    silence=0,
)
CLOSING_BLOCKS = 400  # enough for every limit of every job to pass


class CrashError(BaseException):
    """The process is killed here. No `except Exception` may stop it."""


class MortalDatabase(Database):
    """Dies before or after the nth commit."""

    dies_in: int | None = None

    def __init__(self, url: str) -> None:
        super().__init__(url)
        unsynced(self)

    @contextmanager
    def write(self, *, many: bool = False) -> Iterator[Session]:
        with super().write(many=many) as session:
            yield session
            self._maybe_die()
        self._maybe_die()

    def _maybe_die(self) -> None:
        if self.dies_in is None:
            return
        self.dies_in -= 1
        if self.dies_in < 0:
            self.dies_in = None
            raise CrashError


class Inline(Executor):
    """Runs at once, so that a run follows from its seed."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class FickleEvaluation:
    """Comes to another outcome for another anchor block, so that a reorg tempts to contradict oneself."""

    def __init__(self) -> None:
        self.fails = False

    def is_quick(self, task: EvaluationTask) -> bool:  # noqa: ARG002
        return True

    def evaluate(self, task: EvaluationTask, steps: Steps) -> EvaluationResult:  # noqa: ARG002
        if self.fails:
            self.fails = False
            raise NotNowError("the store does not answer")
        outcome = (Outcome.PASS, Outcome.FAIL, Outcome.LAPSE)[int(task.anchor_hash, 16) % 3]
        return EvaluationResult(outcome, keccak_hex(task.anchor_hash.encode()), "by its anchor")

    def evidence_for(self, evidence: Hash, evaluator: Address) -> Hash:
        return keccak_hex((evidence + evaluator).encode())


class DaemonMachine(RuleBasedStateMachine):
    """The daemon's process is `service`; everything else is the world."""

    databases: ClassVar[Databases]

    @initialize(sign_at=st.sampled_from([Level.LATEST, Level.SAFE]))
    def begin(self, sign_at: Level) -> None:
        self.database = MortalDatabase(self.databases.made())
        self.chain = ChainModel(self._is_stored)
        self.now = 1_000_000.0
        self.sign_at = sign_at
        self.evaluation = FickleEvaluation()
        self.running = Running(
            [signer.address for signer in SIGNERS], (), reveal_before=REVEAL_BEFORE, clock=lambda: 0.0
        )
        self.salt = 0
        self.chain.pending += [
            Act(events.CommitteeCreated(COMMITTEE_ID, COMMITTEE)),
            *(Act(events.Joined(COMMITTEE_ID, i, s.address, 1)) for i, s in enumerate(SIGNERS)),
        ]
        self.chain.mine()
        self._start()

    # --- the world -------------------------------------------------------------------------------

    @rule(challenge=st.sampled_from([10, 40]), delivered=st.booleans())
    def open_job(self, challenge: int, delivered: bool) -> None:
        now = self.chain.blocks[-1].header.timestamp
        self.salt += 1
        agreement = Agreement(
            Terms("0x" + "b1" * 20, "0x" + "b2" * 20, COMMITTEE_ID, 5, 1, 1, now + 200, challenge, 50),
            Opening("0x" + "a1" * 32, "0x" + "b2" * 32, 0, 0, now + 50, now + 100, self.salt),
        )
        job = job_id(DOMAIN, agreement)
        terms = agreement.terms
        opened = events.JobOpened(job, terms.buyer, terms.provider, agreement, 0b111, 0)
        self.chain.pending.append(Act(opened))
        self.chain.mine()
        if delivered:
            self._deliver(job, 0)

    @rule(data=st.data(), variant=st.integers(0, 1))
    def deliver(self, data: st.DataObject, variant: int) -> None:
        state = self.chain.state()
        known = sorted(name for name, job in state.jobs.items() if job.deliverable is None)
        if known:
            self._deliver(data.draw(st.sampled_from(known)), variant)

    def _deliver(self, job: Hash, variant: int) -> None:
        self.chain.pending.append(Act(events.Delivered(job, keccak_hex(f"{job}/{variant}".encode()))))
        self.chain.mine()

    @rule(blocks=st.integers(1, 15))
    def mine(self, blocks: int) -> None:
        self.chain.mine(blocks)

    @rule(depth=st.integers(1, 6), keep_acts=st.booleans(), keep_sent=st.booleans())
    def reorg(self, depth: int, keep_acts: bool, keep_sent: bool) -> None:
        self.chain.reorg(
            depth, keep_acts=keep_acts or self._would_orphan_the_committee(depth), keep_sent=keep_sent
        )

    @rule()
    def forget_the_pool(self) -> None:
        self.chain.pool.clear()

    @rule()
    def break_the_evaluation(self) -> None:
        self.evaluation.fails = True

    # --- the daemon ------------------------------------------------------------------------------

    @rule(seconds=st.floats(0.5, 40.0), blocks=st.integers(0, 2))
    def turn(self, seconds: float, blocks: int) -> None:
        self.now += seconds
        try:
            self.service.turn()
        except (RpcUnavailableError, BrokenChainError):
            return
        except CrashError:
            self._start()
        else:
            self._rows_are_the_chain_s()
        self.chain.mine(blocks)

    @rule(calls=st.integers(0, 25), blocks=st.integers(0, 2))
    def turn_while_the_node_breaks(self, calls: int, blocks: int) -> None:
        self.chain.fault_in = calls
        self.turn(1.0, blocks)
        self.chain.fault_in = None

    @rule(commits=st.integers(0, 15), blocks=st.integers(0, 2))
    def turn_and_die(self, commits: int, blocks: int) -> None:
        self.database.dies_in = commits
        self.turn(1.0, blocks)
        self.database.dies_in = None

    @rule()
    def restart(self) -> None:
        self._start()

    def _start(self) -> None:
        clock = lambda: self.now  # noqa: E731 - one clock for all parts
        database = self.database
        evaluator = Evaluator(
            database,
            self.evaluation,
            ThreadRuns(pool=Inline()),
            retry=RetryPolicy(3, 1.0),
            wake=lambda: None,
            clock=clock,
        )
        keys = {signer.address: signer for signer in SIGNERS}
        outbox = Outbox(
            database,
            self.chain,
            SENDER,
            chain_id=1,
            policy=LanePolicy(max_in_flight=4),
            wanted=wanted_now,
            clock=clock,
        )
        self.service = Service(
            Parts(
                database=database,
                watcher=Watcher(database, self.chain, first_block=0),
                evaluator=evaluator,
                attester=Attester(database, StoredJournal(database), self.evaluation, keys, DOMAIN),
                outbox=outbox,
            ),
            escrow=ESCROW,
            keys=keys,
            policies={},
            default_policy=DuePolicy(sign_at=self.sign_at, attest_before=0),
            prepare=lambda: None,
            clock=clock,
        )

    def _would_orphan_the_committee(self, depth: int) -> bool:
        return len(self.chain.blocks) - depth <= 2

    def _is_stored(self, raw: bytes) -> None:
        """A transaction is stored before it is sent."""
        with self.database.read() as session:
            stored = set(session.scalars(select(TransactionRow.raw)))
        assert "0x" + raw.hex() in stored

    # --- what always holds -----------------------------------------------------------------------

    @invariant()
    @precondition(lambda self: hasattr(self, "service"))
    def nobody_contradicts_itself(self) -> None:
        with self.database.read() as session:
            signed: dict[tuple[str, str, str], str] = {}
            for row in session.scalars(select(AttestationRow)):
                key = (row.signer, row.subject, row.deliverable)
                assert signed.setdefault(key, row.digest) == row.digest
            journal = {
                (row.signer, row.subject, row.deliverable): row.digest
                for row in session.scalars(select(JournalRow))
            }
        assert signed.items() <= journal.items()

    @invariant()
    @precondition(lambda self: hasattr(self, "service"))
    def nothing_is_queued_twice(self) -> None:
        with self.database.read() as session:
            live = [
                (row.purpose, row.subject)
                for row in session.scalars(
                    select(OutboxRow).where(OutboxRow.until_block.is_(None), OutboxRow.dropped.is_(None))
                )
                if row.subject is not None
            ]
            nonces = [
                row.nonce
                for row in session.scalars(select(OutboxRow).where(OutboxRow.until_block.is_(None)))
                if row.nonce is not None
            ]
        assert len(live) == len(set(live))
        assert len(nonces) == len(set(nonces))

    @invariant()
    @precondition(lambda self: hasattr(self, "service"))
    def what_is_remembered_of_jobs_is_what_is_stored(self) -> None:
        with self.database.read() as session:
            remembered = {each.facts.job: each for each in self.running.look(session, every=True)}
            gathered = gather_all(session, [signer.address for signer in SIGNERS])
        # How often an evaluation that runs was begun decides nothing.
        assert {job: replace(each, evaluation=None) for job, each in remembered.items()} == {
            job: replace(each, evaluation=None) for job, each in gathered.items()
        }
        for job, each in gathered.items():
            before = remembered[job].evaluation
            assert (each.evaluation and each.evaluation.evidence) == (before and before.evidence)

    def _rows_are_the_chain_s(self) -> None:
        """What is stored of the chain is what the canonical chain says now, row by row."""
        state = self.chain.state()
        canonical = {block.header.number: block.header.hash for block in self.chain.blocks}
        records: dict[Hash, JobRecord] = {}
        for item in state.logged:
            if isinstance(item.event, get_args(JobEvent)):
                timestamp = self.chain.blocks[item.block_number].header.timestamp
                place = Place(item.block_number, item.block_hash, timestamp, item.log_index)
                job = item.event.job
                records[job] = apply_job_event(records.get(job), item.event, place)
        with self.database.read() as session:
            blocks = {row.block_number: row.hash for row in session.scalars(select(Block))}
            assert blocks.items() <= canonical.items()
            assert max(blocks) == max(canonical)
            assert [
                tuple(row)
                for row in session.execute(
                    select(EventRow.block_number, EventRow.log_index, EventRow.tx_hash, FULL_BODY).order_by(
                        EventRow.block_number, EventRow.log_index
                    )
                )
            ] == [
                (item.block_number, item.log_index, item.transaction_hash, codec.event_text(item.event))
                for item in state.logged
            ]
            assert {job.job: job.record for job in jobs.list_jobs(session, limit=1_000)} == records
            for row in session.scalars(select(ReceiptRow)):
                assert state.receipts[row.tx_hash].block_hash == row.block_hash

    def _nothing_was_done_twice(self) -> None:
        """Of the transactions of one purpose one has worked, and none came after it; no nonce is missing."""
        mined = [item for block in self.chain.blocks for item in block.items if isinstance(item, Sent)]
        receipts = self.chain.state().receipts
        with self.database.read() as session:
            purposes = {
                tx_hash: (purpose, subject)
                for tx_hash, purpose, subject in session.execute(
                    select(TransactionRow.tx_hash, OutboxRow.purpose, OutboxRow.subject)
                    .join(OutboxRow, OutboxRow.id == TransactionRow.entry)
                    .where(TransactionRow.noop.is_(False))
                )
            }
            next_nonce = session.scalar(select(LaneRow.next_nonce))
        done = set()
        for sent in mined:
            purpose = purposes.get(sent.tx_hash)
            if purpose is not None:
                assert purpose not in done, "mined although its purpose was done"
                if receipts[sent.tx_hash].ok:
                    done.add(purpose)
        assert [sent.nonce for sent in mined] == list(range(next_nonce or 0))

    def teardown(self) -> None:
        """Left alone, the daemon brings every job to its end, and every transaction to finality."""
        if not hasattr(self, "service"):
            return
        try:
            self.database.dies_in = self.chain.fault_in = None
            self._start()
            for _ in range(CLOSING_BLOCKS):
                self.now += 5.0
                self.service.turn()
                self.chain.mine()
                if self._is_done():
                    break
            self.service.turn()
            self._compare()
            self._rows_are_the_chain_s()
            self._nothing_was_done_twice()
        finally:
            self.database.close()

    def _is_done(self) -> bool:
        if any(job.state is not State.CLOSED for job in self.chain.state().jobs.values()):
            return False
        with self.database.read() as session:
            live = select(OutboxRow.id).where(OutboxRow.until_block.is_(None), OutboxRow.dropped.is_(None))
            return not list(session.scalars(live))

    def _compare(self) -> None:
        """The store says what the chain says, job by job, and everything came to its end."""
        state = self.chain.state()
        with self.database.read() as session:
            stored = {job.job: job for job in jobs.list_jobs(session, limit=1_000)}
        assert set(stored) == set(state.jobs)
        for name, job in state.jobs.items():
            record = stored[name].record
            assert (record.state, record.outcome, record.deliverable) == (
                job.state, job.outcome, job.deliverable,
            )  # fmt: skip
            assert job.state is State.CLOSED
        assert self._is_done()


DaemonMachine.TestCase.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(autouse=True)
def _databases(databases: Databases) -> None:
    DaemonMachine.databases = databases


TestDaemon = DaemonMachine.TestCase
