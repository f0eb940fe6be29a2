"""500 simulated jobs: the policy stops the agent that drifts, nobody else; the picture is the one kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from oracle.cli.main import cli
from oracle.history.task import History
from oracle.policy.files import load_policies
from oracle.policy.simulate import Simulation, simulate
from scripts import policy_drift as drift
from tests.unit.policy.made import policy, task


@pytest.fixture(scope="module")
def found() -> Simulation:
    return drift.simulated(
        load_policies([drift.POLICY], now=drift.START + 365 * 86_400), drift.made_history()
    )


def test_drift__is_stopped_soon_and_nobody_else_is(found: Simulation) -> None:
    stops = [one for one in found.events if one.rule == "risen" and one.happened == "fired"]
    assert [one.subject.key for one in stops] == [drift.DRIFTING]
    job = sum(point.time <= stops[0].time for point in found.points)
    assert drift.DRIFT_FROM < job < drift.DRIFT_TO
    assert {one.task.provider for one in found.refused} == {drift.DRIFTING}
    assert found.saved * 2 > found.without.failed, "more than half of what failed is never entrusted"
    assert found.without.jobs == drift.JOBS
    assert found.without.jobs - found.with_policies.jobs == len(found.refused)
    assert found.without.total - found.with_policies.total == sum(one.task.price for one in found.refused)


def test_drift__without_drift__nobody_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "WORST", drift.USUAL)
    calm = drift.simulated(
        load_policies([drift.POLICY], now=drift.START + 365 * 86_400), drift.made_history()
    )
    assert not [one for one in calm.events if one.rule == "risen"]


def test_picture__is_the_one_that_is_committed(found: Simulation) -> None:
    assert drift.picture(found) == drift.PICTURE.read_text()


def test_document__says_the_figures(found: Simulation) -> None:
    text = (drift.ROOT / "docs/policies.md").read_text()
    for line in drift.summary(found):
        assert line in text


def test_simulate__empty_history__saves_nothing() -> None:
    nothing = simulate([policy()], [], roots=frozenset(), until=0)
    assert (nothing.saved, nothing.forgone, nothing.events, nothing.points) == (0, 0, (), ())


def test_command__history_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    tasks = tuple(task(number, "fail") for number in range(0, 12, 3))
    path.write_bytes(History(tasks=tasks).canonical())
    result = CliRunner().invoke(
        cli, ["policy", "simulate", str(drift.POLICY), "--history", str(path), "--json"]
    )
    told = json.loads(result.output)
    assert result.exit_code == 0
    assert told["without"]["failed_jobs"] == 4
    assert len(told["refused"]) == 2
    assert told["saved"] == str(400 * 10**6)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param({"roots": ["x"]}, "roots.0", id="a root that is none"),
        pytest.param({"more": 1}, "more: unknown field", id="unknown field"),
        pytest.param({"tasks": [{"job": "0x"}]}, "tasks.0", id="half a job"),
    ],
)
def test_command__a_history_that_is_none__is_refused(
    tmp_path: Path, change: dict[str, object], says: str
) -> None:
    path = tmp_path / "history.json"
    made = json.loads(History(tasks=(task(1),)).canonical())
    path.write_text(json.dumps(made | change))
    result = CliRunner().invoke(
        cli, ["policy", "simulate", str(drift.POLICY), "--history", str(path), "--json"]
    )
    assert result.exit_code == 2
    assert says in json.loads(result.output)["message"]


def test_history__with_an_unknown_field_in_a_job__is_refused(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    made = json.loads(History(tasks=(task(1),)).canonical())
    made["tasks"][0]["surprise"] = 1
    path.write_text(json.dumps(made))
    result = CliRunner().invoke(
        cli, ["policy", "simulate", str(drift.POLICY), "--history", str(path), "--json"]
    )
    assert "surprise" in json.loads(result.output)["message"]
