"""The report and a failure's replay as pages."""

from __future__ import annotations

import pytest

from oracle.pages.place import Place
from tests.unit.api.world import World
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
