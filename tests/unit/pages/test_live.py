"""The page that follows, and what the contract's refusals are turned into for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from oracle.chain.abi import load_abi
from oracle.pages.app import Front, make_pages
from oracle.web.limits import Limits
from tests.databases import Databases
from tests.unit.api.world import World, made_world


@pytest.fixture
def world(databases: Databases) -> Iterator[World]:
    made = made_world(databases)
    made.client = TestClient(
        Front(make_pages(made.source, limits=Limits()), made.app), raise_server_exceptions=False
    )
    yield made
    made.database.close()


def test_live__names_the_last_jobs_and_events(world: World) -> None:
    shown = world.client.get("/live")
    assert shown.status_code == 200
    newest = world.get("/jobs", limit=1)["items"][0]
    assert f"/jobs/{newest['job']}" in shown.text
    assert "Closed" in shown.text
    # Asked again with its tag, nothing is sent: that is what makes asking every two seconds cheap.
    again = world.client.get("/live", headers={"if-none-match": shown.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_explain__names_the_contracts_error_and_what_to_do(world: World) -> None:
    error = load_abi("Escrow").errors
    selector = next(key for key, each in error.items() if each.name == "InsufficientCollateral")
    words = [int("b1" * 20, 16), 5_000_000, 260_000_000]
    data = "0x" + selector.hex() + "".join(f"{word:064x}" for word in words)
    told = world.client.get("/explain", params={"data": data}).json()
    assert told["name"] == "InsufficientCollateral"
    assert "has 5.00 USDC of free collateral and needs 260.00 USDC" in told["message"]
    assert "255.00 USDC" in told["next_step"]


@pytest.mark.parametrize("data", ["", "0", "0xzz", "0x123", "<script>", "0x" + "00" * 2049])
def test_explain__refuses_what_is_no_revert_data(world: World, data: str) -> None:
    answer = world.client.get("/explain", params={"data": data})
    assert answer.status_code == 400
    assert "script" not in answer.text


def test_explain__says_so_where_the_bytes_mean_nothing(world: World) -> None:
    told = world.client.get("/explain", params={"data": "0xdeadbeef"}).json()
    assert told["name"] is None
    assert "0xdeadbeef" in told["message"]
