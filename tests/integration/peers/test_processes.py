"""Real processes on a real chain: what one of three evaluators does wrong never stops the other two."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from oracle.cli.main import cli
from oracle.domain.events import Judged
from oracle.domain.types import Hash, Outcome, State
from oracle.evidence.store import ContentStore
from oracle.pact.offchain import OffchainTerms
from tests.integration.daemon.conftest import until
from tests.integration.peers.conftest import Trio, running

pytestmark = pytest.mark.timeout(450)  # on a loaded machine a start alone can take half a minute


def verdicts(trio: Trio, job: Hash) -> list[Judged]:
    events = trio.market.escrow.events(0, trio.market.rpc.block_number())
    return [item.event for item in events if isinstance(item.event, Judged) and item.event.job == job]


def test_three_evaluators__one_verdict_and_one_transaction(trio: Trio) -> None:
    for site in trio.sites:
        # However slow this machine is, nobody's turn passes before it was taken.
        site.config.write_text(site.config.read_text().replace("stagger = 3", "stagger = 600"))
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


def test_a_delivery_handed_to_the_evaluators_themselves(trio: Trio) -> None:
    """No store in between: the agreement's off-chain terms name the evaluators."""
    terms = OffchainTerms.model_validate(
        {
            "schema": "earnest/offchain/1",
            "handover": [f"direct+{site.url}" for site in trio.sites[:2]],
            "keys": None,
        },
        strict=False,
    )
    path = trio.folder / "offchain.json"
    path.write_bytes(terms.canonical())
    mine = ContentStore(trio.folder / "provider")
    _, job = trio.job(offchain=terms.hash())
    with running(*trio.sites[:2]):
        deliverable = trio.deliver(job, into=mine)
        arguments = ["--offchain", str(path), "--store", str(trio.folder / "provider"), "--json"]

        def handed_over() -> bool:
            done = CliRunner().invoke(cli, ["delivery", "hand-over", job, deliverable, *arguments])
            return done.exit_code == 0

        until(handed_over, each=trio.beat, seconds=150)  # until both have started and read the anchor
        trio.reaches(job, State.JUDGED)
    assert trio.market.escrow.job_state(job).outcome is Outcome.PASS
    assert (trio.sites[0].folder / "evidence" / deliverable[2:4] / deliverable).exists()


def test_a_dead_evaluator__the_other_two_settle(trio: Trio) -> None:
    agreement, job = trio.job()
    trio.deliver(job)
    with running(*trio.sites[:2]):
        trio.reaches(job, State.JUDGED)
        trio.warp(agreement.terms.challenge)
        trio.reaches(job, State.CLOSED)
    assert len(verdicts(trio, job)) == 1
