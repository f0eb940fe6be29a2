"""What a request may cost: bytes, and seconds. Whoever sends it is taken to be hostile."""

from __future__ import annotations

import asyncio
import traceback
from dataclasses import dataclass

import orjson
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger(__name__)

HEADERS_LIMIT = 16_384  # bytes of a request's line and headers


@dataclass(frozen=True, slots=True)
class Limits:
    """What one host allows.

    Args:
        body: Bytes of a request's body.
        seconds: For a whole request: from its last header to the end of the answer.
        header_seconds: From the connection, or the end of the last answer, to a request's last header.
        connections: Open at once; further ones are answered with 503.
    """

    body: int = 262_144
    seconds: float = 15.0
    header_seconds: float = 10.0
    connections: int = 128


class TooLargeError(Exception):
    """A body grew beyond the limit while it was read."""


class Guarded:
    """Middleware: refuses bodies over the limit with 413, ends slow requests with 503, and hides defects.

    A body's declared length is refused before it is read; one without a length, or with a false one, when it
    has grown too large. Whatever a route did not mean to raise is answered with 500 and goes to our log,
    where secrets are masked; nothing reaches the server's own log, which would print it as it is.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request within the limits."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False
        read = 0

        async def sent(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        async def received() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._limits.body:
                raise TooLargeError
            return message

        try:
            _refuse_declared(scope, self._limits.body)
            async with asyncio.timeout(self._limits.seconds):
                await self._app(scope, received, sent)
        except TooLargeError:
            if not started:
                message = f"the body is larger than {self._limits.body} bytes"
                await answer(send, 413, "TooLarge", message)
        except TimeoutError:
            if not started:
                await answer(send, 503, "TooSlow", f"not done within {self._limits.seconds:g} seconds")
        except Exception as error:  # noqa: BLE001 - the last line before the server
            log.error(  # noqa: TRY400 - the traceback as text: renderers for people take seconds over it
                "request_crashed",
                path=scope["path"],
                method=scope["method"],
                traceback="".join(traceback.format_exception(error)),
            )
            if not started:
                await answer(send, 500, "Internal", "this failed; the log says why")


async def answer(send: Send, status: int, error: str, message: str) -> None:
    """Answer with an error as JSON, and end the connection: what follows on it may be the rest of a body."""
    body = orjson.dumps({"error": error, "message": message})
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _refuse_declared(scope: Scope, limit: int) -> None:
    """h11 has refused lengths that are no numbers."""
    for name, value in scope["headers"]:
        if name == b"content-length" and int(value) > limit:
            raise TooLargeError
