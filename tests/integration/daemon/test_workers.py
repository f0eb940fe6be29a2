"""Two processes of one evaluator: one leads, both evaluate; when one is killed the other goes on."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from oracle.domain.events import Judged
from oracle.domain.types import Outcome, State
from oracle.store import schema
from oracle.store.tables import JournalRow, TransactionRow
from scripts.local import processes
from scripts.local.processes import Death
from tests.databases import Databases
from tests.integration.daemon.conftest import POLL, World, until
from tests.integration.daemon.test_kill import daemon


@pytest.mark.timeout(450)  # on a loaded machine a start alone can take half a minute
@pytest.mark.parametrize(
    "point",
    [
        Death("oracle.evaluation.assess", "check_conditions", "before", 1),  # in the evaluation
        Death("oracle.store.journal", "StoredJournal.record_all", "after", 1),  # written down, not signed
    ],
    ids=["evaluating", "signing"],
)
def test_leader_killed__the_other_takes_over(world: World, databases: Databases, point: Death) -> None:
    if databases.kind == "sqlite":
        pytest.skip("one process only on SQLite")
    schema.upgrade(world.database())
    leader = daemon(world, point)
    log = world.folder / "daemon.log"
    until(lambda: '"started"' in log.read_text(), each=world.mine, every=POLL, seconds=150)
    follower = daemon(world)
    try:
        _agreement, job = world.real_job()
        world.deliver_example(job, "careful")
        until(lambda: leader.exitcode is not None, each=world.mine, every=POLL, seconds=150)
        assert leader.exitcode == -9, log.read_text()[-3000:]
        until(
            lambda: world.market.escrow.job_state(job).state is State.JUDGED,
            each=world.mine,
            every=POLL,
            seconds=150,
        )
        assert world.market.escrow.job_state(job).outcome is Outcome.PASS
        follower.terminate()
        follower.join(120)
        assert follower.exitcode == 0
    finally:
        for process in (leader, follower):
            processes.kill(process)
    events = world.market.escrow.events(0, world.rpc.block_number())
    verdicts = [item.event for item in events if isinstance(item.event, Judged) and item.event.job == job]
    assert len(verdicts) == 1
    with world.database().read() as session:
        assert session.scalar(select(func.count()).select_from(JournalRow)) == 3
        assert session.scalar(select(func.count()).select_from(TransactionRow)) == 1
