"""An agent asks by the Model Context Protocol and is told what the API says."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client, StdioServerParameters

from oracle.api.mcp_tools import mcp_server
from oracle.api.reader import AskError, Reader
from oracle.store import tabs as tab_store
from oracle.web.host import Host
from tests.databases import Databases
from tests.unit.api.test_tabs import CONTRACT, FIRST, LIFE, PROVIDER, happen
from tests.unit.api.world import World, made_world
from tests.unit.store.score_history import AGENTS, ROOT

HAS_NONE = ("agent_screening", "agent_feedback")
"""Lists of which this world's agents have nothing."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = made_world(Databases(tmp_path_factory.mktemp("mcp"), None))
    with made.database.write() as session:
        tab_store.follow(session, CONTRACT)
    happen(made, *LIFE)
    made.catch_up()
    yield made
    made.database.close()


@pytest.fixture(scope="module")
def url(world: World) -> Iterator[str]:
    with closing(Host(world.app, "127.0.0.1", 0)) as host:
        host.start()
        yield host.url


async def told(client: Client, tool: str, **arguments: object) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    found: dict[str, Any] = json.loads(result.content[0].text)  # type: ignore[union-attr]
    return found


async def test_tools__over_the_api__say_what_it_says(world: World, url: str) -> None:
    with Reader(url, key=world.key.public) as reader:
        async with Client(mcp_server(reader)) as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            assert {"agent_score", "agent_evidence", "job", "pact", "committee", "status"} <= names
            assert await told(client, "agent_score", agent=AGENTS[0]) == world.get(
                f"/agents/{AGENTS[0]}/score"
            )
            jobs = await told(client, "agent_jobs", provider=AGENTS[0], limit=3)
            assert [job["provider"] for job in jobs["items"]] == [AGENTS[0]] * 3
            more = await told(client, "agent_jobs", provider=AGENTS[0], limit=3, cursor=jobs["next"])
            assert not {job["job"] for job in jobs["items"]} & {job["job"] for job in more["items"]}
            assert (await told(client, "committee", committee=ROOT))["committee"]["committee"] == ROOT


@pytest.mark.parametrize(
    ("tool", "arguments", "path"),
    [
        pytest.param("agents", {"order": "cap"}, "/agents?order=cap&limit=20", id="agents"),
        pytest.param("agent", {"agent": PROVIDER}, f"/agents/{PROVIDER}", id="agent"),
        pytest.param("agent_tabs", {"provider": PROVIDER}, f"/tabs?provider={PROVIDER}", id="tabs"),
        pytest.param("tab", {"tab": FIRST}, f"/tabs/{FIRST}", id="tab"),
        pytest.param("tab_periods", {"tab": FIRST}, f"/tabs/{FIRST}/periods", id="periods"),
        pytest.param(
            "tab_disputes", {"agent": PROVIDER}, f"/tab-events?name=PeriodDisputed&agent={PROVIDER}",
            id="disputes over tabs",
        ),
        pytest.param("disputes", {"agent": AGENTS[0]}, f"/disputes?agent={AGENTS[0]}", id="disputes"),
        pytest.param(
            "agent_admission", {"agent": AGENTS[0], "price": 5}, f"/agents/{AGENTS[0]}/admission?price=5",
            id="admission",
        ),
        pytest.param("agent_screening", {"agent": PROVIDER}, f"/agents/{PROVIDER}/screening", id="screening"),
        pytest.param("agent_feedback", {"agent": PROVIDER}, f"/agents/{PROVIDER}/feedback", id="feedback"),
        pytest.param(
            "verdicts", {"agent": AGENTS[0], "limit": 2}, f"/verdicts?agent={AGENTS[0]}&limit=2",
            id="verdicts",
        ),
        pytest.param("events", {"name": "JobClosed"}, "/events?name=JobClosed&limit=20", id="events"),
        pytest.param("tab_events", {"tab": FIRST}, f"/tab-events?tab={FIRST}&limit=20", id="events of a tab"),
        pytest.param("evaluators", {"committee": ROOT}, f"/evaluators?committee={ROOT}", id="evaluators"),
        pytest.param("committees", {}, "/committees", id="committees"),
        pytest.param("pacts", {"agent": AGENTS[0]}, f"/pacts?agent={AGENTS[0]}", id="pacts"),
    ],
)  # fmt: skip
async def test_tool__for_each_read__says_what_the_api_says(
    world: World, url: str, tool: str, arguments: dict[str, object], path: str
) -> None:
    with Reader(url, key=world.key.public) as reader:
        async with Client(mcp_server(reader)) as client:
            found = await told(client, tool, **arguments)
    assert found == world.client.get("/v1" + path).json()
    assert bool(found.get("items", found)) is (tool not in HAS_NONE), "an empty list shows nothing"


