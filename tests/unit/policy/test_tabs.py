"""Tabs in policies: their periods are evidence as jobs are, and a tab that runs is money entrusted."""

from __future__ import annotations

from dataclasses import replace

from oracle.domain.types import Ending
from oracle.history.task import History, Task, happenings
from oracle.policy.admission import Asked, admit
from oracle.policy.document import Policy
from oracle.policy.engine import Engine
from oracle.policy.simulate import simulate
from tests.unit.policy.made import (
    AGENT,
    COMMITTEE,
    START,
    TAB,
    USDC,
    period,
    policy,
    refuse,
    rule,
    tab,
    task,
)
from tests.unit.policy.test_document import rollout
from tests.unit.policy.test_engine import carried, told

ROOTS = frozenset({COMMITTEE})


def watching(signal: str, threshold: str, more: str = "") -> Policy:
    return policy(rule("first", signal, threshold, refuse("10 USDC"), more))


def test_streak__failed_periods__fire_and_name_the_tab_once() -> None:
    engine = carried([policy()], [tab(0), period(1, "fail", day=1), period(2, "fail", day=3)])
    assert told(engine) == [("fired", "first", "2")]
    assert engine.events[0].jobs == (TAB,)
    assert not admit(engine, Asked(AGENT, 200 * USDC)).admitted
    lifted = carried([policy()], [tab(0), *(period(n, e, day=2 * n) for n, e in ((1, "fail"), (2, "pass")))])
    assert told(lifted) == []


def test_rates_and_drift__count_periods_as_jobs() -> None:
    bad = [period(number, "fail", day=2 * number) for number in range(1, 7)]
    lost = [period(number, "overturned", day=2 * number) for number in range(1, 7)]
    for signal in ("failure-rate", "dispute-rate"):
        assert told(carried([watching(signal, "above = 500")], [tab(0), *lost]))[0][0] == "fired", signal
    test = "drift = { good = 50, bad = 500, one_false_alarm_in = 100 }"
    assert told(carried([watching("drift", test)], [tab(0), *bad]))[0][0] == "fired"


def test_score__of_periods__is_the_score_of_jobs_of_the_same_value() -> None:
    jobs = [task(number, price=100 * USDC, gated=100 * USDC) for number in range(20)]
    periods = [period(number + 1, day=number, buyer=jobs[number].buyer) for number in range(20)]
    at = START + 30 * 86_400
    scores = {
        carried([policy()], tasks, until=at).standing(AGENT).score(at).value
        for tasks in (jobs, [tab(0), *periods])
    }
    assert len(scores) == 1
    assert (scores.pop() or 0) > 300


def test_exposure__a_tab_until_it_is_closed() -> None:
    credit = policy(
        rule("first", "failure-streak", "above = 0", '{ kind = "shrink-credit", limit = "350 USDC" }')
    )
    failed = task(1, "fail")
    running = carried([credit], [tab(0), failed])
    assert running.standing(AGENT).exposure() == 300 * USDC
    assert not admit(running, Asked(AGENT, 51 * USDC)).admitted
    assert admit(running, Asked(AGENT, 50 * USDC)).admitted
    assert carried([credit], [tab(0), period(1, day=2)]).standing(AGENT).exposure() == 300 * USDC
    over = carried([credit], [tab(0, closed=9), failed, period(1, day=2)])
    assert over.standing(AGENT).exposure() == 0
    assert admit(over, Asked(AGENT, 350 * USDC)).admitted


def test_withheld__the_share_of_what_was_presented() -> None:
    rules = watching("withheld-share", "above = 99", "window_days = 10")
    tasks = [tab(0), period(1, day=1), period(2, day=3, withheld=20 * USDC)]
    engine = carried([rules], tasks)
    assert told(engine) == [("fired", "first", "100")]
    assert engine.events[0].jobs == (TAB,)
    assert told(carried([rules], tasks, until=START + 20 * 86_400))[-1] == ("lifted", "first", "0")
    split = period(2, day=3, gated=0)
    assert split.close is not None
    split = replace(split, close=replace(split.close, ending=Ending.AGREED))
    assert told(carried([rules], [tab(0), period(1, day=1), split])) == [], "a split withholds nothing"


def test_defaults__a_period_is_none() -> None:
    assert told(carried([watching("defaults", "above = 0")], [tab(0), period(1, "fail", day=1)])) == []


def test_evaluators__a_sum_that_was_overruled_counts_against_its_signers() -> None:
    ruled = period(1, day=1, withheld=30 * USDC)
    assert ruled.close is not None
    ruled = replace(ruled, gated=90 * USDC, close=replace(ruled.close, ending=Ending.RULED))
    assert ruled.overturned
    assert not replace(ruled, gated=70 * USDC).overturned
    rules = watching("overturned-rate", "above = 0")
    assert {one.subject.key for one in carried([rules], [tab(0), ruled]).events} == {
        f"{COMMITTEE}/0",
        f"{COMMITTEE}/1",
    }
    silent = carried([watching("silent-rate", "above = 0")], [tab(0), period(1, "silent", day=1)])
    assert len(silent.events) == 2


def test_rollout__every_failed_period_narrows() -> None:
    engine = carried([rollout()], [tab(0), period(1, "fail", day=1), period(2, "fail", day=3)])
    assert told(engine) == [("narrowed", None, str(250 * USDC)), ("narrowed", None, str(125 * USDC))]
    assert [one.jobs for one in engine.events] == [(TAB,), (TAB,)]
    assert not admit(engine, Asked(AGENT, 1 * USDC)).admitted, "the tab uses all of the cap"


def test_simulate__a_refused_tab_did_not_happen() -> None:
    tasks = [task(0, "fail"), task(2, "fail"), tab(5), period(1, "fail", day=6), period(2, day=8)]
    found = simulate([policy()], tasks, roots=ROOTS, until=START + 20 * 86_400)
    assert [one.task.job for one in found.refused] == [TAB]
    assert (found.without.jobs, found.with_policies.jobs) == (4, 2)
    assert (found.saved, found.forgone) == (100 * USDC, 100 * USDC)
    assert [one.failed_without - one.failed_with for one in found.points] == [0, 0, 100 * USDC]


def test_history__with_tabs__is_a_file_too() -> None:
    tasks: tuple[Task, ...] = (tab(0), period(1, day=1))
    assert History.parse(History(tasks=tasks).canonical()).tasks == tasks
    steps = [(one.step.value, one.task.kind.value) for one in happenings(tasks)]
    assert steps == [("opened", "tab"), ("judged", "period"), ("closed", "period")]


def test_a_step_out_of_order__is_named() -> None:
    engine = Engine([policy()], ROOTS)
    assert period(3, day=1).name == f"period 3 of tab {TAB}"
    assert tab(0).name == f"tab {TAB}"
    engine.run(happenings([tab(0)]), until=START)
    assert engine.standing(AGENT).exposure() == 300 * USDC
