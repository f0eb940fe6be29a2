"""Jurors' measured error rates where committees and methodologies are shown; benchmarks where agents are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient

from oracle.api.app import make_api
from oracle.api.measured import measured_in
from oracle.api.source import Source
from oracle.cli.main import cli
from oracle.jury.probes import Calibration
from oracle.jury.prompt import FRAME_VERSION
from oracle.store import screening
from oracle.store.screening import Screening
from oracle.web.limits import Limits
from tests.databases import Databases
from tests.unit.api.world import TERMS, World, made_world
from tests.unit.store.score_history import AGENTS, ROOT

METHODOLOGY = TERMS.methodology


@pytest.fixture
def world(databases: Databases) -> Iterator[World]:
    made = made_world(databases)
    yield made
    made.database.close()


def calibration(folder: Path, methodology: str = METHODOLOGY) -> None:
    """Four probes; "a" passes one that is bad, "b" does not answer one that is good."""
    votes = {"p1": ("pass", "pass", "pass"), "p2": ("pass", "pass", "cannot_tell"),
             "p3": ("fail", "pass", "fail"), "p4": ("fail", "fail", "fail")}  # fmt: skip
    results = [
        {
            "probe": name, "item": name, "kind": "extraction", "gold": gold, "adversarial": name == "p3",
            "votes": [_vote("a", first), _vote("b", second)],
        }
        for name, (gold, first, second) in votes.items()
    ]  # fmt: skip
    made = {
        "schema": "earnest/calibration/1", "methodology": methodology, "frame": FRAME_VERSION,
        "probe_set": "0x" + "5e" * 32, "seed": "0x" + "00" * 32, "measured_at": 1_767_225_600,
        "results": results, "runs": [], "not_measured": {"c": "no key"},
    }  # fmt: skip
    Calibration.parse(orjson.dumps(made), what="it")
    (folder / f"{METHODOLOGY}.json").write_bytes(orjson.dumps(made))


def _vote(juror: str, verdict: str) -> dict[str, Any]:
    return {"juror": juror, "family": juror, "template": "plain", "verdict": verdict}


def client_of(world: World, folder: Path) -> TestClient:
    source = Source(
        world.database, world.key, world.documents.get, frozenset([ROOT]), measured=measured_in(folder)
    )
    return TestClient(make_api(source, limits=Limits()))


def test_committee__shows_what_its_jurors_got_wrong(world: World, tmp_path: Path) -> None:
    calibration(tmp_path)
    found = client_of(world, tmp_path).get(f"/v1/committees/{ROOT}").json()["measurement"]
    first, second = found["jurors"]
    assert (first["juror"], first["bad_passed"]["asked"], first["bad_passed"]["wrong"]) == ("a", 2, "1.0")
    assert first["bad_passed"]["share"] == 500
    assert first["adversarial"]["wrong"] == "1.0"
    assert (second["good_not_passed"]["wrong"], second["good_not_passed"]["unheard"]) == ("0.5", 1)
    assert first["bad_passed"]["low"] < 500 < first["bad_passed"]["high"]
    assert found["kinds"]["extraction"] == found["jurors"]
    assert (found["probes"], found["not_measured"]) == (4, {"c": "no key"})


@pytest.mark.parametrize("content", [None, b"{", b"{}", b"\xff" * 100])
def test_measurement__absent_or_broken__is_null(world: World, tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / f"{METHODOLOGY}.json").write_bytes(content)
    answer = client_of(world, tmp_path).get(f"/v1/committees/{ROOT}")
    assert (answer.status_code, answer.json()["measurement"]) == (200, None)


def test_measurement__of_another_methodology__is_not_shown(world: World, tmp_path: Path) -> None:
    calibration(tmp_path, "0x" + "77" * 32)
    assert client_of(world, tmp_path).get(f"/v1/committees/{ROOT}").json()["measurement"] is None


def attach(world: World, agent: str, result: str) -> None:
    with world.database.write() as session:
        one = Screening(
            0, agent, None, "Bench 1.0", result, "https://bench.example/1", "2026-11-01", "code", 1.0
        )
        screening.add(session, one)


def test_benchmarks__are_shown_and_enter_no_score(world: World) -> None:
    paths = [f"/agents/{agent}/{what}" for agent in AGENTS for what in ("score", "evidence", "score/history")]
    before = [world.get(path) for path in [*paths, "/agents"]]
    for agent in AGENTS:
        attach(world, agent, "100 %")
    world.source.book._entries.clear()
    world.catch_up()
    assert [world.get(path) for path in [*paths, "/agents"]] == before
    shown = world.get(f"/agents/{AGENTS[0]}/screening")
    assert shown["counted"] is False
    assert [(one["benchmark"], one["result"], one["source"], one["measured_on"], one["scope"])
            for one in shown["items"]] == [
        ("Bench 1.0", "100 %", "https://bench.example/1", "2026-11-01", "code")
    ]  # fmt: skip


def test_screening_command__attaches_lists_and_removes(tmp_path: Path) -> None:
    configuration = tmp_path / "oracle.toml"
    configuration.write_text(
        '[chain]\nrpc = "http://127.0.0.1:1"\nchain_id = 31337\ndeployment = "local.json"\n'
        '[keys]\nsender = {env = "KEY"}\n'
    )

    def run(*arguments: str, code: int = 0) -> Any:
        found = CliRunner().invoke(cli, [*arguments, "--config", str(configuration), "--json"])
        assert found.exit_code == code, found.output
        return orjson.loads(found.output)

    def add(code: int = 0, **changed: str) -> Any:
        told = {"benchmark": "B", "result": "1", "source": "https://b.example/", "date": "2026-11-01",
                "scope": "all", **changed}  # fmt: skip
        options = [part for name, value in told.items() for part in (f"--{name}", value)]
        return run("screening", "add", AGENTS[0], *options, code=code)

    run("db", "upgrade")
    number = add()["id"]
    for field, value in {
        "source": "http://b.example/", "date": "yesterday", "scope": "x" * 2_001, "result": "a\nb",
    }.items():  # fmt: skip
        assert add(code=2, **{field: value})["field"] == field
    assert [one["id"] for one in run("screening", "list", AGENTS[0])["items"]] == [number]
    run("screening", "remove", str(number))
    assert run("screening", "remove", str(number), code=2)["field"] == "number"
