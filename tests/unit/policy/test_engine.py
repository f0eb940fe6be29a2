"""What fires when, what holds, and what is admitted meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oracle.history.task import Task, happenings
from oracle.policy.admission import Asked, admit
from oracle.policy.document import Policy
from oracle.policy.engine import Engine
from oracle.policy.review import review_events
from tests.unit.policy.made import (
    AGENT,
    COMMITTEE,
    DAY,
    HEAD,
    OTHER,
    PACT,
    START,
    USDC,
    policy,
    refuse,
    rule,
    task,
)
from tests.unit.policy.test_document import rollout

ROOTS = frozenset({COMMITTEE})
FORK = "0x" + "99" * 32


def carried(policies: list[Policy], tasks: list[Task], *, until: int = 0, live: bool = False) -> Engine:
    engine = Engine(policies, ROOTS, live=live)
    engine.run(happenings(tasks), until=until)
    return engine


def told(engine: Engine) -> list[tuple[str, str | None, str | None]]:
    return [(str(one.happened), one.rule, one.value) for one in engine.events]


def test_streak__two_failures_and_a_pass__fires_and_is_lifted() -> None:
    engine = carried([policy()], [task(0, "fail"), task(3, "fail"), task(6)])
    assert told(engine) == [("fired", "first", "2"), ("lifted", "first", "0")]
    fired = engine.events[0]
    assert fired.jobs == (f"0x{1:064x}", f"0x{4:064x}")
    assert fired.at is not None
    assert fired.at.block == task(3, "fail").close.place.block_number  # type: ignore[union-attr]
    assert fired.consequences == ({"kind": "refuse-above", "amount": "100000000"},)


def test_hold_days__the_rule_holds_on() -> None:
    held = policy(rule("first", "failure-streak", "above = 0", refuse("100 USDC"), "hold_days = 5"))
    tasks = [task(0, "fail"), task(2)]
    assert told(carried([held], tasks, until=START + 7 * DAY)) == [("fired", "first", "1")]
    engine = carried([held], tasks, until=START + 8 * DAY)
    assert told(engine)[-1] == ("lifted", "first", "0")
    assert engine.events[-1].time == START + 8 * DAY


def test_unknown__fires_or_waits_as_the_rule_says() -> None:
    strict = policy(rule("s", "score", "below = 500", refuse("100 USDC")))
    mild = policy(rule("s", "score", "below = 500", refuse("100 USDC"), 'if_unknown = "waits"'))
    asked = Asked(AGENT, 200 * USDC)
    assert not admit(carried([strict], []), asked).admitted
    assert admit(carried([mild], []), asked).admitted
    assert admit(carried([strict], []), Asked(AGENT, 100 * USDC)).admitted


def test_score__good_history__admits_and_silence_ends_it() -> None:
    good = policy(rule("s", "score", "below = 500", refuse("100 USDC")))
    tasks = [task(number) for number in range(24)]
    engine = carried([good], tasks)
    assert told(engine)[-1][0] == "lifted"
    assert admit(engine, Asked(AGENT, 10**12)).admitted
    engine.pass_time(START + 700 * DAY)
    assert told(engine)[-1] == ("fired", "s", "498")
    assert engine.events[-1].time % DAY == 0
    refused = admit(engine, Asked(AGENT, 200 * USDC))
    assert (refused.admitted, refused.largest) == (False, 100 * USDC)
    assert "score is unknown" in refused.refusals[0].says


def test_admit__bond_and_credit() -> None:
    then = '{ kind = "require-bond", percent = 30 }, { kind = "shrink-credit", limit = "300 USDC" }'
    engine = carried(
        [policy(rule("a", "failure-streak", "above = 0", then))], [task(0, "fail"), task(2, "runs")]
    )
    thin = admit(engine, Asked(AGENT, 100 * USDC, bond=29 * USDC))
    assert [one.rule for one in thin.refusals] == ["a"]
    assert (thin.bond, thin.largest) == (30 * USDC, 100 * USDC)
    assert admit(engine, Asked(AGENT, 100 * USDC, bond=30 * USDC)).admitted
    assert (
        "200.00 USDC of at most 300.00 USDC"
        in admit(engine, Asked(AGENT, 101 * USDC, 10**9)).refusals[0].says
    )
    assert admit(engine, Asked(OTHER, 10**12)).admitted


def test_scope__other_agents_committees_and_pacts__are_not_touched() -> None:
    limited = policy(
        head=HEAD + f'[scope]\nagents = ["{AGENT}"]\ncommittees = ["{COMMITTEE}"]\npacts = ["{PACT}"]\n'
    )
    engine = carried([limited], [task(n, "fail", provider=who) for n, who in enumerate([AGENT, OTHER] * 2)])
    price = 200 * USDC
    assert [one.subject.key for one in engine.events] == [AGENT]
    assert not admit(engine, Asked(AGENT, price)).admitted
    assert not admit(engine, Asked(AGENT, price, 0, COMMITTEE, PACT)).admitted
    assert admit(engine, Asked(OTHER, price)).admitted
    assert admit(engine, Asked(AGENT, price, 0, "0x" + "c1" * 32, PACT)).admitted
    assert admit(engine, Asked(AGENT, price, 0, COMMITTEE, "0x" + "a2" * 32)).admitted


def test_evaluators__overturned_and_silent__are_told_apart() -> None:
    rules = rule("o", "overturned-rate", "above = 300", refuse("10 USDC"))
    rules += rule("s", "silent-rate", "above = 300", refuse("20 USDC"))
    tasks = [task(n, "overturned") for n in range(4)] + [task(n, "silent") for n in range(6, 14)]
    engine = carried([policy(rules)], tasks)
    fired = [(one.rule, one.subject.key) for one in engine.events if one.happened == "fired"]
    assert fired == [(which, f"{COMMITTEE}/{index}") for which in "os" for index in (0, 1)]
    assert admit(engine, Asked(OTHER, 15 * USDC, committee=COMMITTEE)).largest == 10 * USDC
    assert admit(engine, Asked(OTHER, 15 * USDC, committee="0x" + "c1" * 32)).admitted


def test_defaults_and_disputes__counted_in_their_window() -> None:
    rules = rule("d", "defaults", "above = 1", refuse("10 USDC"), "window_days = 10")
    rules += rule("q", "dispute-rate", "above = 50", refuse("20 USDC"))
    tasks = [task(0, "no-show"), task(5, "no-show"), task(6, "overturned"), task(7, "overturned")]
    engine = carried([policy(rules)], tasks, until=START + 20 * DAY)
    assert ("fired", "d", "2") in told(engine)
    assert ("lifted", "d", "1") in told(engine)
    assert [one.rule for one in engine.events if one.happened == "fired"] == ["d", "q"]


def test_re_evaluate__the_firing_names_the_last_passes() -> None:
    asks = policy(rule("a", "failure-streak", "above = 0", '{ kind = "re-evaluate", passes = 2 }'))
    engine = carried([asks], [task(0), task(2), task(4), task(6, "fail")])
    assert engine.events[0].jobs == tuple(f"0x{n:064x}" for n in (7, 3, 5))


def test_live__nothing_is_told_of_before_the_policy__and_what_holds_then_fires() -> None:
    late = policy(head=HEAD.replace("since = 2026-01-01", "since = 2026-01-10"))
    tasks = [task(0, "fail"), task(1, "fail"), task(12)]
    engine = carried([late], tasks, live=True)
    assert [(str(one.happened), one.time) for one in engine.events] == [
        ("fired", START + 9 * DAY),
        ("lifted", START + 13 * DAY),
    ]


@pytest.mark.parametrize("tasks", [[], [task(0)]], ids=["nothing happened yet", "a job"])
def test_admit__before_the_policy_begins__nothing_binds(tasks: list[Task]) -> None:
    unknown = rollout(rules=rule("unknown", "score", "below = 500", refuse("700 USDC")))
    late = unknown.model_copy(update={"since": "2026-01-10"})
    asked = Asked(OTHER, 800 * USDC, pact=PACT)
    before = admit(carried([late], tasks, until=START + 9 * DAY - 1, live=True), asked)
    assert (before.admitted, before.largest) == (True, None)
    begun = admit(carried([late], tasks, until=START + 9 * DAY, live=True), asked)
    assert [one.rule for one in begun.refusals] == ["unknown", None], "the rule, and the rollout's cap"
    assert not admit(carried([late], tasks), asked).admitted, "a simulation asks what it would have done"


def test_rollout__widens_by_fresh_passes_and_narrows_at_once() -> None:
    steps = rollout(lower="300")
    tasks = [task(n) for n in range(6)]
    engine = carried([steps], tasks)
    assert [(str(one.happened), one.value) for one in engine.events] == [
        ("widened", str(1_000 * USDC)),
        ("widened", str(2_000 * USDC)),
    ]
    assert len(engine.events[0].jobs) == 3
    engine = carried([steps], [*tasks, task(8, "overturned"), task(10, "fail")])
    assert [one.value for one in engine.events[2:]] == [str(1_000 * USDC), str(500 * USDC)]
    assert engine.events[2].time == task(8, "overturned").disputed.timestamp  # type: ignore[union-attr]
    refused = admit(engine, Asked(AGENT, 501 * USDC, pact=PACT))
    assert (refused.largest, refused.admitted) == (500 * USDC, False)
    assert admit(engine, Asked(AGENT, 501 * USDC, pact="0x" + "a2" * 32)).admitted


def test_rollout__stale_unsecured_or_foreign_passes__do_not_widen() -> None:
    steps = rollout(lower="300")
    assert carried([steps], [task(n * 31) for n in range(9)]).events == []
    assert carried([steps], [task(n, secured=False) for n in range(9)]).events == []
    assert carried([steps], [task(n, committee="0x" + "c1" * 32) for n in range(9)]).events == []
    assert carried([rollout(lower="999")], [task(n) for n in range(9)]).events == []


def test_rollout__running_jobs_use_the_cap() -> None:
    engine = carried([rollout()], [task(0, "runs"), task(1, "runs", pact="0x" + "a2" * 32)])
    assert admit(engine, Asked(AGENT, 300 * USDC, pact=PACT)).admitted
    assert not admit(engine, Asked(AGENT, 301 * USDC, pact=PACT)).admitted


def test_events__the_same_history__the_same_hashes() -> None:
    tasks = [task(0, "fail"), task(3, "fail"), task(6)]
    one, other = carried([policy()], tasks), carried([policy()], tasks)
    assert [event.hash() for event in one.events] == [event.hash() for event in other.events]
    second = task(3, "fail")
    assert second.close is not None
    forked = replace(second, close=replace(second.close, place=second.close.place._replace(block_hash=FORK)))
    elsewhere = carried([policy()], [task(0, "fail"), forked, task(6)])
    assert elsewhere.events[0].hash() != one.events[0].hash(), "it names the branch it saw"


def test_empty_history__nothing_fires() -> None:
    assert carried([policy()], [], until=START + 900 * DAY).events == []


def test_reviews__due_missed_and_done() -> None:
    reviewed = START + 19 * DAY
    due, missed = reviewed + 30 * DAY, reviewed + 37 * DAY
    assert review_events(policy(), [], now=due - 1) == []
    names = [str(one.happened) for one in review_events(policy(), [], now=missed)]
    assert names == ["review-due", "review-missed"]
    in_time = review_events(policy(), [due + DAY], now=missed)
    assert [str(one.happened) for one in in_time] == ["review-due"]
    early = review_events(policy(), [due - DAY], now=missed)
    assert early == []
    again = review_events(policy(), [], now=due + 30 * DAY)
    assert [str(one.happened) for one in again] == ["review-due", "review-missed", "review-due"]
