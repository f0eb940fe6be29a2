"""The wires: proxies before the node and before each evaluator's HTTP side, that break and write down."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpx
import orjson

from oracle.chain.decoder import TOPICS
from oracle.chain.rpc import Rpc
from scripts.local import faults
from scripts.local.faults import Fault, Forward, Proxy, QuietServer, Reply


class NodeWire(Proxy):
    """A proxy before the node. `sent` are the raw transactions that went through it, broken or not."""

    def __init__(self, upstream: str) -> None:
        super().__init__(upstream)
        self.sent: list[str] = []
        self.broken = 0

    def answer(self, body: bytes) -> Reply:
        """See `Proxy`."""
        self.methods.clear()
        parsed = orjson.loads(body)
        for item in parsed if isinstance(parsed, list) else [parsed]:
            if item["method"] == "eth_sendRawTransaction":
                self.sent.append(item["params"][0])
        if self.fault is not None:
            self.broken += 1
        return super().answer(body)


def rpc_fault(name: str, node: Rpc, escrow: str, jobs: Callable[[], list[str]]) -> Fault:
    """A fault of `plan.RPC_SILENT` or `plan.RPC_LYING` by name.

    Args:
        node: The node itself.
        escrow: The contract whose logs are lied about.
        jobs: Ids of jobs that are running.
    """
    match name:
        case "hangs":
            return faults.hangs(20.0)
        case "limits":
            return faults.rate_limits(1)
        case "errors":
            return faults.error_bodies()
        case "truncates":
            return faults.truncates()
        case "repeats":
            return _repeats()
        case "reorders":
            return _reorders
        case "other-chain":
            return faults.other_chain()
        case "stale":
            return faults.stale_head(node.call("eth_getBlockByNumber", ["latest", False]))
        case "omits":
            return faults.missing_logs()
        case "invents":
            return faults.false_logs(lambda params: _invented(params, node, escrow, jobs()))
        case "other-blocks":
            return faults.other_blocks()
        case _:
            raise ValueError(f"no fault is called {name}")


def _repeats() -> Fault:
    """Answers each question with the answer to the one of its kind before."""
    last: dict[tuple[str, ...], bytes] = {}

    def fault(requests: list[dict[str, Any]], forward: Forward, _ended: threading.Event) -> Reply:
        methods = tuple(item["method"] for item in requests)
        fresh = forward()
        stale = last.get(methods, fresh)
        last[methods] = fresh
        return Reply(stale)

    return fault


def _reorders(_requests: list[dict[str, Any]], forward: Forward, _ended: threading.Event) -> Reply:
    """Turns round batches and lists of logs."""
    answer = orjson.loads(forward())
    items = answer if isinstance(answer, list) else [answer]
    for item in items:
        if isinstance(item.get("result"), list):
            item["result"].reverse()
    if isinstance(answer, list):
        answer.reverse()
    return Reply(orjson.dumps(answer))


def _invented(params: list[Any], node: Rpc, escrow: str, jobs: list[str]) -> list[dict[str, Any]]:
    """A delivery that nobody made, in a block that is there."""
    number = params[0].get("toBlock")
    block = None if number is None else node.call("eth_getBlockByNumber", [number, False])
    if not jobs or block is None:
        return []
    return [
        {
            "address": escrow,
            "topics": [TOPICS["Delivered"], jobs[-1]],
            "data": "0x" + secrets.token_hex(32),
            "blockNumber": block["number"],
            "blockHash": block["hash"],
            "transactionHash": "0x" + secrets.token_hex(32),
            "transactionIndex": "0x0",
            "logIndex": "0xff",
            "removed": False,
        }
    ]


@dataclass
class Said:
    """One exchange between evaluators: what was asked of whom, and what came back."""

    to: int
    request: bytes
    answer: bytes


@dataclass
class PeerWire:
    """A proxy before one evaluator's HTTP side. `fault` is one of `plan.PEER_FAULTS`, or None."""

    index: int
    upstream: str
    said: list[Said] = field(default_factory=list)
    fault: str | None = None
    broken: int = 0

    def __post_init__(self) -> None:
        wire = self
        self._ended = threading.Event()
        self._http = httpx.Client(timeout=20.0)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                with suppress(ConnectionError, httpx.HTTPError):
                    reply = wire.forward(self.path, body, dict(self.headers))
                    if reply is not None:
                        self.send_response(reply.status)
                        self.send_header("content-length", str(len(reply.body)))
                        self.send_header("content-type", "application/json")
                        self.end_headers()
                        self.wfile.write(reply.body if reply.cut is None else reply.body[: reply.cut])
                        self.close_connection = reply.cut is not None
                        return
                self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
                """Nothing: everything is written down anyway."""

        self._server = QuietServer(Handler)

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._server.url

    def forward(self, path: str, body: bytes, headers: dict[str, str]) -> Reply | None:
        """Pass a request on, or break it; None closes the connection without an answer."""
        fault = self.fault
        if fault is not None:
            self.broken += 1
        if fault == "drops":
            self.said.append(Said(self.index, body, b""))
            return None
        if fault == "delays":
            self._ended.wait(1.5)
        kept = {k: v for k, v in headers.items() if k.lower() not in ("host", "content-length", "connection")}
        answer = self._http.post(self.upstream + path, content=body, headers=kept)
        self.said.append(Said(self.index, body, answer.content))
        if fault == "repeats":
            answer = self._http.post(self.upstream + path, content=body, headers=kept)
            self.said.append(Said(self.index, b"", answer.content))
        if fault == "errors":
            return Reply(b'{"detail":"broken"}', status=500)
        if fault == "garbage":
            return Reply(secrets.token_bytes(200))
        cut = len(answer.content) // 2 if fault == "truncates" else None
        return Reply(answer.content, status=answer.status_code, cut=cut)

    def close(self) -> None:
        """End it."""
        self._ended.set()
        self._server.end()
        self._http.close()
