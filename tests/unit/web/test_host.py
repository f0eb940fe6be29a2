"""The HTTP host: what strangers send is bounded, and answers show nothing of the inside."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Request
from pydantic import BaseModel

from oracle.domain.errors import EarnestError
from oracle.web.app import make_app
from oracle.web.host import Host, HostError
from oracle.web.limits import Limits

LIMITS = Limits(body=1_000, seconds=60, header_seconds=60, connections=8)
PATIENCE = 60  # seconds: on a loaded machine a request takes long


class Wanted(BaseModel):
    number: int


def _router(ending: threading.Event) -> APIRouter:
    router = APIRouter()

    @router.post("/length")
    async def length(request: Request) -> dict[str, int]:
        return {"length": len(await request.body())}

    @router.post("/number")
    def number(wanted: Wanted) -> dict[str, int]:
        return {"number": wanted.number}

    @router.get("/refused")
    def refused() -> None:
        raise EarnestError("no such job", field="job", next_step="name another")

    @router.get("/crashed")
    def crashed() -> None:
        raise RuntimeError("the inside: postgresql://user:hunter2@host")

    @router.get("/slow")
    async def slow() -> None:
        import asyncio

        await asyncio.sleep(600)

    @router.get("/ending")
    def until_ended() -> dict[str, bool]:
        ending.set()
        time.sleep(0.2)
        return {"ended": True}

    return router


@pytest.fixture
def ending() -> threading.Event:
    return threading.Event()


@pytest.fixture
def host(ending: threading.Event) -> Iterator[Host]:
    served = Host(make_app([_router(ending)], limits=LIMITS), "127.0.0.1", 0, limits=LIMITS)
    served.start()
    yield served
    served.close()


@pytest.fixture
def impatient(request: pytest.FixtureRequest, ending: threading.Event) -> Iterator[Host]:
    """A host that waits a moment only for what the test names: `seconds` or `header_seconds`."""
    of_all = request.param == "seconds"
    limits = replace(LIMITS, seconds=0.4) if of_all else replace(LIMITS, header_seconds=0.4)
    served = Host(make_app([_router(ending)], limits=limits), "127.0.0.1", 0, limits=limits)
    served.start()
    yield served
    served.close()


def get(url: str) -> httpx.Response:
    return httpx.get(url, timeout=PATIENCE)


def post(url: str, **given: Any) -> httpx.Response:
    return httpx.post(url, timeout=PATIENCE, **given)


def test_body__within_limit__is_served(host: Host) -> None:
    assert post(f"{host.url}/length", content=b"x" * 1_000).json() == {"length": 1_000}


def test_body__declared_too_large__is_refused_unread(host: Host) -> None:
    answer = post(f"{host.url}/length", content=b"x" * 1_001)
    assert answer.status_code == 413
    assert answer.json()["message"] == "the body is larger than 1000 bytes"


def test_body__too_large_without_a_length__is_refused(host: Host) -> None:
    answer = post(f"{host.url}/length", content=(b"x" * 100 for _ in range(11)))
    assert answer.status_code == 413


@pytest.mark.parametrize("impatient", ["seconds"], indirect=True)
def test_request__slow_route__ends_with_503(impatient: Host) -> None:
    answer = get(f"{impatient.url}/slow")
    assert answer.status_code == 503
    assert answer.json()["error"] == "TooSlow"


@pytest.mark.parametrize("impatient", ["header_seconds"], indirect=True)
@pytest.mark.parametrize(
    "first",
    [
        pytest.param(b"", id="says nothing"),
        pytest.param(b"GET /slow HTTP/1.1\r\nHost: x\r\nX-Slow: ", id="never ends its headers"),
    ],
)
def test_connection__without_a_whole_head__is_dropped(impatient: Host, first: bytes) -> None:
    with (
        socket.create_connection(("127.0.0.1", impatient.port), timeout=PATIENCE) as connection,
        contextlib.suppress(ConnectionError),  # aborted: the same to us
    ):
        connection.sendall(first)
        assert connection.recv(100) == b""  # where it is not dropped, this ends by its timeout


@pytest.mark.parametrize("impatient", ["seconds"], indirect=True)
def test_body__that_never_comes__ends_with_503(impatient: Host) -> None:
    with socket.create_connection(("127.0.0.1", impatient.port), timeout=PATIENCE) as connection:
        connection.sendall(b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
        assert connection.recv(20).startswith(b"HTTP/1.1 503")


def test_headers__huge__are_refused(host: Host) -> None:
    with socket.create_connection(("127.0.0.1", host.port), timeout=PATIENCE) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Big: " + b"x" * 20_000)
        assert connection.recv(20).startswith(b"HTTP/1.1 400")


def test_connections__more_than_allowed__are_answered_503(host: Host) -> None:
    idle = [socket.create_connection(("127.0.0.1", host.port), timeout=PATIENCE) for _ in range(8)]
    try:
        assert get(f"{host.url}/refused").status_code == 503
    finally:
        for connection in idle:
            connection.close()


def test_earnest_error__is_answered_in_its_own_words(host: Host) -> None:
    answer = get(f"{host.url}/refused")
    assert answer.status_code == 400
    assert answer.json() == {
        "error": "EarnestError",
        "message": "no such job",
        "field": "job",
        "next_step": "name another",
    }


def test_defect__shows_nothing_of_the_inside(host: Host) -> None:
    answer = get(f"{host.url}/crashed")
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert "RuntimeError" not in answer.text


def test_malformed_body__names_the_field_and_does_not_mirror_it(host: Host) -> None:
    answer = post(f"{host.url}/number", json={"number": "hunter2"})
    assert answer.status_code == 422
    assert answer.json()["field"] == "body.number"
    assert "hunter2" not in answer.text


def test_unknown_path__is_404_as_json(host: Host) -> None:
    answer = get(f"{host.url}/openapi.json")
    assert answer.status_code == 404
    assert answer.json()["error"] == "Http404"


def test_close__running_request__is_answered_first(host: Host, ending: threading.Event) -> None:
    answers: list[httpx.Response] = []
    limits = Limits(seconds=PATIENCE)
    patient = Host(make_app([_router(ending)], limits=limits), "127.0.0.1", 0, limits=limits)
    patient.start()
    thread = threading.Thread(target=lambda: answers.append(get(f"{patient.url}/ending")))
    thread.start()
    assert ending.wait(PATIENCE)
    patient.close()
    thread.join(PATIENCE)
    assert [answer.json() for answer in answers] == [{"ended": True}]
    with pytest.raises(httpx.ConnectError):
        get(f"{patient.url}/ending")


def test_bind__port_in_use__says_what_to_do(host: Host) -> None:
    with pytest.raises(HostError, match=f"cannot listen on 127.0.0.1 port {host.port}") as caught:
        Host(make_app([], limits=LIMITS), "127.0.0.1", host.port)
    assert caught.value.next_step is not None


def test_bind__address_of_another_machine__is_refused() -> None:
    with pytest.raises(HostError, match=r"cannot listen on 192\.0\.2\.1"):
        Host(make_app([], limits=LIMITS), "192.0.2.1", 0)
