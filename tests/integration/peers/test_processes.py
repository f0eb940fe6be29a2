"""Real processes on a real chain: what one of three evaluators does wrong never stops the other two."""

from __future__ import annotations

from oracle.domain.events import Judged
from oracle.domain.types import Hash, Outcome, State
from tests.integration.peers.conftest import Trio, running


def verdicts(trio: Trio, job: Hash) -> list[Judged]:
    events = trio.market.escrow.events(0, trio.market.rpc.block_number())
    return [item.event for item in events if isinstance(item.event, Judged) and item.event.job == job]


def test_three_evaluators__one_verdict_and_one_transaction(trio: Trio) -> None:
    agreement, job = trio.job()
    trio.deliver(job)
    with running(*trio.sites):
        trio.reaches(job, State.JUDGED)
        assert trio.market.escrow.job_state(job).outcome is Outcome.PASS
        trio.warp(agreement.terms.challenge)
        trio.reaches(job, State.CLOSED)
    assert len(verdicts(trio, job)) == 1
    sent = [line for site in trio.sites for line in site.logged("transaction_stored")]
    assert sorted(line["purpose"] for line in sent) == ["judge", "settle"], "the others waited for their turn"


def test_a_dead_evaluator__the_other_two_settle(trio: Trio) -> None:
    agreement, job = trio.job()
    trio.deliver(job)
    with running(*trio.sites[:2]):
        trio.reaches(job, State.JUDGED)
        trio.warp(agreement.terms.challenge)
        trio.reaches(job, State.CLOSED)
    assert len(verdicts(trio, job)) == 1
