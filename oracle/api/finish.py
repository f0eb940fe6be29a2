"""Around every answer of the API: rates, cross-origin headers, entity tags and signatures.

An agent's score in its plainest form is answered here, from bytes that are ready: no routing, no parsing.
"""

from __future__ import annotations

from typing import Final, Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from oracle.api.agents import agent_of
from oracle.api.book import Ready, etag_of
from oracle.api.problems import MEDIA_TYPE, body_of
from oracle.api.signing import KEY_HEADER, SIGNATURE_HEADER, ResponseKey
from oracle.domain.types import Address

Headers = list[tuple[bytes, bytes]]

_OPEN: Final[Headers] = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"etag, retry-after, earnest-signature, earnest-key"),
    (b"x-content-type-options", b"nosniff"),
]
_PREFLIGHT: Final[Headers] = [
    (b"access-control-allow-methods", b"GET, OPTIONS"),
    (b"access-control-allow-headers", b"if-none-match"),
    (b"access-control-max-age", b"86400"),
    (b"allow", b"GET, OPTIONS"),
]


class Meter(Protocol):
    """Who may ask how often."""

    def allows(self, caller: str) -> bool:
        """Take one request of a caller; False where it has none left."""
        ...


class Shelf(Protocol):
    """Answers that are ready."""

    def ready(self, agent: Address) -> Ready | None:
        """An agent's score, if it is at hand."""
        ...


class Finished:
    """Middleware of the API.

    Args:
        app: Routes, and the guard of their time and size.
        key: Signs what is answered with 200.
        shelf: Answers that are ready.
        meter: None: everybody may ask as often as they like.
    """

    def __init__(self, app: ASGIApp, *, key: ResponseKey, shelf: Shelf, meter: Meter | None) -> None:
        self._app = app
        self._key = key
        self._shelf = shelf
        self._meter = meter
        self._signer = (KEY_HEADER.encode(), key.public.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self._meter is not None:
            client = scope.get("client")
            if not self._meter.allows(client[0] if client else ""):
                body = body_of(429, "too many requests from your address", next_step="wait a second")
                await _answer(send, 429, body, [(b"retry-after", b"1")], MEDIA_TYPE)
                return
        method = scope["method"]
        if method == "OPTIONS":
            await _answer(send, 204, b"", _PREFLIGHT, None)
            return
        if method != "GET":
            body = body_of(405, f"{method} is not answered: everything here is read-only")
            await _answer(send, 405, body, [(b"allow", b"GET, OPTIONS")], MEDIA_TYPE)
            return
        if not scope["query_string"]:
            agent = agent_of(scope["path"])
            ready = None if agent is None else self._shelf.ready(agent)
            if ready is not None:
                await self._fresh(scope, send, ready.body, ready.etag, ready.signature)
                return
        await self._routed(scope, receive, send)

    async def _routed(self, scope: Scope, receive: Receive, send: Send) -> None:
        started: list[Message] = []
        parts: list[bytes] = []

        async def held(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.append(message)
                return
            parts.append(message.get("body", b""))
            if message.get("more_body", False):
                return
            begun, body = started[0], b"".join(parts)
            if begun["status"] == 200:
                target = scope["raw_path"].decode("latin-1")
                if scope["query_string"]:
                    target += "?" + scope["query_string"].decode("latin-1")
                await self._fresh(scope, send, body, etag_of(body), self._key.sign(target, body))
                return
            await send({**begun, "headers": [*begun.get("headers", []), *_OPEN]})
            await send({"type": "http.response.body", "body": body})

        await self._app(scope, receive, held)

    async def _fresh(self, scope: Scope, send: Send, body: bytes, etag: str, signature: str) -> None:
        tag = etag.encode()
        headers = [
            (b"etag", tag),
            (b"cache-control", b"public, max-age=1"),
            (SIGNATURE_HEADER.encode(), signature.encode()),
            self._signer,
        ]
        for name, value in scope["headers"]:
            if name == b"if-none-match" and _names(value, tag):
                await _answer(send, 304, b"", headers, None)
                return
        await _answer(send, 200, body, headers, "application/json")


def _names(value: bytes, tag: bytes) -> bool:
    asked = [part.strip().removeprefix(b"W/") for part in value.split(b",")]
    return b"*" in asked or tag in asked


async def _answer(send: Send, status: int, body: bytes, headers: Headers, media_type: str | None) -> None:
    told = [*headers, *_OPEN]
    if media_type is not None:
        told.append((b"content-type", media_type.encode()))
    if status not in (204, 304):
        told.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": body})