@pytest.mark.parametrize("tool", ["verdicts", "events", "tab_events"])
async def test_list__page_by_page__is_the_whole_list(world: World, url: str, tool: str) -> None:
    path = "/" + tool.replace("_", "-")
    found: list[Any] = []
    with Reader(url, key=world.key.public) as reader:
        async with Client(mcp_server(reader)) as client:
            whole = await told(client, tool, limit=9)
            page = await told(client, tool, limit=3)
            for _ in range(2):
                found += page["items"]
                page = await told(client, tool, limit=3, cursor=page["next"])
            found += page["items"]
    assert found == whole["items"] == world.get(path, limit=9)["items"]
    assert len(found) == 9


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        pytest.param("job", {"job": "0x" + "99" * 32}, id="unknown job"),
        pytest.param("tab", {"tab": "0x" + "99" * 32}, id="unknown tab"),
        pytest.param("tab_periods", {"tab": "0x" + "99" * 32}, id="periods of an unknown tab"),
        pytest.param("methodology", {"methodology": "0x" + "99" * 32}, id="methodology not kept"),
        pytest.param("job", {"job": "../status"}, id="a path instead of a hash"),
        pytest.param("agent_score", {"agent": AGENTS[0] + "/../.."}, id="a path instead of an agent"),
        pytest.param("agent_score", {"agent": AGENTS[0], "at": 10**9}, id="block not read yet"),
        pytest.param("agent_jobs", {"cursor": "AAAA"}, id="a cursor from elsewhere"),
        pytest.param("verdicts", {"cursor": "AAAA"}, id="a cursor from elsewhere, of verdicts"),
        pytest.param("events", {"name": "Nothing"}, id="an event that is none"),
        pytest.param("events", {"limit": 201}, id="too many events"),
        pytest.param("pacts", {"limit": 0}, id="a page of nothing"),
        pytest.param("evaluators", {"committee": AGENTS[0]}, id="an address instead of a committee"),
        pytest.param("feedback_document", {"document": "0x" + "99" * 32}, id="feedback not written here"),
        pytest.param("policies", {}, id="no policy in force"),
    ],
)
async def test_tool__what_the_api_refuses__is_an_error(
    url: str, tool: str, arguments: dict[str, object]
) -> None:
    with Reader(url) as reader:
        async with Client(mcp_server(reader)) as client:
            assert (await client.call_tool(tool, arguments)).is_error


async def test_command__over_standard_input__answers(world: World, url: str) -> None:
    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-c", "from oracle.cli.main import main; main()", "mcp", "--api", url],
        env={"PYTHONPATH": str(Path(__file__).parents[3])},
    )
    async with Client(parameters) as client:
        assert (await told(client, "status"))["key"] == world.key.public


def down(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        pytest.param(lambda _: httpx.Response(200, json={"score": 999}), "not signed", id="no signature"),
        pytest.param(lambda _: httpx.Response(200, text="<html>"), "not JSON", id="no JSON"),
        pytest.param(lambda _: httpx.Response(200, json=[1]), "not a JSON object", id="no object"),
        pytest.param(lambda _: httpx.Response(200, content=b" " * 5_000_000), "larger", id="too large"),
        pytest.param(
            lambda _: httpx.Response(302, json={}, headers={"location": "http://10.0.0.1"}), "302", id="moved"
        ),
        pytest.param(lambda _: httpx.Response(404, json={"detail": "no job"}), "no job", id="refused"),
        pytest.param(down, "cannot be reached", id="down"),
    ],
)
def test_reader__what_cannot_be_trusted__is_refused(
    world: World, answer: Callable[[httpx.Request], httpx.Response], message: str
) -> None:
    transport = httpx.MockTransport(answer)
    with (
        Reader("https://oracle.example", key=world.key.public, transport=transport) as reader,
        pytest.raises(AskError, match=message),
    ):
        reader.get("status")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "oracle.example", "https://", "https://x/?a=b"])
def test_reader__address_that_is_none__is_refused(url: str) -> None:
    with pytest.raises(AskError, match="http or https"):
        Reader(url)
