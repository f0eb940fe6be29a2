"""Deliveries: signed, to public addresses alone, tried until taken or given up, never lost."""

from __future__ import annotations

import asyncio
import base64
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from click.testing import CliRunner

from oracle.api.signing import ResponseKey
from oracle.cli.main import cli
from oracle.domain.errors import EarnestError
from oracle.store import feed, webhooks
from oracle.store.database import Database
from oracle.store.webhooks import Webhook
from oracle.webhooks.changes import ChangeKind, make_change
from oracle.webhooks.desk import RetryRule, WebhookDesk
from oracle.webhooks.feed import Feed
from oracle.webhooks.sending import NotTakenError, Sender, Way
from oracle.webhooks.signing import WebhookKeys, is_genuine
from tests.databases import Databases, unsynced

PUBLIC = "93.184.216.34"
KEYS = WebhookKeys(ResponseKey(b"\x07" * 32))
URL = "https://buyer.example/hook"
HASH = "0x" + "00" * 32

Answer = Callable[[httpx.Request], Awaitable[httpx.Response] | httpx.Response]


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Receiver(httpx.AsyncBaseTransport):
    """What a subscriber answers, and what it got."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.got: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.got.append(request)
        answer = self.answer(request)
        return answer if isinstance(answer, httpx.Response) else await answer


def ok(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(204)


def broken(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(503, headers={"retry-after": "90"})


@pytest.fixture
def database(databases: Databases) -> Iterator[Database]:
    made = Database(databases.made())
    unsynced(made)
    with made.write() as session:
        feed.begin(session)
        for name in ("wh_a", "wh_b"):
            webhooks.add(
                session,
                Webhook(
                    name,
                    f"https://{name[-1]}.example/",
                    frozenset({"job", "webhook"}),
                    frozenset(),
                    1.0,
                    None,
                ),
            )
    yield made
    made.close()


def desk(database: Database, receiver: Receiver, clock: Clock, *, tries: int = 3, **way: Any) -> WebhookDesk:
    way = {"resolver": lambda _host, _port: (PUBLIC,), "transport": receiver, **way}
    return WebhookDesk(database, KEYS, Way(**way), RetryRule(tries, 5.0), clock=clock)


def announce(database: Database, word: str, clock: Clock) -> None:
    change = make_change(
        ChangeKind.JOB, word, data={"job": HASH}, time=1.0, height=1, height_hash=HASH, of=word
    )
    with database.write() as session:
        assert Feed(clock).announce(session, change) is not None


def tally(database: Database, name: str) -> tuple[int, int, int]:
    with database.read() as session:
        found = webhooks.tally(session, name)
    return found.due, found.done, found.dead


def genuine(request: httpx.Request, key: str, *, now: float) -> bool:
    return is_genuine(
        key, {name.lower(): value for name, value in request.headers.items()}, request.content, now=now
    )


async def test_delivery__to_each_subscriber__is_signed_for_it_alone(database: Database) -> None:
    clock, receiver = Clock(), Receiver(ok)
    announce(database, "opened", clock)
    await desk(database, receiver, clock).send_due()
    first, second = sorted(receiver.got, key=lambda request: request.headers["host"])
    assert (first.headers["host"], second.headers["host"]) == ("a.example", "b.example")
    assert {request.url.host for request in receiver.got} == {PUBLIC}
    assert orjson.loads(first.content)["type"] == "job.opened"
    assert first.headers["webhook-id"] != second.headers["webhook-id"]
    now = clock.now
    assert genuine(first, KEYS.secret("wh_a"), now=now)
    assert not genuine(first, KEYS.secret("wh_b"), now=now)
    assert genuine(first, KEYS.public, now=now)
    assert genuine(second, KEYS.public, now=now)
    assert not genuine(first, KEYS.secret("wh_a"), now=now + 301)
    assert tally(database, "wh_a") == tally(database, "wh_b") == (0, 1, 0)


def test_desk__begun__sends_by_itself__and_ends_while_a_subscriber_hangs(database: Database) -> None:
    clock, came = Clock(), threading.Semaphore(0)

    async def answer(request: httpx.Request) -> httpx.Response:
        came.release()
        if request.headers["host"] == "b.example":
            await asyncio.Event().wait()  # for ever
        return httpx.Response(204)

    announce(database, "opened", clock)
    working = desk(database, Receiver(answer), clock)
    with closing(working):
        working.start()
        assert came.acquire(timeout=30)
        assert came.acquire(timeout=30)
        announce(database, "closed", clock)
        working.wake()
        assert came.acquire(timeout=30), "what hangs holds up nobody else, nor the next look"
        assert came.acquire(timeout=30)
        for _ in range(3_000):
            if tally(database, "wh_a") == (0, 2, 0):
                break
            time.sleep(0.01)
    assert not working._thread.is_alive()
    assert tally(database, "wh_a") == (0, 2, 0)
    assert tally(database, "wh_b") == (2, 0, 0), "sent again at the next start"


def test_signature__of_the_standard_s_example__is_the_standard_s() -> None:
    """The known answer of standard-webhooks' own test suite."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    assert is_genuine(secret, headers, b'{"test": 2432232314}', now=1_614_265_330)
    assert not is_genuine(secret, headers, b'{"test": 2432232315}', now=1_614_265_330)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "msg_other"}, {"webhook-timestamp": "1000001"}, {"webhook-timestamp": "x"},
        {"webhook-signature": "v1,AAAA"}, {"webhook-signature": ""}, {"webhook-signature": "v1a,%%%"},
    ],
)  # fmt: skip
def test_signature__of_anything_else__is_refused(change: dict[str, str]) -> None:
    body = b"{}"
    headers = KEYS.headers("wh_a", "msg_1", 1_000_000, body)
    assert is_genuine(KEYS.secret("wh_a"), headers, body, now=1_000_000)
    for key in (KEYS.secret("wh_a"), KEYS.public):
        assert not is_genuine(key, headers | change, body, now=1_000_000)


