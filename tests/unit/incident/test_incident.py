"""A failure is replayed: what broke first, what still granted trust, who paid, what changed since."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.cli.main import cli
from oracle.decide.jobs import JobRecord
from oracle.decide.payouts import Stakes, overturned, stands
from oracle.domain.events import Slashed
from oracle.domain.terms import Agreement, Opening, Terms
from oracle.domain.types import Basis, Ending, Outcome, Party, State
from oracle.history.task import Judgement, Task
from oracle.incident.assumptions import broken_of
from oracle.incident.case import Case, FailedCondition, Looked, Said
from oracle.incident.derive import IncidentError, costs_of, incident_of
from oracle.incident.document import Assumption, Incident
from oracle.incident.markdown import incident_markdown
from oracle.incident.reading import CaseReader
from oracle.policy.event import Happened, PolicyEvent, SubjectField
from oracle.score.document import At
from oracle.score.evidence import Finding
from oracle.store.events import Happened as Logged
from oracle.store.tasks import tasks_of
from tests.databases import Databases
from tests.unit.api.world import made_world
from tests.unit.api.world import place as world_place
from tests.unit.policy.made import (
    AGENT,
    COMMITTEE,
    DAY,
    HEAD,
    PACT,
    START,
    TAB,
    USDC,
    period,
    place,
    policy,
    tab,
    task,
)
from tests.unit.policy.test_live import configured, stored
from tests.unit.store.score_history import AGENTS, ROOT, store

AT = At(chain_id=1, escrow="0x" + "e5" * 20, block=10**9, block_hash="0x" + "b1" * 32, time=START + 400 * DAY)
METHODOLOGY, OTHER = "0x" + "4d" * 32, "0x" + "c1" * 32
FAILED = (FailedCondition("tests", "critical", "3 of 9 failed"), FailedCondition("style", "minor", "no"))


def looked(outcome: str = "fail", *, ours: bool = True, **changes: Any) -> Looked:
    made = Looked("0x" + "e1" * 32, "0x" + "e2" * 20, ours, outcome, START + 12 * DAY, FAILED, ())
    return replace(made, **changes)


def case(of: Task, *others: Task, **changes: Any) -> Case:
    terms = Terms(of.buyer, of.provider, of.committee, of.gated, of.bond, 9 * USDC, of.judge_by, 60, 60)
    agreement = Agreement(terms, Opening(of.pact, "0x" + "00" * 32, 0, 0, 1, of.deliver_by, 1))
    record = JobRecord(
        State.CLOSED, 0b111, 0, of.opened.timestamp, to_buyer=of.gated, deadline=of.judge_by + 60
    )
    values: dict[str, Any] = {
        "at": AT, "task": of, "agreement": agreement, "record": record, "methodology": METHODOLOGY,
        "around": (of, *others), "methodologies": {COMMITTEE: METHODOLOGY, OTHER: METHODOLOGY},
    }  # fmt: skip
    return Case(**(values | changes))


def named(found: Incident) -> list[str]:
    return [one.assumption.value for one in found.broken]


def test_failed_delivery__names_the_condition_of_the_record() -> None:
    found = incident_of(case(task(10, "fail"), looked=(looked(),)))
    assert named(found) == ["the-delivery-meets-the-pact"]
    assert found.first is not None
    assert found.first.conditions == ("tests", "style")
    assert found.first.at == task(10, "fail").delivered_at
    assert "3 of 9 failed" in found.first.says


def test_overturned__the_delivery_broke_first_and_the_verdict_second() -> None:
    found = incident_of(case(task(10, "overturned")))
    assert named(found) == ["the-delivery-meets-the-pact", "the-evaluators-judge-rightly"]
    assert found.first is not None
    assert "no record here names the condition" in found.first.says


def fail_overturned() -> Task:
    made = task(10, "overturned")
    assert made.close is not None
    assert made.judged is not None
    return replace(
        made,
        judged=replace(made.judged, outcome=Outcome.FAIL),
        close=replace(made.close, outcome=Outcome.PASS, finding=Finding.PASS),
    )


@pytest.mark.parametrize(
    ("of", "looks", "first"),
    [
        (task(10, "no-show"), (), Assumption.DELIVERS),
        (task(10, "silent"), (), Assumption.ANSWERS),
        (task(10, "fail"), (looked(obstacles=("the file is not there",)),), Assumption.OPENABLE),
        (task(10, "fail", delivered_at=None, judged=None), (), Assumption.DELIVERS),
        (fail_overturned(), (), Assumption.JUDGES),
        (task(10), (looked(),), Assumption.JUDGES),
        (
            task(10, "silent", judged=Judgement(place(START + 10 * DAY), Outcome.LAPSE, Basis.VERDICT, 3)),
            (),
            Assumption.DECIDABLE,
        ),
    ],
    ids=lambda value: value.value if isinstance(value, Assumption) else None,
)
def test_first__each_rule(of: Task, looks: tuple[Looked, ...], first: Assumption) -> None:
    assert broken_of(of, looks)[0].assumption is first


def test_pass_that_our_record_contradicts__nobody_disputed() -> None:
    assert named(incident_of(case(task(10), looked=(looked(),)))) == [
        "the-evaluators-judge-rightly",
        "the-wronged-side-disputes",
    ]


def test_a_record_that_is_not_ours__contradicts_nothing() -> None:
    with pytest.raises(IncidentError, match="nothing went wrong"):
        incident_of(case(task(10), looked=(looked(ours=False),)))


def test_arbiter_silent_and_bond_too_small__are_named() -> None:
    made = task(10, "fail")
    assert made.close is not None
    ruled_by_nobody = replace(made, close=replace(made.close, ending=Ending.RULING_OVER))
    found = broken_of(ruled_by_nobody, ruling_ends=made.close.place.timestamp - 5, lost=7)
    assert [one.assumption for one in found] == [Assumption.MEETS_PACT, Assumption.RULES, Assumption.COVERED]


def test_repeats__the_same_weakness_alone_is_counted() -> None:
    same, before = task(20, "fail"), task(2, "fail")
    elsewhere, style = task(4, "fail", pact="0x" + "a2" * 32), task(6, "fail")
    looks = {one.job: (looked(),) for one in (same, before, elsewhere)}
    looks[style.job] = (looked(failed=FAILED[1:]),)
    made = case(task(10, "fail"), before, elsewhere, style, task(8), same, looked=(looked(),), looks=looks)
    found = incident_of(made)
    assert (found.repeats_before, found.repeats_after) == ((before.job,), (same.job,))
    assert incident_of(case(same, looked=(looked(),))).weakness == found.weakness


def fired(time: int, happened: Happened = Happened.FIRED) -> PolicyEvent:
    return PolicyEvent(
        happened=happened, policy="one", policy_hash="0x" + "11" * 32, owner="o", rule="r",
        subject=SubjectField(kind="agent", key=AGENT), signal="drift", value="1", threshold="1", says="worse",
        time=time, at=None,
    )  # fmt: skip


def test_signals__what_weakened_first_and_what_still_granted_trust() -> None:
    early, late = task(2, "fail"), task(10, "fail", disputed=None)
    meanwhile = task(10, provider=AGENT, job="0x" + "77" * 32, opened=place(START + 10 * DAY + 60))
    made = case(late, early, meanwhile, score=640, looked=(looked(),))
    found = incident_of(made)
    assert found.first_signal is not None
    assert found.first_signal.kind == "earlier-failure"
    assert found.visible_at == START + 10 * DAY + 7_200
    assert found.unseen_for == found.visible_at - (START + 3 * DAY)
    grants = {one.what: one for one in found.grants}
    assert set(grants) == {"agreement", "score", "other agreements", "policies"}
    assert grants["agreement"].seconds == 7_200
    assert grants["score"].seconds == found.unseen_for
    assert "1 more job(s)" in grants["other agreements"].says


def test_signals__a_policy_that_fired_is_one_and_no_grant() -> None:
    found = incident_of(case(task(10, "fail"), events=(fired(START + 5 * DAY),)))
    assert found.first_signal is not None
    assert found.first_signal.kind == "policy-fired"
    assert [one.what for one in found.grants] == ["agreement"]


def test_signals__a_pass_that_stood_until_disputed_is_a_grant() -> None:
    made = task(10, "overturned")
    said = (Said(0, Outcome.PASS, START + 10 * DAY + 3_600), Said(2, Outcome.FAIL, START + 10 * DAY + 3_600))
    found = incident_of(case(made, said=said))
    assert found.first_signal is not None
    assert found.first_signal.kind == "dissent"
    verdict = next(one for one in found.grants if one.what == "verdict")
    assert verdict.seconds == 10_000 - 7_200


def test_signals__what_is_too_old_or_came_later__told_nothing() -> None:
    found = incident_of(case(task(200, "fail"), task(2, "fail"), task(210, "fail")))
    assert found.first_signal is None
    assert (found.unseen_for, found.grants) == (None, ())


def test_signals__periods_of_tabs__weaken_trust_too() -> None:
    failed = task(20, "fail")
    around = [
        tab(5),
        period(1, "fail", day=6),
        period(2, "overturned", day=8),
        period(3, "silent", day=10),
        tab(15, job="0x" + "7b" * 32),
    ]
    found = incident_of(case(failed, *around))
    told = [one.says for one in found.timeline if one.kind.startswith("earlier")]
    assert told == [
        f"period 1 of tab {TAB} of the agent ended as fail",
        f"period 2 of tab {TAB} of the agent ended as lost-dispute",
        f"the committee's verdict on period 2 of tab {TAB} was wrong",
        f"the committee left period 3 of tab {TAB} unjudged",
    ]
    grants = {one.what: one for one in found.grants}
    assert "1 more job(s) or tab(s) of 300.00 USDC" in grants["other agreements"].says
    later = incident_of(case(failed, tab(40, pact="0x" + "a2" * 32), period(1, day=41)))
    assert (later.since.jobs, later.since.changed) == (1, ("pact",))
    assert later.repeats == ()


def test_since__no_rule_changed__is_visible() -> None:
    found = incident_of(case(task(10, "fail"), task(20), task(30)))
    assert (found.since.jobs, found.since.remediated, found.since.changed) == (2, False, ())
    assert "no rule changed" in found.since.says
    assert "changed no rule" in incident_markdown(found)


def test_since__another_pact_committee_or_policy__is_a_change() -> None:
    pact = incident_of(case(task(10, "fail"), task(20, pact="0x" + "a2" * 32))).since
    assert (pact.changed, pact.remediated) == (("pact",), True)
    other = incident_of(case(task(10, "fail"), task(20, committee=OTHER))).since
    assert other.changed == ("committee",)
    late = policy(head=HEAD.replace("since = 2026-01-01", "since = 2026-01-15"))
    ruled = incident_of(case(task(10, "fail"), task(20), policies=(late,))).since
    assert ruled.changed == ("policy",)
    assert incident_of(case(task(10, "fail"), task(20), policies=(policy(),))).since.changed == ()
    assert incident_of(case(task(10, "fail"))).since.remediated is None


@given(
    gated=st.integers(1, 10**12), bond=st.integers(0, 10**12), up_front=st.integers(0, 10**9),
    wrong=st.booleans(),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_costs__come_to_nothing_together(gated: int, bond: int, up_front: int, wrong: bool) -> None:
    stakes = Stakes(gated, bond, 5, 2, arbiter_cost=3)
    payout = (
        overturned(stakes, Outcome.PASS, Basis.VERDICT, Party.BUYER, Outcome.FAIL)
        if wrong
        else stands(stakes, Outcome.FAIL, Basis.VERDICT)
    )
    of = task(10, "overturned" if wrong else "fail", gated=gated, bond=bond)
    terms = Terms(of.buyer, of.provider, of.committee, gated, bond, 5, 1, 1, 1)
    record = JobRecord(
        State.CLOSED, 7, 0, 1, to_buyer=payout.buyer, to_provider=payout.provider,
        to_evaluators=payout.evaluators, to_arbiter=payout.arbiter,
        disputant=of.buyer if wrong else None, deposit=stakes.deposit if wrong else 0,
    )  # fmt: skip
    agreement = Agreement(terms, Opening(PACT, "0x" + "00" * 32, 0, up_front, 1, 1, 1))
    costs = costs_of(case(of, agreement=agreement, record=record, slashed=payout.taken))
    assert sum(int(one.net) for one in costs) == 0
    assert int(costs[1].net) == up_front + payout.provider - bond


def test_running_job__costs_nothing_yet() -> None:
    running = replace(task(10, "fail"), close=None)
    found = incident_of(case(running))
    assert (found.outcome, found.costs) == ("still running", ())
    assert "Not closed yet." in incident_markdown(found)


def test_markdown__hostile_text__stays_text() -> None:
    nasty = "x\n# forged\n<script>alert(1)</script> [link](http://evil) \u202e`"
    bad = looked(failed=(FailedCondition("tests", "critical", nasty),))
    text = incident_markdown(incident_of(case(task(10, "fail"), looked=(bad,))))
    prose, machine = text.split("```json")
    assert "\n# forged" not in text
    assert "<script>" not in prose
    assert "\u202e" not in text
    told = json.loads(machine.rstrip("`\n"))
    assert Incident.parse(json.dumps(told).encode()).first is not None


@pytest.fixture
def config(databases: Databases, tmp_path: Path) -> Iterator[Path]:
    with stored(databases) as database:
        yield configured(database, tmp_path)


def evidence(config: Path) -> list[dict[str, Any]]:
    asked = ["score", AGENTS[0], "--explain", "--json", "--config", str(config)]
    listed: list[dict[str, Any]] = json.loads(CliRunner().invoke(cli, asked).output)["evidence"]
    return listed


def run(config: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    result = CliRunner().invoke(cli, ["incident", *arguments, "--config", str(config), "--json"])
    return result.exit_code, json.loads(result.output)


def test_command__from_the_store(config: Path, tmp_path: Path) -> None:
    lost = next(one["subject"] for one in evidence(config) if one["finding"] == "lost-dispute")
    code, told = run(config, lost, "--output", str(tmp_path / "incident.md"))
    assert code == 0
    assert told["broken"][0]["assumption"] == "the-delivery-meets-the-pact"
    assert (
        Incident.parse(json.dumps({k: v for k, v in told.items() if k != "hash"}).encode()).hash()
        == told["hash"]
    )
    assert "# Incident" in (tmp_path / "incident.md").read_text()


def test_command__unknown_or_well_ended__is_said(config: Path) -> None:
    code, told = run(config, "0x" + "99" * 32)
    assert (code, told["field"]) == (2, "job")
    passed = next(
        one["subject"] for one in evidence(config) if one["finding"] == "pass" and one["dispute"] == "none"
    )
    code, told = run(config, passed)
    assert code == 2
    assert "nothing went wrong" in told["message"]
    result = CliRunner().invoke(cli, ["incident", "0x12", "--config", str(config), "--json"])
    assert result.exit_code == 2


def test_command__empty_store__is_said(databases: Databases, config: Path) -> None:
    old = config.read_text().split('url = "')[1].split('"')[0]
    config.write_text(config.read_text().replace(old, databases.made()))
    assert "empty" in run(config, "0x" + "99" * 32)[1]["message"]


def test_what_evaluators_lost_over_the_job_itself__is_among_its_costs(databases: Databases) -> None:
    with closing(made_world(databases).database) as database:
        with database.read() as session:
            jobs = [one.job for one in tasks_of(session, roots=[ROOT]) if one.committee == ROOT]
        of, other = jobs[:2]
        lost = [Slashed(ROOT, of, 0b1, 250), Slashed(ROOT, other, 0b1, 9), Slashed(ROOT, of, 0b1, 30)]
        store(
            database,
            [Logged(event, "0x" + "77" * 32, world_place(index, 900)) for index, event in enumerate(lost)],
        )
        with database.read() as session:
            found = CaseReader(session, lambda _hash: None, roots=[ROOT]).case(of)
    assert found.slashed == 280
