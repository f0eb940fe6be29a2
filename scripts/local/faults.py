"""A proxy before a node that breaks its answers as it is told: for tests of what trusts no node.

with fault_proxy(chain.url) as proxy:
    proxy.fault = faults.missing_logs()
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import orjson

Forward = Callable[[], bytes]
"""Asks the node, and returns the body of its answer."""


@dataclass
class Reply:
    """What the proxy answers. `cut`: so many bytes of the body are sent, then the connection is closed."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None


Fault = Callable[[list[dict[str, Any]], Forward, threading.Event], Reply]
"""From the requests, the node and the proxy's end to a reply."""


def results(change: Callable[[str, list[Any], Any], Any]) -> Fault:
    """A fault that changes results one by one: method, parameters, result to another result."""

    def fault(requests: list[dict[str, Any]], forward: Forward, _ended: threading.Event) -> Reply:
        answer = orjson.loads(forward())
        items = answer if isinstance(answer, list) else [answer]
        asked = {item["id"]: item for item in requests}
        for item in items:
            request = asked.get(item.get("id"))
            if request is not None and "result" in item:
                item["result"] = change(request["method"], request["params"], item["result"])
        return Reply(orjson.dumps(answer))

    return fault


def hangs(seconds: float = 30.0) -> Fault:
    """Takes the question and does not answer."""

    def fault(_requests: list[dict[str, Any]], _forward: Forward, ended: threading.Event) -> Reply:
        ended.wait(seconds)
        return Reply(b"", status=504)

    return fault


def truncates(at: int = 40) -> Fault:
    """Sends the beginning of the answer and closes the connection."""
    return lambda _requests, forward, _ended: Reply(forward(), cut=at)


def rate_limits(retry_after: int | None = None) -> Fault:
    """HTTP 429."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return lambda _requests, _forward, _ended: Reply(b'{"error":"slow down"}', status=429, headers=headers)


def error_bodies(message: str = "internal error", code: int = -32603) -> Fault:
    """A JSON-RPC error to everything."""

    def fault(requests: list[dict[str, Any]], _forward: Forward, _ended: threading.Event) -> Reply:
        error = {"code": code, "message": message}
        items = [{"jsonrpc": "2.0", "id": item["id"], "error": error} for item in requests]
        return Reply(orjson.dumps(items if len(items) > 1 else items[0]))

    return fault


def error_bodies_to(method: str, message: str, code: int = -32000) -> Fault:
    """A JSON-RPC error to one method; everything else is answered."""

    def fault(requests: list[dict[str, Any]], forward: Forward, ended: threading.Event) -> Reply:
        if any(item["method"] == method for item in requests):
            return error_bodies(message, code)(requests, forward, ended)
        return Reply(forward())

    return fault


def other_chain(chain_id: int = 1) -> Fault:
    """Says that it serves another chain."""
    return results(lambda method, _params, result: hex(chain_id) if method == "eth_chainId" else result)


def stale_head(block: dict[str, Any]) -> Fault:
    """Stands still: `block` is the head for ever, and nothing above it is known."""

    def change(method: str, params: list[Any], result: Any) -> Any:
        number = int(block["number"], 16)
        if method == "eth_blockNumber":
            return block["number"]
        if method != "eth_getBlockByNumber":
            return result
        moving = params[0] in ("latest", "safe", "finalized")
        if moving and (params[0] == "latest" or int(result["number"], 16) > number):
            return block
        return None if params[0].startswith("0x") and int(params[0], 16) > number else result

    return results(change)


def missing_logs() -> Fault:
    """Returns no logs, neither where they are searched nor in receipts' place."""
    return results(lambda method, _params, result: [] if method == "eth_getLogs" else result)


def false_logs(make: Callable[[list[Any]], list[dict[str, Any]]]) -> Fault:
    """Adds logs that never were, made from the parameters of the search."""
    return results(
        lambda method, params, result: [*result, *make(params)] if method == "eth_getLogs" else result
    )


def other_blocks() -> Fault:
    """Answers for a chain of its own: every block above the first has another hash."""

    def change(method: str, _params: list[Any], result: Any) -> Any:
        if method == "eth_getBlockByNumber" and result and int(result["number"], 16) > 0:
            number = int(result["number"], 16)
            parent = _other(result["parentHash"]) if number > 1 else result["parentHash"]
            return result | {"hash": _other(result["hash"]), "parentHash": parent}
        if method == "eth_getLogs":
            return [item | {"blockHash": _other(item["blockHash"])} for item in result]
        return result

    return results(change)


def _other(digest: str) -> str:
    return "0x" + bytes(byte ^ 0xFF for byte in bytes.fromhex(digest[2:])).hex()


class QuietServer(ThreadingHTTPServer):
    """A server that runs at once, and says nothing of clients that are gone: they are killed on purpose."""

    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def end(self) -> None:
        """Stop listening."""
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """See `socketserver.BaseServer`."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Proxy:
    """A running proxy. `fault` may be set at any time; `asked` counts HTTP requests."""

    def __init__(self, upstream: str) -> None:
        self.fault: Fault | None = None
        self.asked = 0
        self.methods: list[str] = []
        self.ended = threading.Event()
        self._node = httpx.Client(base_url=upstream, timeout=30.0)
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                body = self.rfile.read(length)
                if len(body) < length:  # who asked was killed while asking
                    self.close_connection = True
                    return
                reply = proxy.answer(body)
                self.send_response(reply.status)
                self.send_header("content-length", str(len(reply.body)))
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                # Whoever asked may have given up.
                with suppress(ConnectionError):
                    self.wfile.write(reply.body if reply.cut is None else reply.body[: reply.cut])
                self.close_connection = reply.cut is not None

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
                """Nothing: tests say what they see."""

        self._server = QuietServer(Handler)

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._server.url

    def answer(self, body: bytes) -> Reply:
        """Forward a request, or break it."""
        parsed = orjson.loads(body)
        requests = parsed if isinstance(parsed, list) else [parsed]
        self.asked += 1
        self.methods += [item["method"] for item in requests]
        fault = self.fault

        def forward() -> bytes:
            return self._node.post("/", content=body, headers={"content-type": "application/json"}).content

        return Reply(forward()) if fault is None else fault(requests, forward, self.ended)

    def close(self) -> None:
        """End it; whoever hangs is let go."""
        self.ended.set()
        self._server.end()
        self._node.close()


@contextmanager
def fault_proxy(upstream: str) -> Iterator[Proxy]:
    """A proxy before the node at `upstream`, on a free port of the loopback interface."""
    proxy = Proxy(upstream)
    try:
        yield proxy
    finally:
        proxy.close()
