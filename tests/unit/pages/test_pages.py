"""Pages: each is there, says what it must, and what is not known is said so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from oracle.pages.app import Front, make_pages
from oracle.peers.limits import Rates
from oracle.store.database import Database
from oracle.web.limits import Limits
from tests.databases import Databases
from tests.unit.api.world import World
from tests.unit.evaluation.builders import make_case
from tests.unit.pages.site import every_path, judged_job, keep, made_site
from tests.unit.store.score_history import AGENTS, ROOT


@pytest.fixture
def world(databases: Databases) -> Iterator[World]:
    made = made_site(databases)
    yield made
    made.database.close()


def test_every_page__is_there_and_names_its_block(world: World) -> None:
    for path in every_path(world):
        answer = world.client.get(path)
        assert answer.status_code == 200, path
        assert answer.text.startswith("<!doctype html>")
        assert answer.text.count("<h1") == 1, path
        assert "<title>" in answer.text
        if path != "/about":
            assert "Read at block" in answer.text, path


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/agents/0x" + "99" * 20, id="unknown agent"),
        pytest.param("/agents/nobody", id="no address"),
        pytest.param("/agents/0x" + "aA" * 20, id="wrong checksum"),
        pytest.param("/jobs/0x" + "99" * 32, id="unknown job"),
        pytest.param("/jobs/0x99", id="no hash"),
        pytest.param("/committees/0x" + "99" * 32, id="unknown committee"),
        pytest.param("/evaluators/0x" + "99" * 20, id="unknown evaluator"),
        pytest.param("/pacts/0x" + "99" * 32, id="unknown pact"),
        pytest.param("/documents/0x" + "99" * 32, id="unknown document"),
        pytest.param("/assets/../app.py", id="no asset"),
        pytest.param("/wp-admin", id="no page"),
        pytest.param("/jobs/", id="slash"),
    ],
)
def test_unknown_thing__is_a_page_that_says_so(world: World, path: str) -> None:
    answer = world.client.get(path)
    assert answer.status_code == 404
    assert "<h1>Nothing is known here under this name</h1>" in answer.text
    assert "etag" not in answer.headers


def test_empty_store__says_that_nothing_was_read(databases: Databases) -> None:
    database = Database(databases.made())
    empty = World(database)
    client = TestClient(Front(make_pages(empty.source, limits=Limits()), empty.app))
    answer = client.get("/")
    assert answer.status_code == 503
    assert "This cannot be shown now" in answer.text
    database.close()


def test_headers__let_nothing_foreign_in(world: World) -> None:
    for path in [*every_path(world), "/nothing"]:
        headers = world.client.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self';")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_page__names_nothing_outside_and_no_style_inside(world: World) -> None:
    for path in every_path(world):
        text = world.client.get(path).text
        named = re.findall(r"""(?:href|src|action)=["']?([^"'\s>]+)""", text)
        assert named
        assert all(one.startswith(("/", "#")) and not one.startswith("//") for one in named), path
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=", text), path


def test_page__with_its_tag__is_not_sent_again(world: World) -> None:
    first = world.client.get("/")
    again = world.client.get("/", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert world.client.get("/", headers={"if-none-match": 'W/"other"'}).status_code == 200


def test_assets__are_kept_for_ever_under_their_hash(world: World) -> None:
    found = set(re.findall(r"/assets/[\w.-]+", world.client.get("/").text))
    assert any(name.endswith(".css") for name in found)
    for name in found:
        answer = world.client.get(name)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert world.client.get("/assets/pages.css").status_code == 404


def test_writing__is_refused(world: World) -> None:
    for path in ("/", "/agents/" + AGENTS[0]):
        assert world.client.post(path, content=b"x").status_code == 405


def test_stranger_who_asks_too_often__waits(world: World) -> None:
    meter = Rates(per_second=1, burst=2)
    client = TestClient(Front(make_pages(world.source, limits=Limits(), meter=meter), world.app))
    assert [client.get("/about").status_code for _ in range(3)] == [200, 200, 429]


def test_directory__pages__show_every_agent_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oracle.pages.views_directory.LINES", 1)
    for sort in ("score", "cap", "fresh", "price", "agent"):
        shown: list[str] = []
        path: str | None = f"/?sort={sort}"
        while path is not None:
            text = world.client.get(path).text
            shown += re.findall(r'<th scope="row"[^>]*><a href="/agents/(0x[0-9a-f]{40})"', text)
            found = re.search(r'href="(/\?[^"]+)" rel="next"', text)
            path = found.group(1).replace("&amp;", "&") if found else None
        assert sorted(shown) == sorted(AGENTS), sort


def test_directory__filters__leave_out_who_does_not_fit(world: World) -> None:
    whole = world.client.get("/").text
    assert all(f"/agents/{agent}" in whole for agent in AGENTS)
    some = world.client.get("/", params={"q": AGENTS[1], "sort": "cap"}).text
    assert f"/agents/{AGENTS[1]}" in some
    assert f"/agents/{AGENTS[0]}" not in some
    nobody = world.client.get("/", params={"cap": "1,000,000 USDC"}).text
    assert "No agent fits all of this" in nobody
    assert 'value="1,000,000 USDC"' in nobody


@pytest.mark.parametrize(
    ("field", "value"),
    [("q", "0xZZ"), ("pact", "all"), ("score", "1000x"), ("cap", "-1"), ("price", "1e9"), ("passed", "8"),
     ("sort", "luck")],
)  # fmt: skip
def test_directory__a_field_that_cannot_be_read__is_named(world: World, field: str, value: str) -> None:
    answer = world.client.get("/", params={field: value})
    assert answer.status_code == 200
    assert 'role="alert"' in answer.text
    assert '<th scope="row"' not in answer.text


def test_directory__a_cursor_of_another_question__is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oracle.pages.views_directory.LINES", 1)
    text = world.client.get("/?sort=score").text
    cursor = re.search(r"cursor=([\w-]+)", text)
    assert cursor is not None
    assert world.client.get(f"/?sort=cap&cursor={cursor.group(1)}").status_code == 400


def test_job__with_a_public_record__shows_what_came_of_each_condition(world: World, tmp_path: Path) -> None:
    case = make_case(tmp_path)
    record = case.judge()
    kept = case.store.put(record.canonical())
    keep(world, tmp_path / "evidence")
    id_ = judged_job(world, record.pact, kept)
    text = world.client.get(f"/jobs/{id_}").text
    assert text.count('class="condition sheet"') == len(record.conditions)
    assert f"/documents/{kept}" in text
    assert f"oracle verify record.json --expect {kept}" in text
    assert "If nobody acts" in text
    assert world.client.get(f"/documents/{kept}").content == record.canonical()
    pact = world.client.get(f"/pacts/{record.pact}").text
    assert "What must hold" in pact


def test_job__the_host_a_stranger_names__does_not_reach_a_command(world: World) -> None:
    id_ = judged_job(world, "0x" + "a1" * 32, "0x" + "e7" * 32)
    text = world.client.get(f"/jobs/{id_}", headers={"host": "x.example;rm -rf ~"}).text
    assert "rm -rf" not in text
    assert re.search(r"--from https?://[a-z.-]+/documents ", text)


def test_committee__shows_members_and_terms(world: World) -> None:
    text = world.client.get(f"/committees/{ROOT}").text
    assert "/evaluators/0x" + "e1" * 20 in text
    assert "This oracle counts its passes in scores" in text
