"""A service that streams, behind a tab: its response comes whole, or is refused by name and not charged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.responses import StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from oracle.tabs import wire
from oracle.tabs.asgi import Bounds, BoundsError, TabMiddleware
from oracle.tabs.client import UnansweredError
from oracle.tabs.exchange import Response, hash_of
from oracle.tabs.log import LogLimits, TabLog
from oracle.tabs.rules import Rules
from tests.unit.tabs.parties import TAB
from tests.unit.tabs.test_web import both_agree, paid
from tests.unit.tabs.web import USDC, World

EVENTS = [b"data: one\n\n", b"data: two\n\n", b"data: three\n\n"]
START: Message = {"type": "http.response.start", "status": 200, "headers": []}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def serve(world: World, parts: Callable[[], AsyncIterator[bytes]]) -> None:
    """The route /stream of the world's service."""

    async def stream() -> StreamingResponse:
        world.served.append("stream")
        return StreamingResponse(parts(), media_type="text/event-stream")

    world.app.add_api_route("/stream", stream)


def behind(world: World, app: ASGIApp) -> TabMiddleware:
    return TabMiddleware(app, service=world.service, asset=USDC, price=10, bounds=world.bounds)


async def in_parts(parts: list[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        await asyncio.sleep(0)
        yield part


async def without_end() -> AsyncIterator[bytes]:
    while True:
        await asyncio.sleep(0)
        yield EVENTS[0]


async def test_a_stream_that_ends__comes_whole_and_its_receipt_names_all_of_it(world: World) -> None:
    serve(world, lambda: in_parts(EVENTS))
    async with world.client.stream("GET", "/stream") as response:
        assert [line async for line in response.aiter_lines() if line] == [
            "data: one", "data: two", "data: three",
        ]  # fmt: skip
    assert response.headers["content-type"].startswith("text/event-stream")
    head = (("content-type", response.headers["content-type"]),)
    answer = world.buyer_log.answer(TAB, 0)
    assert answer is not None
    assert answer.receipt.response == hash_of(Response(200, head, b"".join(EVENTS)).encode())
    both_agree(world, 1, 10)


async def test_a_stream_beyond_the_limit__is_refused_by_name_served_once_and_costs_nothing(
    world: World,
) -> None:
    serve(world, without_end)
    with pytest.raises(UnansweredError, match=r"500 .*OversizedResponseError: .*larger than 2000 bytes"):
        await world.client.get("/stream")
    await world.client.get("/echo/after")
    assert world.served == ["stream", "after"]
    assert world.buyer_log.pending(TAB) == []
    both_agree(world, 1, 10)


async def test_a_response_of_just_the_limit__is_taken(world: World) -> None:
    serve(world, lambda: in_parts([b"x" * 1_999, b"x"]))
    assert len((await world.client.get("/stream")).content) == 2_000
    both_agree(world, 1, 10)


async def test_a_stream_that_does_not_end_in_time__is_refused_by_name_and_costs_nothing(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, rules=Rules(maximum=400, in_flight=4, timeout=0))

    async def waits() -> AsyncIterator[bytes]:
        yield EVENTS[0]
        await asyncio.Event().wait()

    serve(world, waits)
    with pytest.raises(UnansweredError, match=r"504 .*LateResponseError: .*not done within 0 s"):
        await world.client.get("/stream")
    assert world.served.count("stream") <= 1
    assert world.provider_log.head(TAB).count == 0
    world.close()


async def test_a_stream_that_fails_on_its_way__has_no_receipt(world: World) -> None:
    async def fails() -> AsyncIterator[bytes]:
        yield EVENTS[0]
        raise ValueError("a defect")

    serve(world, fails)
    with pytest.raises(UnansweredError, match="500 without a receipt"):
        await world.client.get("/stream")
    assert world.provider_log.head(TAB).count == 0


async def called(world: World, app: ASGIApp, *after: Message, **scope: Any) -> list[Message]:
    """What a server would send, whose buyer sends `after` once its request is there."""
    sent: list[Message] = []
    coming = [{"type": "http.request", "body": b"", "more_body": False}, *after]

    async def receive() -> Message:
        return coming.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(name.lower().encode(), value.encode()) for name, value in paid("/stream").items()]
    request = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "method": "GET", "path": "/stream",
        "raw_path": b"/stream", "query_string": b"", "headers": headers,
    }  # fmt: skip
    await behind(world, app)(request | scope, receive, send)
    return sent


