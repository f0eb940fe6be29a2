"""`kill -9` at every persisted step, then a restart: one verdict, one attestation a key, settled."""

from __future__ import annotations

import os
from multiprocessing.context import ForkServerProcess

import pytest
from sqlalchemy import func, select

from oracle.domain.events import Judged
from oracle.domain.types import Outcome, State
from oracle.store import schema
from oracle.store.tables import AttestationRow, JournalRow, OutboxRow, ReceiptRow, TransactionRow
from scripts.local import processes
from scripts.local.processes import Death
from tests.integration.daemon.conftest import POLL, World, until

POINTS = [
    # (module, attribute, moment, nth call): what is on disk, and what is not, when the process dies
    ("oracle.store.events", "Saving.finish", "after", 1),  # events read, not committed
    ("oracle.daemon.watcher", "Watcher.step", "after", 1),  # events committed
    ("oracle.store.work", "begin_evaluations", "after", 1),  # evaluation marked, not committed
    ("oracle.daemon.evaluation", "PipelineEvaluation.evaluate", "before", 1),  # marked as running
    ("oracle.daemon.evaluation", "keep", "after", 1),  # record kept, outcome not stored
    ("oracle.daemon.evaluator", "Evaluator._store", "before", 1),  # the run's step stored, the outcome not
    ("oracle.daemon.evaluator", "Evaluator._store", "after", 1),  # outcome stored, the run not ended
    ("oracle.store.journal", "StoredJournal.record_all", "before", 1),  # about to be written down
    ("oracle.store.journal", "StoredJournal.record_all", "after", 1),  # written down, not signed
    ("oracle.signing.journal", "checked", "after", 1),  # signed, the signature not stored
    ("oracle.store.work", "save_attestations", "after", 1),  # three attestations, not committed
    ("oracle.store.outbox", "enqueue_all", "before", 1),  # three attestations, nothing queued
    ("oracle.daemon.outbox", "Outbox.step", "before", 3),  # queued, perhaps
    ("oracle.store.outbox", "save_signed", "after", 1),  # signed, not committed
    ("oracle.daemon.outbox", "Outbox._broadcast", "before", 1),  # stored, not sent
    ("oracle.daemon.adapter", "NodeChain.send_all", "after", 1),  # sent, not marked so
    ("oracle.daemon.outbox", "Outbox._broadcast", "after", 1),  # sent and marked
    ("oracle.store.outbox", "save_receipts", "after", 1),  # mined, the receipt not committed
    ("oracle.store.outbox", "finish", "after", 1),  # final, not committed
]
QUICK = {("oracle.store.journal", "after"), ("oracle.daemon.adapter", "after")}


def marked() -> list[object]:
    """All points; but for two they are slow together."""
    return [
        pytest.param(*point, marks=() if (point[0], point[2]) in QUICK else pytest.mark.slow)
        for point in POINTS
    ]


def daemon(world: World, death: Death | None = None) -> ForkServerProcess:
    """The daemon as a process of its own, which dies somewhere or lives."""
    return processes.start(world.config, world.folder / "daemon.log", os.environ, death)


@pytest.mark.timeout(600)  # on a loaded machine a start alone can take half a minute
@pytest.mark.parametrize(("module", "attribute", "moment", "nth"), marked())
def test_kill__restart__one_verdict_and_settled(
    world: World, module: str, attribute: str, moment: str, nth: int
) -> None:
    database = world.database()
    schema.upgrade(database)
    database.close()
    agreement, job = world.real_job()
    world.deliver_example(job, "careful")
    world.mine(2)

    first = daemon(world, Death(module, attribute, moment, nth))
    try:
        until(lambda: first.exitcode is not None, each=world.mine, every=POLL, seconds=150)
    finally:
        processes.kill(first)
    assert first.exitcode == -9, (world.folder / "daemon.log").read_text()[-3000:]

    second = daemon(world)
    try:
        until(
            lambda: world.market.escrow.job_state(job).state is State.JUDGED,
            each=world.mine,
            every=POLL,
            seconds=150,
        )
        assert world.market.escrow.job_state(job).outcome is Outcome.PASS
        world.warp(agreement.terms.challenge)
        until(
            lambda: world.market.escrow.job_state(job).state is State.CLOSED,
            each=world.mine,
            every=POLL,
            seconds=150,
        )
        database = world.database()

        def all_final() -> bool:
            with database.read() as session:
                return not list(session.scalars(select(OutboxRow.id).where(OutboxRow.until_block.is_(None))))

        until(all_final, each=world.mine, every=POLL)
        second.terminate()
        second.join(120)
        assert second.exitcode == 0
    finally:
        processes.kill(second)

    events = world.market.escrow.events(0, world.rpc.block_number())
    verdicts = [item.event for item in events if isinstance(item.event, Judged) and item.event.job == job]
    assert len(verdicts) == 1
    with database.read() as session:
        # One entry a key, and every stored attestation is the journal's.
        journal = {(row.signer, row.digest) for row in session.scalars(select(JournalRow))}
        assert len(journal) == len({signer for signer, _ in journal}) == 3
        assert {(row.signer, row.digest) for row in session.scalars(select(AttestationRow))} == journal
        # Nothing was sent twice: as many transactions mined as there were things to do, judge and settle.
        assert session.scalar(select(func.count()).select_from(ReceiptRow)) == 2
        nonces = list(session.scalars(select(TransactionRow.nonce)))
        assert len(set(nonces)) == len(nonces) == 2
