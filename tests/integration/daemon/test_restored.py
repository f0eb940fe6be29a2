"""After a restore nothing new is signed for what was delivered before it, and all else goes on."""

from __future__ import annotations

import time

from structlog.testing import capture_logs

from oracle.domain.types import Hash, State
from oracle.store import holds
from tests.integration.daemon.conftest import FixedEvaluation, World, until


def test_a_restored_daemon__signs_for_later_deliveries_only__until_it_is_released(world: World) -> None:
    _agreement, before = world.job()
    world.deliver(before)
    evaluation = FixedEvaluation()

    def judged(job: Hash) -> bool:
        return world.market.escrow.job_state(job).state is State.JUDGED

    with capture_logs() as logs, world.service(evaluation) as service:
        with world.database().write() as session:
            holds.add_hold(session, None)
        until(lambda: bool(evaluation.asked), each=lambda: (service.turn(), world.mine()))
        # The hold is by this machine's clock, and the chain, shared with other tests, may be behind it.
        world.warp(int(time.time()) - world.market.now() + holds.MARGIN + 600)
        _agreement, after = world.job()
        world.deliver(after)
        until(lambda: judged(after), each=lambda: (service.turn(), world.mine()))
        assert not judged(before)
        said = [line["event"] for line in logs]
        assert said.count("restored_from_backup") == 1
        assert said.count("not_done") == 3, "said once for each key"

        with world.database().write() as session:
            holds.release_holds(session)
        until(lambda: judged(before), each=lambda: (service.turn(), world.mine()))
