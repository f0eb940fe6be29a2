"""One daemon with a committee's keys takes a job from its delivery to moved money, on a real chain."""

from __future__ import annotations

from oracle.domain.types import Outcome, State
from oracle.store import jobs
from tests.integration.daemon.conftest import FixedEvaluation, World, until


def test_delivery_is_evaluated_judged_and_settled(world: World) -> None:
    agreement, job = world.job()
    world.deliver(job)
    evaluation = FixedEvaluation()
    with world.service(evaluation) as service:
        until(
            lambda: world.market.escrow.job_state(job).state is State.JUDGED,
            each=lambda: (service.turn(), world.mine()),
        )
        assert world.market.escrow.job_state(job).outcome is Outcome.PASS
        world.warp(agreement.terms.challenge)
        until(
            lambda: world.market.escrow.job_state(job).state is State.CLOSED,
            each=lambda: (service.turn(), world.mine()),
        )
        service.turn()
    assert len(evaluation.asked) == 1
    with world.database().read() as session:
        stored = jobs.get_job(session, job)
    assert stored is not None
    assert stored.record.state is State.CLOSED
    assert stored.record.to_provider == 1_200_000_000
