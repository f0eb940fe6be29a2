"""ASGI middleware that puts a FastAPI or Starlette service behind a tab.

A response is held back whole, up to a limit, because its receipt stands in a header before it and is signed
and on disk before the first byte leaves. So what a service streams comes in one piece, and there are no
WebSockets on a tab.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

import orjson
import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from oracle.domain.errors import EarnestError
from oracle.domain.types import Address
from oracle.tabs import wire
from oracle.tabs.errors import RefusedError, UnreadableTabError
from oracle.tabs.exchange import MAX_HEAD, MessageError, Request, Response, kept
from oracle.tabs.holding import (
    BrokenResponseError,
    Headers,
    LateResponseError,
    OversizedResponseError,
    held,
)
from oracle.tabs.reading import LogError
from oracle.tabs.records import Answer
from oracle.tabs.service import Admitted, Service

log = structlog.get_logger(__name__)
Price = int | Callable[[Scope], int | None]
"""Base units for a request, or what says so of a request's scope; None: the request is free and passes."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one request may cost the provider.

    Args:
        body: Bytes of a request's body.
        response: Bytes of a response's body; a larger one is not charged, and answered with 500.
        body_seconds: For the request's body to arrive.
    """

    body: int = 262_144
    response: int = 1_000_000
    body_seconds: float = 15.0


class TooLargeError(EarnestError):
    """A request's body is beyond the limit."""


class BoundsError(EarnestError):
    """The bounds allow messages that the log would not take."""


def successful(status: int) -> bool:
    """What is charged unless the service says otherwise: answers below 400."""
    return status < 400


