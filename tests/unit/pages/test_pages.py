"""Pages: each is there, and what is not known is said so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from oracle.pages.app import Front, make_pages
from oracle.web.limits import Limits
from tests.databases import Databases
from tests.unit.api.world import World, made_world
from tests.unit.store.score_history import AGENTS, ROOT


@pytest.fixture
def world(databases: Databases) -> Iterator[World]:
    made = made_world(databases)
    made.client = TestClient(
        Front(make_pages(made.source, limits=Limits()), made.app), raise_server_exceptions=False
    )
    yield made
    made.database.close()


def every_page(world: World) -> list[str]:
    job = world.get("/jobs", limit=1)["items"][0]
    return [
        "/",
        f"/agents/{AGENTS[0]}",
        "/jobs",
        f"/jobs/{job['job']}",
        "/committees",
        f"/committees/{ROOT}",
        "/evaluators/0x" + "e1" * 20,
        f"/pacts/{job['pact']}",
        "/about",
        "/report",
    ]


def test_every_page__is_there(world: World) -> None:
    for path in every_page(world):
        answer = world.client.get(path)
        assert answer.status_code == 200, path
        assert answer.text.startswith("<!doctype html>")
