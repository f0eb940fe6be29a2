"""`kill -9` at every persisted step, then a restart: one verdict, one attestation a key, settled."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from oracle.domain.events import Judged
from oracle.domain.types import Outcome, State
from oracle.store.tables import AttestationRow, JournalRow, OutboxRow, ReceiptRow, TransactionRow
from tests.integration.daemon.conftest import World, until

DRIVER = Path(__file__).with_name("killed_daemon.py")

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


def daemon(world: World, *before: str) -> subprocess.Popen[bytes]:
    """The daemon as a process of its own; `before` are the driver's arguments."""
    program = [str(DRIVER), *before, "--"] if before else ["-c", "from oracle.cli.main import main; main()"]
    log = (world.folder / "daemon.log").open("ab")
    with log:
        return subprocess.Popen(
            [sys.executable, *program, "run", "--config", str(world.config)], stdout=log, stderr=log
        )


@pytest.mark.timeout(600)  # on a loaded machine a start alone can take half a minute
@pytest.mark.parametrize(("module", "attribute", "moment", "nth"), marked())
def test_kill__restart__one_verdict_and_settled(
    world: World, module: str, attribute: str, moment: str, nth: int
) -> None:
    subprocess.run(
        [sys.executable, "-c", "from oracle.cli.main import main; main()", "db", "upgrade", "--config",
         str(world.config)],
        check=True,
        capture_output=True,
    )  # fmt: skip
    agreement, job = world.real_job()
    world.deliver_example(job, "careful")
    world.mine(2)

    first = daemon(world, module, attribute, moment, str(nth))
    try:
        until(lambda: first.poll() is not None, each=world.mine, seconds=150)
    finally:
        first.kill()
    assert first.wait() == -9, (world.folder / "daemon.log").read_text()[-3000:]

    second = daemon(world)
    try:
        until(lambda: world.market.escrow.job_state(job).state is State.JUDGED, each=world.mine, seconds=150)
        assert world.market.escrow.job_state(job).outcome is Outcome.PASS
        world.warp(agreement.terms.challenge)
        until(lambda: world.market.escrow.job_state(job).state is State.CLOSED, each=world.mine, seconds=150)
        database = world.database()

        def all_final() -> bool:
            with database.read() as session:
                return not list(session.scalars(select(OutboxRow.id).where(OutboxRow.until_block.is_(None))))

        until(all_final, each=world.mine)
        second.terminate()
        assert second.wait(120) == 0
    finally:
        second.kill()
        second.wait()

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
    database.close()