def test_keys__of_webhooks_and_answers__are_not_the_same() -> None:
    key = ResponseKey(b"\x07" * 32)
    assert KEYS.public.removeprefix("whpk_") != key.public
    secrets = {base64.b64decode(KEYS.secret(name)[6:]) for name in ("wh_a", "wh_b")}
    assert len(secrets | {b"\x07" * 32}) == 3


async def test_receiver_with_5xx__is_tried_again_later_each_time_then_given_up(database: Database) -> None:
    clock, receiver = Clock(), Receiver(broken)
    announce(database, "opened", clock)
    working = desk(database, receiver, clock, tries=3)
    for _ in range(3):
        await working.send_due()
        await working.send_due()  # not due yet
        clock.now += 86_400
    await working.send_due()
    to_a = [request for request in receiver.got if request.headers["host"] == "a.example"]
    told = [request for request in to_a if orjson.loads(request.content)["type"] == "job.opened"]
    assert len(told) == 3
    assert len({request.headers["webhook-id"] for request in told}) == 1
    assert len({request.content for request in told}) == 1
    assert len({request.headers["webhook-timestamp"] for request in told}) == 3


async def test_given_up__leaves_an_event_for_the_others(database: Database) -> None:
    clock = Clock()
    receiver = Receiver(
        lambda request: broken(request) if request.headers["host"] == "a.example" else ok(request)
    )
    announce(database, "opened", clock)
    await desk(database, receiver, clock, tries=1).send_due()
    assert tally(database, "wh_a") == (0, 0, 1)
    await desk(database, receiver, clock, tries=1).send_due()
    last = orjson.loads(receiver.got[-1].content)
    assert (last["type"], last["data"]["webhook"], last["data"]["type"]) == (
        "webhook.dead",
        "wh_a",
        "job.opened",
    )
    assert tally(database, "wh_a") == (0, 0, 1)
    assert tally(database, "wh_b") == (0, 2, 0)


async def test_given_up__is_told_without_the_address(database: Database) -> None:
    with database.write() as session:
        webhooks.add(session, Webhook("wh_c", "http://c.example/geheim?token=geheim", frozenset({"job"}),
                                      frozenset(), 1.0, None))  # fmt: skip
    clock, receiver = Clock(), Receiver(ok)
    announce(database, "opened", clock)
    working = desk(database, receiver, clock, tries=1)
    await working.send_due()
    await working.send_due()
    told = [body for body in (request.content for request in receiver.got) if b"webhook.dead" in body]
    assert len(told) == 2
    assert b"wh_c" in told[0]
    assert b"the scheme" in told[0]
    assert b"geheim" not in told[0]