async def test_a_buyer_that_goes_away__finds_the_whole_answer_later(world: World) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await StreamingResponse(in_parts(EVENTS))(scope, receive, send)

    await called(world, app, {"type": "http.disconnect"})
    answer = world.provider_log.answer(TAB, 0)
    assert answer is not None
    assert Response.decode(answer.message).body == b"".join(EVENTS)


async def test_the_end__is_told_to_who_listens(world: World) -> None:
    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)
        await send({"type": "http.response.body", "body": b"x"})
        heard = [(await receive())["type"] for _ in range(2)]
        assert heard == ["http.request", "http.disconnect"]

    assert (await called(world, app))[0]["status"] == 200


def sends(*messages: Message, passes_over: bool = False, says: str = "") -> ASGIApp:
    """A service of its own making: it may pass over what it is told, or say something else."""

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        for message in messages:
            try:
                await send(message)
            except Exception as error:
                if says:
                    raise RuntimeError(says) from error
                if not passes_over:
                    raise

    return app


def body(content: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": content, "more_body": more}


@pytest.mark.parametrize(
    ("app", "name"),
    [
        (sends(), "BrokenResponseError"),
        (sends(START), "BrokenResponseError"),
        (sends(START, body(b"half", more=True)), "BrokenResponseError"),
        (sends(body(b"no head")), "BrokenResponseError"),
        (sends(START, START, body(b"all")), "BrokenResponseError"),
        (sends(START, body(b"all"), body(b"more")), "BrokenResponseError"),
        (sends(START, body(b"x" * 2_001)), "OversizedResponseError"),
        (sends(START, body(b"x" * 2_001, more=True), body(b"x"), passes_over=True), "OversizedResponseError"),
        (sends(START, body(b"x" * 2_001), says="the line is gone"), "OversizedResponseError"),
    ],
    ids=[
        "nothing",
        "head",
        "half",
        "no head",
        "two heads",
        "after its end",
        "large",
        "large, passed over",
        "large, said otherwise",
    ],
)
async def test_what_is_no_whole_response__has_no_receipt(world: World, app: ASGIApp, name: str) -> None:
    start, told = await called(world, app)
    assert start["status"] == 500
    assert f'"error":"{name}"'.encode() in told["body"]
    assert wire.RESPONSE.encode() not in dict(start["headers"])
    assert world.provider_log.head(TAB).count == 0
    assert world.service._tabs[TAB].ledger.at_risk == 0


async def test_what_a_server_would_send_past_us__is_not_offered_to_the_service(world: World) -> None:
    offered: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        offered.extend(scope["extensions"])
        await sends(START, body(b"x"))(scope, receive, send)

    await called(world, app, extensions={"http.response.pathsend": {}, "tls": {}})
    assert offered == ["tls"]


async def test_the_length__is_that_of_the_whole(world: World) -> None:
    head = {**START, "headers": [(b"Transfer-Encoding", b"chunked"), (b"x-kind", b"a")]}
    start, _ = await called(world, sends(head, body(b"ab", more=True), body(b"c")))
    headers = dict(start["headers"])
    assert (headers[b"content-length"], headers[b"x-kind"]) == (b"3", b"a")
    assert b"transfer-encoding" not in headers


@pytest.mark.parametrize("bounds", [Bounds(response=1_100_000), Bounds(body=1_048_576)])
def test_bounds_beyond_what_the_log_takes__are_refused(world: World, bounds: Bounds) -> None:
    with pytest.raises(BoundsError, match="1048576"):
        TabMiddleware(sends(), service=world.service, asset=USDC, price=10, bounds=bounds)


def test_the_default_bounds__fit_the_default_log(tmp_path: Path) -> None:
    log = TabLog(tmp_path / "log.sqlite3", limits=LogLimits())
    assert Bounds().response + 16_384 <= log.limits.message
    log.close()
