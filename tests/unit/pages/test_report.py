"""The report and a failure's replay as pages."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from oracle.history.task import Task
from oracle.incident.derive import IncidentError
from oracle.pages.place import Place
from oracle.report.document import Report
from oracle.report.reading import read_report
from oracle.store.tasks import tasks_of
from tests.unit.api.world import World
from tests.unit.pages.site import judged_job
from tests.unit.pages.test_pages import world

__all__ = ["world"]


def lost(world: World) -> str:
    found = world.get("/jobs", limit=200)["items"]
    return str(next(one["job"] for one in found if one["outcome"] == "fail" and one["disputant"]))


def test_report__shows_every_measure_and_its_plots_as_tables(world: World) -> None:
    text = world.client.get("/report").text
    for words in ("pacts kept", "disputes", "verdicts overturned", "never delivered", "repeat a weakness"):
        assert words in text
    assert text.count("<svg xmlns") == 2
    assert text.count("<desc ") == 2
    assert "The figures of both plots" in text
    assert "60 jobs opened" in text


def test_incident__names_what_broke_first(world: World) -> None:
    job = lost(world)
    answer = world.client.get(f"/jobs/{job}/incident")
    assert answer.status_code == 200, answer.text
    assert "First broken: the delivery meets the pact" in answer.text
    assert "Who bore what" in answer.text
    assert f'href="/jobs/{job}"' in answer.text


@pytest.mark.parametrize("job", ["0x" + "99" * 32, "0x12", "%3Cscript%3E"])
def test_incident__of_nothing__is_said(world: World, job: str) -> None:
    answer = world.client.get(f"/jobs/{job}/incident")
    assert answer.status_code == 404
    assert "<script>" not in answer.text


def test_incident__of_a_job_that_went_well__is_said(world: World) -> None:
    found = world.get("/jobs", limit=200)["items"]
    well = next(one["job"] for one in found if one["outcome"] == "pass" and not one["disputant"])
    answer = world.client.get(f"/jobs/{well}/incident")
    assert answer.status_code == 404
    assert "othing went wrong" in answer.text


def test_place__a_report_is_kept_for_a_minute(world: World) -> None:
    place = Place(world.source)
    with world.database.read() as session:
        assert place.report(session) is place.report(session)


def test_place__asked_by_many_at_once__makes_one_report(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, begun, go = Place(world.source), threading.Event(), threading.Event()
    made: list[int] = []
    clock = SimpleNamespace(now=100.0)
    clock.monotonic = lambda: clock.now

    def slow(session: Session, *given: Any, **more: Any) -> Report:
        made.append(1)
        begun.set()
        assert go.wait(30)
        return read_report(session, *given, **more)

    def asked() -> Report:
        with world.database.read() as session:
            return place.report(session)

    monkeypatch.setattr("oracle.pages.place.read_report", slow)
    monkeypatch.setattr("oracle.pages.place.time", clock)
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(asked) for _ in range(4)]
        assert begun.wait(30)
        go.set()
        first = {id(one.result(30)) for one in waiting}
        assert (len(first), len(made)) == (1, 1)
        go.clear()
        begun.clear()
        clock.now += 61
        new = pool.submit(asked)
        assert begun.wait(30)
        assert id(asked()) in first, "the last one, while a new one is made"
        go.set()
        assert id(new.result(30)) not in first
    assert len(made) == 2


def test_incident__of_jobs_that_are_open__reads_all_jobs_at_most_every_5_seconds(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=100.0)
    clock.monotonic = lambda: clock.now
    read: list[int] = []

    def counted(session: Session, **given: Any) -> list[Task]:
        read.append(1)
        return tasks_of(session, **given)

    monkeypatch.setattr("oracle.store.tasks.time", clock)
    monkeypatch.setattr("oracle.store.tasks.tasks_of", counted)
    place = Place(world.source)

    def says(job: str) -> str:
        with world.database.read() as session, pytest.raises(IncidentError) as raised:
            place.incident(session, job)
        return raised.value.message

    opened = judged_job(world, "0x" + "a1" * 32, "0x" + "ee" * 32)
    for _ in range(3):
        assert "nothing went wrong" in says(opened)
    assert len(read) == 1, "an open job is no reason to read everything"
    newer = judged_job(world, "0x" + "a1" * 32, "0x" + "ee" * 32, number=801)
    assert "not in this store" in says(newer)
    assert len(read) == 1
    clock.now += 5
    assert "nothing went wrong" in says(newer)
    assert "not in this store" in says("0x" + "99" * 32)
    assert len(read) == 2