async def test_subscribers_that_are_all_dead__have_each_other_told_once(database: Database) -> None:
    clock = Clock()
    announce(database, "opened", clock)
    working = desk(database, Receiver(broken), clock, tries=1)
    tries = [await working.send_due() for _ in range(4)]
    assert tries == [2, 2, 0, 0]
    assert tally(database, "wh_a") == tally(database, "wh_b") == (0, 0, 2)


async def test_try_that_ends_while_those_under_way_are_counted__disturbs_nothing(database: Database) -> None:
    clock, receiver = Clock(), Receiver(ok)
    announce(database, "opened", clock)
    working = desk(database, receiver, clock)

    class Ending:
        """A task whose end the loop's thread notes just when its name is asked for."""

        def __init__(self, id_: int) -> None:
            self.id = id_

        def get_name(self) -> str:
            del working._under_way[self.id]
            return "wh_other"

    others: dict[int, Any] = {id_: Ending(id_) for id_ in (-1, -2)}
    working._under_way.update(others)
    assert await working.send_due() == 2
    assert len(receiver.got) == 2


async def test_tries_that_end_before_they_are_waited_for__count(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, receiver = Clock(), Receiver(ok)
    announce(database, "opened", clock)
    begin = WebhookDesk._begin_due

    def returns_late(self: WebhookDesk, loop: asyncio.AbstractEventLoop) -> Any:
        begun = begin(self, loop)
        while tally(database, "wh_a")[0] or tally(database, "wh_b")[0]:
            time.sleep(0.01)
        return begun

    monkeypatch.setattr(WebhookDesk, "_begin_due", returns_late)
    assert await desk(database, receiver, clock).send_due() == 2


async def test_410__ends_the_subscription(database: Database) -> None:
    clock = Clock()
    receiver = Receiver(lambda _request: httpx.Response(410))
    announce(database, "opened", clock)
    working = desk(database, receiver, clock)
    await working.send_due()
    announce(database, "closed", clock)
    await working.send_due()
    await working.send_due()
    assert len(receiver.got) == 2


async def test_retry_after__is_heeded(database: Database) -> None:
    clock, receiver = Clock(), Receiver(broken)
    announce(database, "opened", clock)
    working = desk(database, receiver, clock)
    await working.send_due()
    clock.now += 60  # longer than the first wait, shorter than asked for
    await working.send_due()
    assert len(receiver.got) == 2
    clock.now += 31
    await working.send_due()
    assert len(receiver.got) == 4


async def test_restart_between_store_and_send__sends_it_under_the_same_id(database: Database) -> None:
    clock = Clock()
    announce(database, "opened", clock)
    with database.read() as session:
        (stored,) = webhooks.due(session, "wh_a", now=clock.now, limit=9)

    def dies(_request: httpx.Request) -> httpx.Response:
        raise asyncio.CancelledError  # the process ends while the delivery is under way

    with pytest.raises(asyncio.CancelledError):
        await desk(database, Receiver(dies), clock).send_due()
    assert tally(database, "wh_a") == (1, 0, 0)
    receiver = Receiver(ok)
    await desk(database, receiver, clock).send_due()
    (sent,) = [request for request in receiver.got if request.headers["host"] == "a.example"]
    assert (sent.headers["webhook-id"], sent.content) == (stored.message, stored.body.encode())
    assert tally(database, "wh_a") == (0, 1, 0)


async def test_hanging_receiver__is_given_up_in_time_and_holds_up_nobody(database: Database) -> None:
    clock = Clock()

    async def hangs(request: httpx.Request) -> httpx.Response:
        if request.headers["host"] == "a.example":
            await asyncio.sleep(60)
        return httpx.Response(200)

    announce(database, "opened", clock)
    async with asyncio.timeout(50):
        await desk(database, Receiver(hangs), clock, seconds=2.0).send_due()
    assert tally(database, "wh_a") == (1, 0, 0)
    assert tally(database, "wh_b") == (0, 1, 0)


async def test_answer_that_never_ends__is_not_read() -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 4_096
            yield b"x" * 4_096
            await asyncio.sleep(0)

    receiver = Receiver(lambda _request: httpx.Response(200, content=endless()))
    sender = Sender(Way(transport=receiver, resolver=lambda _host, _port: (PUBLIC,)))
    async with asyncio.timeout(60):
        assert await sender.send(URL, {}, b"{}") == 200
    assert read <= 65_536


async def test_headers_that_drip__end_in_time() -> None:
    """Each read gets a byte, so that no wait for one is long."""

    async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        with suppress(ConnectionError), closing(writer):
            for byte in b"HTTP/1.1 200 OK\r\nx-long: " + b"a" * 600:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.02)

    server = await asyncio.start_server(drips, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        sender = Sender(Way(seconds=0.3, insecure=True))
        async with asyncio.timeout(60):
            with pytest.raises(NotTakenError, match="within"):
                await sender.send(f"http://127.0.0.1:{port}/", {}, b"{}")


async def test_redirect__is_not_followed() -> None:
    receiver = Receiver(lambda _r: httpx.Response(307, headers={"location": "https://b.example/"}))
    sender = Sender(Way(resolver=lambda _host, _port: (PUBLIC,), transport=receiver))
    with pytest.raises(NotTakenError, match="307"):
        await sender.send(URL, {}, b"{}")
    assert len(receiver.got) == 1


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.8", "192.168.1.1", "169.254.169.254", "100.64.0.1", "::1", "fe80::1", "fd00::1",
     "::ffff:10.0.0.1", "0.0.0.0", "64:ff9b::a00:1"],
)  # fmt: skip
async def test_private_address__after_resolution__gets_nothing(address: str) -> None:
    receiver = Receiver(ok)
    sender = Sender(Way(resolver=lambda _host, _port: (PUBLIC, address), transport=receiver))
    with pytest.raises(NotTakenError, match="not a public address"):
        await sender.send(URL, {}, b"{}")
    assert receiver.got == []


