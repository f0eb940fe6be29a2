"""Every read of the API is a tool: a route that is added without one fails here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx
import pytest
from mcp import Client

from oracle.api.app import described
from oracle.api.mcp_tools import mcp_server
from oracle.api.reader import Reader
from tests.databases import Databases
from tests.unit.api.world import made_world

NO_TOOL: Final = {
    "/v1/key": "a key taken from the oracle that is to be checked with it checks nothing; see `--key`",
}
"""Routes that are no tool, and why. The OpenAPI document is not among its own routes."""

SAMPLES: Final = ("0x" + "11" * 20, "0x" + "11" * 32, "Judged", "PeriodJudged")


@dataclass(frozen=True)
class Asked:
    """What a tool asked: the route, and the parameters after `?`."""

    tool: str
    route: str
    parameters: frozenset[str]


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, dict[str, Any]]]]:
    """Each GET route with its query parameters by name."""
    made = made_world(Databases(tmp_path_factory.mktemp("routes"), None))
    document = described(made.source).openapi()
    yield {
        path: {one["name"]: one for one in methods["get"].get("parameters", []) if one["in"] == "query"}
        for path, methods in document["paths"].items()
        if "get" in methods
    }
    made.database.close()


def sample(schema: dict[str, Any]) -> object:
    """Something an argument's schema allows, and not null."""
    kind = schema.get("anyOf", [schema])[0]
    if "enum" in kind:
        return kind["enum"][0]
    if kind["type"] == "integer":
        return kind["minimum"] + 1
    return next(one for one in SAMPLES if re.search(kind["pattern"], one))


def route_of(path: str, routes: dict[str, Any]) -> str:
    """The route a path is one of; a route without parameters in its path comes first."""
    for route in sorted(routes, key=lambda one: one.count("{")):
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", route), path):
            return route
    raise AssertionError(f"a tool asks {path}, which the OpenAPI document does not have")


async def ask_everything(routes: dict[str, Any], *, whole: bool) -> list[Asked]:
    """Call each tool with all its arguments, or with those it needs; what was asked of the API."""
    seen: list[httpx.URL] = []

    def heard(request: httpx.Request) -> httpx.Response:
        seen.append(request.url)
        return httpx.Response(200, json={})

    told = []
    with Reader("https://oracle.example", transport=httpx.MockTransport(heard)) as reader:
        async with Client(mcp_server(reader)) as client:
            for tool in (await client.list_tools()).tools:
                wanted = tool.input_schema["properties"]
                if not whole:
                    wanted = {name: wanted[name] for name in tool.input_schema.get("required", [])}
                arguments = {name: sample(schema) for name, schema in wanted.items()}
                result = await client.call_tool(tool.name, arguments)
                assert not result.is_error, (tool.name, result.content)
                url = seen.pop()
                assert not seen, f"{tool.name} asks more than once"
                told.append(Asked(tool.name, route_of(url.path, routes), frozenset(url.params)))
    return told


async def test_routes__every_one__is_a_tool_or_says_why_not(routes: dict[str, Any]) -> None:
    asked = {one.route for one in await ask_everything(routes, whole=True)}
    assert not set(routes) - asked - set(NO_TOOL), "routes without a tool: add it, or the reason to NO_TOOL"
    assert not asked & set(NO_TOOL), "there is a tool for what NO_TOOL says has none"
    assert set(NO_TOOL) <= set(routes), "NO_TOOL names a route that is gone"


async def test_routes__every_parameter__can_be_given_to_a_tool(routes: dict[str, Any]) -> None:
    given: dict[str, set[str]] = {}
    for one in await ask_everything(routes, whole=True):
        given.setdefault(one.route, set()).update(one.parameters)
    assert given == {route: set(parameters) for route, parameters in routes.items() if route not in NO_TOOL}


async def test_tools__with_what_they_need_alone__ask_for_bounded_pages(routes: dict[str, Any]) -> None:
    lists = {route for route, parameters in routes.items() if "limit" in parameters}
    asked = [one for one in await ask_everything(routes, whole=False) if one.route in lists]
    assert {one.route for one in asked} == lists
    assert all("limit" in one.parameters for one in asked)


async def test_tools__arguments__are_bounded_as_the_routes_are(routes: dict[str, Any]) -> None:
    def bounds(schema: dict[str, Any]) -> dict[str, Any]:
        kind = schema.get("anyOf", [schema])[0]
        names = ("type", "pattern", "enum", "minimum", "maximum", "maxLength")
        return {name: kind[name] for name in names if name in kind}

    asked = {one.tool: one for one in await ask_everything(routes, whole=True)}
    with Reader("https://oracle.example") as reader:
        async with Client(mcp_server(reader)) as client:
            tools = (await client.list_tools()).tools
    compared = 0
    for tool in tools:
        parameters = routes[asked[tool.name].route]
        for name, schema in tool.input_schema["properties"].items():
            if name in asked[tool.name].parameters:
                assert bounds(schema) == bounds(parameters[name]["schema"]), (tool.name, name)
                compared += 1
    assert compared > len(tools)
