"""JSON-RPC over real connections: to servers that pack, drip, hang up, redirect or talk nonsense."""

from __future__ import annotations

import base64
import gzip
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from oracle.chain import transport
from oracle.chain.errors import BadAnswerError, RpcUnavailableError
from oracle.chain.transport import Transport

RESULT = b'{"jsonrpc":"2.0","id":1,"result":"0x5"}'
Answer = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """Answers every request by `answer`; remembers the connections and the requests' heads."""

    def __init__(self) -> None:
        self.answer: Answer = plain(RESULT)
        self.connections: set[tuple[str, int]] = set()
        self.heads: list[tuple[str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                outer.connections.add(self.client_address)
                outer.heads.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                outer.answer(self)

            def log_message(self, *_args: object) -> None:
                """Nothing."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.address = f"127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def transport(self, *, timeout: float = 5.0, before: str = "") -> Transport:
        """A transport to it, whose address holds a secret."""
        return Transport(f"http://{before}{self.address}/v2/secret-key?token=hidden", timeout=timeout)


def plain(body: bytes, **headers: str) -> Answer:
    """Answers so."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    yield one
    one.http.shutdown()
    one.http.server_close()


def ask(of: Transport) -> object:
    """One question, the transport's first."""
    return of.one("eth_blockNumber", [])


def test_a_connection_is_used_again_and_one_that_was_dropped_is_not(server: Server) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        plain(b'{"jsonrpc":"2.0","id":%d,"result":"0x5"}' % len(server.heads))(handler)

    def hang_up(handler: BaseHTTPRequestHandler) -> None:
        answer(handler)
        handler.close_connection = True  # which the answer does not say

    node = server.transport()
    server.answer = answer
    assert [ask(node) for _ in range(3)] == ["0x5"] * 3
    assert len(server.connections) == 1
    server.answer = hang_up
    assert ask(node) == "0x5"
    time.sleep(0.05)  # until it is closed
    assert ask(node) == "0x5"
    assert len(server.connections) == 2
    node.close()


def test_a_packed_answer_is_unpacked_and_its_length_counts_unpacked(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answer = plain(gzip.compress(RESULT), content_encoding="gzip")
    assert ask(server.transport()) == "0x5"
    assert "gzip" in server.heads[0][1]["accept-encoding"]
    monkeypatch.setattr(transport, "MAX_ANSWER_BYTES", 100_000)
    server.answer = plain(gzip.compress(b" " * 50_000_000), content_encoding="gzip")
    with pytest.raises(BadAnswerError, match="more than 100000 bytes"):
        ask(server.transport())


def test_name_and_password_are_sent_and_are_no_part_of_the_target(server: Server) -> None:
    ask(server.transport(before="us%40er:pa%3Ass@"))
    target, headers = server.heads[0]
    assert target == "/v2/secret-key?token=hidden"
    assert headers["authorization"] == "Basic " + base64.b64encode(b"us@er:pa:ss").decode()
    assert headers["content-type"] == "application/json"


def test_a_redirect_is_not_followed(server: Server) -> None:
    def redirect(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(307)
        handler.send_header("location", f"http://{server.address}/elsewhere")
        handler.send_header("content-length", "0")
        handler.end_headers()

    server.answer = redirect
    with pytest.raises(RpcUnavailableError, match="HTTP 307 and no JSON"):
        ask(server.transport())
    assert len(server.heads) == 1


def test_an_answer_that_drips_ends_at_the_deadline(server: Server) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("content-length", "1000")
        handler.end_headers()
        for _ in range(1_000):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)

    server.answer = drip
    started = time.monotonic()
    with pytest.raises(RpcUnavailableError, match="took too long to finish"):
        ask(server.transport(timeout=0.2))
    assert time.monotonic() - started < 10


def test_an_answer_that_ends_early_or_never_begins_is_none(server: Server) -> None:
    def cut(handler: BaseHTTPRequestHandler) -> None:
        plain(RESULT, content_length=str(len(RESULT) + 1))(handler)
        handler.close_connection = True

    server.answer = cut
    with pytest.raises(RpcUnavailableError, match="cannot be reached"):
        ask(server.transport())
    server.answer = lambda _handler: time.sleep(1.0)
    with pytest.raises(RpcUnavailableError, match=r"did not answer eth_blockNumber within 0\.2 s"):
        ask(server.transport(timeout=0.2))


def test_nobody_there_is_said_so() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with pytest.raises(RpcUnavailableError, match="cannot be reached: NewConnectionError"):
            ask(Transport(f"http://127.0.0.1:{port}", timeout=1.0))


def test_what_a_node_says_wrongly_puts_no_address_into_the_log(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    def nonsense(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nbroken header\r\n\r\n")
        handler.wfile.write(RESULT)
        handler.close_connection = True

    server.answer = nonsense
    with caplog.at_level(logging.DEBUG):
        assert ask(server.transport()) == "0x5"
    assert "secret-key" not in caplog.text
    assert "hidden" not in caplog.text


def test_an_address_that_is_none_is_refused_without_being_shown() -> None:
    for address in (
        "http://" + "a" * 5_000 + "\x00/secret-key",
        "http://[::/secret-key",
        "http://host:x/secret-key",
    ):
        with pytest.raises(RpcUnavailableError) as refused:
            Transport(address, timeout=1.0)
        assert "secret-key" not in str(refused.value)


def test_the_environments_proxy_is_used_but_not_for_what_it_excepts(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://me:word@{server.address}")
    monkeypatch.delenv("no_proxy", raising=False)
    assert ask(Transport("http://node.test:8545/key", timeout=5.0)) == "0x5"
    target, headers = server.heads[0]
    assert target == "http://node.test:8545/key"
    assert headers["proxy-authorization"] == "Basic " + base64.b64encode(b"me:word").decode()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert ask(server.transport()) == "0x5"
    assert server.heads[1][0] == "/v2/secret-key?token=hidden"


def test_a_proxy_of_another_kind_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", "socks5://me:word@proxy.test:1080")
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(RpcUnavailableError, match="names a socks5 proxy") as refused:
        Transport("https://node.test/secret-key", timeout=1.0)
    assert "word" not in str(refused.value)
    assert "secret-key" not in str(refused.value)
    monkeypatch.setenv("no_proxy", "node.test")
    Transport("https://node.test/secret-key", timeout=1.0).close()