@pytest.mark.parametrize(
    "url", ["http://buyer.example/", "https://u:p@buyer.example/", "ftp://x/", "https://", "https://[::1"]
)
async def test_address__of_another_form__gets_nothing(url: str) -> None:
    receiver = Receiver(ok)
    way = Way(resolver=lambda _host, _port: (PUBLIC,), transport=receiver)
    with pytest.raises(NotTakenError):
        await Sender(way).send(url, {}, b"{}")
    with pytest.raises(EarnestError):
        way.check(url)
    assert receiver.got == []


def test_waits__grow_and_differ_and_end() -> None:
    rule = RetryRule(tries=10, wait=5.0)
    waits = [rule.after(tries, 0.5) for tries in range(1, 10)]
    assert waits == [5, 15, 45, 135, 405, 1_215, 3_645, 10_935, 28_800]
    assert rule.after(10, 0.5) is None
    assert rule.after(1, 0.0) == pytest.approx(4.0)
    assert rule.after(1, 1.0) == pytest.approx(6.0)


def test_command_line__adds_lists_tests_and_removes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = tmp_path / "oracle.toml"
    configuration.write_text(
        '[chain]\nrpc = "http://127.0.0.1:1"\nchain_id = 31337\ndeployment = "local.json"\n'
        '[keys]\nsender = {env = "KEY"}\n[web]\n[api]\nkey = "api.key"\n'
    )
    monkeypatch.setattr("oracle.evidence.http.socket.getaddrinfo", _names)

    def run(*arguments: str, code: int = 0) -> Any:
        found = CliRunner().invoke(cli, [*arguments, "--config", str(configuration), "--json"])
        assert found.exit_code == code, found.output
        return orjson.loads(found.output)

    run("db", "upgrade")
    refused = run("webhook", "add", "https://inside.example/", code=2)
    assert "not a public address" in refused["message"]
    assert "scheme" in run("webhook", "add", "http://outside.example/", code=2)["message"]
    made = run("webhook", "add", "https://outside.example/", "--kind", "score", "--agent", "0x" + "ab" * 20)
    assert made["secret"].startswith("whsec_")
    (listed,) = run("webhook", "list")["webhooks"]
    assert (listed["id"], listed["kinds"], listed["agents"]) == (made["id"], ["score"], ["0x" + "ab" * 20])
    assert run("webhook", "secret", made["id"])["secret"] == made["secret"]
    monkeypatch.setattr(
        "oracle.evidence.http.socket.getaddrinfo", lambda *_a, **_k: _names("inside.example", 1)
    )
    assert "not a public" in run("webhook", "test", made["id"], code=1)["error"]
    run("webhook", "remove", made["id"])
    assert run("webhook", "list") == {"webhooks": []}
    assert "no subscription" in run("webhook", "remove", made["id"], code=2)["message"]


def _names(host: str, port: int, **_rest: Any) -> list[Any]:
    address = "10.1.2.3" if host == "inside.example" else PUBLIC
    return [(2, 1, 6, "", (address, port))]
