"""A node that answers what a test tells it to."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import httpx
import orjson
import urllib3
from urllib3.exceptions import ProtocolError

from oracle.chain.rpc import Rpc

ADDRESS = "http://user:pass@node.test:8545/v2/secret-key"
Answer = Callable[[str, list[Any]], Any]


class NodeError(Exception):
    """What a node answers instead of a result."""

    def __init__(self, message: str, code: int = -32000, data: Any = None) -> None:
        super().__init__(message)
        self.as_json = {"code": code, "message": message} | ({} if data is None else {"data": data})


class FakeNode:
    """Answers JSON-RPC by a function of method and parameters; what it returns is the result.

    A `NodeError` it raises becomes the error object. Remembers the calls it got.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.calls: list[tuple[str, list[Any]]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        payload = orjson.loads(request.content)
        if isinstance(payload, list):
            return httpx.Response(200, content=orjson.dumps([self._one(item) for item in payload]))
        return httpx.Response(200, content=orjson.dumps(self._one(payload)))

    def _one(self, item: dict[str, Any]) -> dict[str, Any]:
        self.calls.append((item["method"], item["params"]))
        head = {"jsonrpc": "2.0", "id": item["id"]}
        try:
            return head | {"result": self.answer(item["method"], item["params"])}
        except NodeError as error:
            return head | {"error": error.as_json}


class HandlerWire:
    """What a handler in httpx's terms answers, as it comes over the wire; its httpx errors too."""

    def __init__(self, handler: Callable[[httpx.Request], httpx.Response]) -> None:
        self._handler = handler

    def post(self, body: bytes) -> urllib3.BaseHTTPResponse:
        """See `Wire`."""
        try:
            response = self._handler(httpx.Request("POST", ADDRESS, content=body))
        except httpx.ConnectError as error:
            raise ProtocolError(str(error)) from error
        return urllib3.HTTPResponse(
            io.BytesIO(response.content),
            headers=response.headers,
            status=response.status_code,
            preload_content=False,
        )

    def close(self) -> None:
        """See `Wire`."""


def rpc_for(handler: Callable[[httpx.Request], httpx.Response], **options: Any) -> Rpc:
    """A client whose requests go to `handler`. Its URL holds a secret, which must never show."""
    return Rpc(ADDRESS, wire=HandlerWire(handler), **options)