class TabMiddleware:
    """Serves requests that pay by tab, and nobody else, but for what is free.

    Args:
        app: The service.
        service: The provider's side of its tabs.
        asset: The USDC contract.
        price: See `Price`.
        charged: Which statuses are charged; others get a receipt at price 0.
        bounds: See `Bounds`.

    Raises:
        BoundsError: the log takes no messages so large.
    """

    def __init__(
        self,
        app: ASGIApp,
        service: Service,
        asset: Address,
        price: Price,
        *,
        charged: Callable[[int], bool] = successful,
        bounds: Bounds | None = None,
    ) -> None:
        self._app = app
        self._service = service
        self._asset = asset
        self._price = price
        self._charged = charged
        self._bounds = bounds or Bounds()
        for name, most in (("body", self._bounds.body), ("response", self._bounds.response)):
            if most + MAX_HEAD > service.largest:
                raise BoundsError(
                    f"{most} bytes and a head of {MAX_HEAD} exceed what the log takes, {service.largest}",
                    field=f"bounds.{name}",
                    next_step="lower it, or give the log higher LogLimits.message",
                )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "no WebSockets on a tab"})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        price = self._price if isinstance(self._price, int) else self._price(scope)
        known = scope["path"] == wire.WELL_KNOWN
        if price is None and not known:
            await self._app(scope, receive, send)
            return
        try:
            if known:
                await self._sign(scope, receive, send)
            else:
                await self._serve(scope, receive, send, price or 0)
        except RefusedError as error:
            await self._refuse(scope, send, price or 0, error)
        except UnreadableTabError as error:
            await _tell(send, 503, error)
        except MessageError as error:
            await _tell(send, 400, error)
        except TooLargeError as error:
            await _tell(send, 413, error)
        except LogError as error:
            log.error("tab_log_failed", error=error.message)  # noqa: TRY400 - it says what is wrong
            await _tell(send, 503, LogError("nothing can be stored now", next_step="call again later"))
        except (OversizedResponseError, BrokenResponseError) as error:
            await _tell(send, 500, error)
        except LateResponseError as error:
            await _tell(send, 504, error)
        except TimeoutError:
            await _tell(send, 504, EarnestError("not answered in time", next_step="ask for the answer again"))

    async def _serve(self, scope: Scope, receive: Receive, send: Send, price: int) -> None:
        header = _header(scope, wire.SIGNATURE)
        if header is None:
            raise wire.BadPaymentError(f"{wire.SIGNATURE.upper()} header is required")
        payment = wire.read_payment(header)
        body = await self._body(receive, self._bounds.body, scope)
        request = Request(scope["method"], _target(scope), kept(scope["headers"]), body).encode()
        admitted = await self._service.admit(
            payment.call,
            bytes.fromhex(payment.call_signature[2:]),
            payment.tally,
            bytes.fromhex((payment.tally_signature or "0x")[2:]),
            request,
            price,
        )
        if isinstance(admitted, Answer):
            await self._answer(send, admitted, None)
            return
        try:
            response = await held(
                self._app,
                scope,
                body,
                limit=self._bounds.response,
                seconds=self._service.rules.timeout,
            )
            message = Response(response.status, kept(response.headers), bytes(response.content)).encode()
        except BaseException:
            self._service.release(admitted)
            raise
        answer = await self._store(admitted, response.status, message)
        await self._answer(send, answer, response.headers)

    async def _store(self, admitted: Admitted, status: int, message: bytes) -> Answer:
        price = admitted.price if self._charged(status) else 0
        try:
            return await self._service.answer(admitted, status, message, price)
        except LogError:
            self._service.release(admitted)
            raise

    async def _sign(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The route of a buyer that signs without calling, or asks what came of a call."""
        if scope["method"] != "POST":
            await _tell(send, 405, EarnestError("this route takes POST"))
            return
        signing = wire.read_signing(await self._body(receive, wire.MAX_HEADER, scope))
        if signing.tally is not None:
            newest = await self._service.take(signing.tally, _bytes(signing.tally_signature))
            await _send(send, 200, orjson.dumps({"signed": newest.model_dump(mode="json")}))
        elif signing.call is not None:
            answer = await self._service.again(signing.call, _bytes(signing.call_signature))
            if answer is None:
                await _send(send, 404, orjson.dumps({"error": "NotAnswered", "message": "it never will be"}))
            else:
                await self._answer(send, answer, None)

    async def _answer(self, send: Send, answer: Answer, headers: Headers | None) -> None:
        """Send an answer with its receipt; without `headers`, with those that were hashed."""
        response = Response.decode(answer.message)
        if headers is None:
            headers = [(name.encode(), value.encode("latin-1")) for name, value in response.headers]
        given = wire.Given(
            receipt=answer.receipt, tally=answer.tally, signature="0x" + answer.signature.hex()
        )
        buyer = await self._service.buyer(answer.call.tab)
        paid = wire.answer_header(self._service.domain, buyer, given).encode()
        headers = [*headers, (wire.RESPONSE.encode(), paid)]
        if all(name != b"content-length" for name, _ in headers):
            headers.append((b"content-length", str(len(response.body)).encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": response.body})

    async def _refuse(self, scope: Scope, send: Send, price: int, error: RefusedError) -> None:
        service = self._service
        requirements = wire.requirements_of(
            service.domain, self._asset, service.signer.address, service.rules, price
        )
        told = f"{type(error).__name__}: {error.message}"[:400]
        header = wire.offer_header(requirements, _target(scope)[:1_000], told)
        body = orjson.dumps(error.as_dict())
        await _send(send, 402, body, [(wire.REQUIRED.encode(), header.encode())])

    async def _body(self, receive: Receive, limit: int, scope: Scope) -> bytes:
        too_large = TooLargeError(f"the body is larger than {limit} bytes", field="body")
        declared = _header(scope, "content-length")
        if declared is not None and declared.isdigit() and int(declared) > limit:
            raise too_large
        body = bytearray()
        async with asyncio.timeout(self._bounds.body_seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise MessageError("the buyer went away")
                body.extend(message.get("body", b""))
                if len(body) > limit:
                    raise too_large
                if not message.get("more_body", False):
                    return bytes(body)


def _header(scope: Scope, name: str) -> str | None:
    wanted = name.encode()
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == wanted), None)


def _target(scope: Scope) -> str:
    """Path and query as they were sent."""
    path = scope.get("raw_path") or quote(scope["path"]).encode()
    query = scope.get("query_string", b"")
    return str((path + b"?" + query if query else path).decode("latin-1"))


def _bytes(signature: str | None) -> bytes:
    return bytes.fromhex((signature or "0x")[2:])


async def _tell(send: Send, status: int, error: EarnestError) -> None:
    await _send(send, status, orjson.dumps(error.as_dict()))


async def _send(send: Send, status: int, body: bytes, headers: Headers | None = None) -> None:
    given = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*given, *(headers or [])]})
    await send({"type": "http.response.body", "body": body})
