"""What a job's page says: who may act until when, and what happens if nobody does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oracle.decide.next_step import NextStep, Rules, next_step
from oracle.domain.job import JobView
from oracle.domain.terms import Terms
from oracle.domain.types import ZERO_ADDRESS, ZERO_HASH, Basis, Outcome, State

TERMS = Terms(
    "0x" + "b1" * 20, "0x" + "a1" * 20, ZERO_HASH, 100, 41, 7, judge_by=3_000, challenge=50, ruling=500
)
RULES = Rules(threshold=3, arbiter_cost=10, silence=12, lapse_challenge=100)
OPEN = JobView(
    State.OPEN, False, 0, 0b11111, 1_000, ZERO_ADDRESS, 2_000, ZERO_HASH, Outcome.NONE, Basis.VERDICT, 0, 0,
    Outcome.NONE, False, 0,
)  # fmt: skip
JUDGED = replace(OPEN, state=State.JUDGED, outcome=Outcome.PASS, signers=0b111, deadline=4_000)


def who_may(step: NextStep, now: int) -> set[str]:
    return {f"{act.who}: {act.command}" for act in step.acts if act.open_at(now)}


def test_nothing_delivered_becomes_fail_after_deliver_by() -> None:
    step = next_step(OPEN, TERMS, RULES, 1_500)
    idle = step.if_nobody_acts
    assert idle is not None
    assert (idle.outcome, idle.basis) == (Outcome.FAIL, Basis.NO_SHOW)
    # The challenge after a lapse is at least the deployment's, though the agreement says less.
    assert idle.calls == (("lapse", 2_000), ("settle", 2_100))
    assert (idle.payout.buyer, idle.payout.provider, idle.payout.evaluators) == (141, 0, 7)
    assert "provider: oracle job deliver" in who_may(step, 1_999)
    assert "anyone: oracle job lapse" not in who_may(step, 1_999)
    # Half-open: at the limit itself the later act is allowed and the earlier is not.
    assert "provider: oracle job deliver" not in who_may(step, 2_000)
    assert "anyone: oracle job lapse" in who_may(step, 2_000)
    late = next_step(OPEN, TERMS, RULES, 2_500)
    assert late.if_nobody_acts is not None
    assert late.if_nobody_acts.calls == (("lapse", 2_500), ("settle", 2_600))
    assert "nothing was delivered in time" in late.summary


def test_a_delivery_without_verdict_becomes_lapse_and_the_silent_pay() -> None:
    delivered = replace(OPEN, delivered=True, attested=0b00001)
    idle = next_step(delivered, TERMS, RULES, 2_100).if_nobody_acts
    assert idle is not None
    assert (idle.outcome, idle.basis, idle.calls[0]) == (Outcome.LAPSE, Basis.SILENCE, ("lapse", 3_000))
    assert (idle.payout.slash_each, idle.payout.slashed) == (3, 4)
    assert "no verdict in time" in next_step(delivered, TERMS, RULES, 3_000).summary


@pytest.mark.parametrize(("outcome", "disputants"), [(Outcome.PASS, {"buyer"}), (Outcome.FAIL, {"provider"})])
def test_a_verdict_can_be_disputed_by_who_it_goes_against(outcome: Outcome, disputants: set[str]) -> None:
    step = next_step(replace(JUDGED, outcome=outcome), TERMS, RULES, 3_999)
    assert {act.who for act in step.acts if act.command == "oracle job dispute"} == disputants
    assert {act.who for act in step.acts if act.command == "oracle job concede"} == disputants
    assert "deposit of 29" in step.acts[0].what
    assert "anyone: oracle job settle" not in who_may(step, 3_999)
    assert "anyone: oracle job settle" in who_may(step, 4_000)


def test_a_lapse_can_be_disputed_by_both_and_conceded_by_none() -> None:
    step = next_step(replace(JUDGED, outcome=Outcome.LAPSE), TERMS, RULES, 3_999)
    assert {act.who for act in step.acts if act.command == "oracle job dispute"} == {"buyer", "provider"}
    assert not [act for act in step.acts if act.command == "oracle job concede"]


def test_a_dispute_shows_every_ruling_and_silence() -> None:
    disputed = replace(JUDGED, state=State.DISPUTED, sought=Outcome.FAIL, buyer_disputes=True)
    step = next_step(disputed, TERMS, RULES, 3_000)
    assert [label for label, _ in step.payouts] == [
        "ruled pass",
        "ruled fail",
        "ruled lapse",
        "the arbiter silent",
    ]
    assert "the buyer disputes pass (by verdict) and seeks fail; the arbiter may rule" in step.summary
    assert step.if_nobody_acts is not None
    assert step.if_nobody_acts.payout.buyer == 29  # its deposit back
    over = next_step(disputed, TERMS, RULES, 4_000)
    assert "the arbiter was silent" in over.summary
    assert who_may(over, 4_000) >= {"anyone: oracle job settle"}


def test_by_silence_the_stored_set_is_the_silent_ones() -> None:
    silent = replace(JUDGED, outcome=Outcome.LAPSE, basis=Basis.SILENCE, signers=0b11)
    idle = next_step(silent, TERMS, RULES, 3_000).if_nobody_acts
    assert idle is not None
    assert idle.payout.slashed == 2


def test_ends_say_how_they_ended() -> None:
    closed = replace(JUDGED, state=State.CLOSED)
    assert next_step(closed, TERMS, RULES, 9_000).summary == "closed as pass"
    split = next_step(replace(closed, outcome=Outcome.NONE), TERMS, RULES, 9_000)
    assert (split.summary, split.acts) == ("closed: the parties agreed on a split", ())
    assert next_step(replace(OPEN, state=State.NONE), TERMS, RULES, 1).if_nobody_acts is None
