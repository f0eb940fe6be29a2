"""An httpx transport that pays one provider by tab: `httpx.AsyncClient(transport=TabTransport(...))`.

Every call is on disk before it is sent, and every answer before it is signed for. A call without an answer is
asked for again under the same number, also after a crash, so that it is served and paid at most once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable
from dataclasses import dataclass

import httpx
import orjson
import structlog

from oracle.domain.tab import Call, Tally
from oracle.tabs import wire
from oracle.tabs.errors import GapError, RefusedError, RootMismatchError
from oracle.tabs.exchange import Request, Response, kept
from oracle.tabs.purse import Purse
from oracle.tabs.records import Asked

log = structlog.get_logger(__name__)


MAX_OFFERS = 1_024  # routes whose price is remembered
_FINAL = ("OversizedResponseError", "LateResponseError")  # the same again would come to the same


class PaymentRefusedError(RefusedError):
    """The provider refuses a payment. `name` is the error it named; nothing is owed for the call."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"the provider refuses: {name}: {message}", field="payment")
        self.name = name


class UnansweredError(RefusedError):
    """The provider took a call and did not answer it: nothing is signed for it, and the log says so."""


class TooDearError(RefusedError):
    """The price exceeds what the buyer allows for one request."""


class _NewPriceError(Exception):
    def __init__(self, offer: wire.Offer) -> None:
        super().__init__()
        self.offer = offer


@dataclass(frozen=True, slots=True)
class Patience:
    """How a buyer treats its provider.

    Args:
        attempts: Times a call is sent before it is given up.
        pause: Seconds before the second attempt; doubled after each.
        response: Bytes of a response's body at most.
    """

    attempts: int = 3
    pause: float = 0.2
    response: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Recovered:
    """The answer to a call that nobody waits for any more."""

    call: Call
    request: Request
    response: Response


@dataclass(frozen=True, slots=True)
class _Reply:
    status: int
    headers: httpx.Headers
    body: bytes


class TabTransport(httpx.AsyncBaseTransport):
    """Pays what one provider asks, up to a price.

    Args:
        origin: Of the provider, such as https://api.example.org; requests elsewhere pass unpaid.
        purse: What is paid from.
        most: Base units a request may cost; the tab's ceiling by default.
        patience: See `Patience`.
        transport: What sends; httpx's own by default.
    """

    def __init__(
        self,
        origin: str,
        purse: Purse,
        *,
        most: int | None = None,
        patience: Patience | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._origin = httpx.URL(origin)
        self._purse = purse
        self._most = purse.account.ceiling if most is None else most
        self._patience = patience or Patience()
        self._transport = transport or httpx.AsyncHTTPTransport()
        self._offers: dict[tuple[str, bytes], wire.Offer] = {}
        self._latest: wire.Offer | None = None  # tried where a route's own is not known
        self._busy = 0
        self._room = asyncio.Condition()
        self._recovering = asyncio.Lock()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and pay for it where that is asked.

        Raises:
            RefusedError: a refusal of either side, by name; `UnansweredError` where nothing came.
            LogError: nothing can be stored, so nothing is asked.
            httpx.TransportError: the connection failed before anything was asked for.
        """
        if _place(request.url) != _place(self._origin):
            return await self._transport.handle_async_request(request)
        body = await request.aread()
        route = (request.method, request.url.raw_path.partition(b"?")[0])
        offer = self._offers.get(route, self._latest)
        if offer is None:
            reply = await self._whole(request)
            if reply.status != 402 or wire.REQUIRED not in reply.headers:
                return _response(request, reply)
            offer = self._remember(route, self._read_offer(reply)[0])
        head = kept([(name.lower(), value) for name, value in request.headers.raw])
        message = Request(request.method, request.url.raw_path.decode("ascii"), head, body).encode()
        for _ in range(2):
            try:
                return await self._pay(request, message, offer)
            except _NewPriceError as changed:
                offer = self._remember(route, changed.offer)
        raise PaymentRefusedError("PriceError", "its price changes with every request")

    async def aclose(self) -> None:
        """Sign for everything received, tell the provider, and close the connection."""
        try:
            await self.sign()
        except (httpx.TransportError, RefusedError) as error:
            # The log has the signature, and the next call brings it.
            log.warning("tab_not_signed", error=str(error))
        await self._transport.aclose()

    async def sign(self) -> Tally:
        """Send the provider the newest tally by itself; returns it.

        Raises:
            PaymentRefusedError: the provider does not take it.
            httpx.TransportError: it cannot be reached.
        """
        newest = self._purse.newest
        if newest is not None:
            signing = wire.Signing(tally=newest.tally, tally_signature="0x" + newest.signature.hex())
            reply = await self._ask(signing)
            if reply.status != 200:
                raise self._refusal(reply)
        return self._purse.tally

    async def recover(self) -> list[Recovered]:
        """Ask what came of calls that nobody waits for; done by itself before the next call.

        Returns:
            The answers there were; they are stored and signed for like any other.

        Raises:
            httpx.TransportError: the provider cannot be reached.
            RefusedError: its answer contradicts itself, or it gives none.
        """
        found = []
        async with self._recovering:
            purse = self._purse
            purse.agree(purse.rules)
            for number in sorted(purse.left):
                asked = purse.log.asked(purse.account.tab, number)
                if asked is None:  # it was never stored, so it was never sent
                    await purse.abandon(number, "never sent")
                    continue
                reply = await self._ask(
                    wire.Signing(call=asked.call, call_signature="0x" + asked.signature.hex())
                )
                if wire.RESPONSE in reply.headers:
                    response = await self._accept(number, reply)
                    found.append(Recovered(asked.call, Request.decode(asked.message), response))
                elif reply.status == 404:
                    await purse.abandon(number, "the provider has no answer")
                else:
                    raise self._refusal(reply)
        return found

    def _remember(self, route: tuple[str, bytes], offer: wire.Offer) -> wire.Offer:
        if len(self._offers) >= MAX_OFFERS:
            self._offers.clear()
        self._offers[route] = self._latest = offer
        return offer

    async def _pay(self, request: httpx.Request, message: bytes, offer: wire.Offer) -> httpx.Response:
        if offer.price > self._most:
            raise TooDearError(f"the price is {offer.price}; at most {self._most} is allowed", field="price")
        purse = self._purse
        purse.agree(offer.rules)
        if purse.left:
            await self.recover()
        async with self._room:
            await self._room.wait_for(lambda: max(self._busy, purse.ledger.unsettled) < offer.rules.in_flight)
            self._busy += 1
        try:
            asked = await purse.call(message, offer.price)
            try:
                return await self._send(request, asked, offer)
            finally:
                # Also where this is cancelled: an answer may still come of it.
                if any(call.number == asked.call.number for call in purse.ledger.calls):
                    purse.left.add(asked.call.number)
        finally:
            async with self._room:
                self._busy -= 1
                self._room.notify_all()

    async def _send(self, request: httpx.Request, asked: Asked, offer: wire.Offer) -> httpx.Response:
        number, pause = asked.call.number, self._patience.pause
        failure: Exception | None = None
        for attempt in range(self._patience.attempts):
            if attempt:
                await asyncio.sleep(pause)
                pause *= 2
            try:
                reply = await self._whole(self._paid(request, asked, offer))
                if wire.RESPONSE in reply.headers:
                    await self._accept(number, reply)
                    return _response(request, reply)
            except (GapError, RootMismatchError):
                raise
            except (httpx.TransportError, RefusedError) as error:
                failure = error  # it may be the line: what came is not what was signed for
                continue
            if reply.status == 402 and wire.REQUIRED in reply.headers:
                await self._refused(number, reply, offer)
            if reply.status < 500:
                return _response(request, reply)  # free, or no request that is served: it is called off
            name, told = _told(reply)
            failure = UnansweredError(f"the provider answered {reply.status} without a receipt{told}")
            if name in _FINAL:
                break
        await self._purse.complain(number, str(failure)[:1_000])
        raise UnansweredError(
            f"call {number} was not answered: {failure}",
            next_step="nothing is signed for it; it is asked for again before the next call",
        ) from failure

    def _paid(self, request: httpx.Request, asked: Asked, offer: wire.Offer) -> httpx.Request:
        newest = self._purse.newest
        payment = wire.Payment(
            call=asked.call,
            call_signature="0x" + asked.signature.hex(),
            tally=newest.tally if newest else None,
            tally_signature="0x" + newest.signature.hex() if newest else None,
        )
        headers = request.headers.copy()
        headers[wire.SIGNATURE] = wire.payment_header(offer.requirements, payment)
        return httpx.Request(
            request.method,
            request.url,
            headers=headers,
            content=request.content,
            extensions=request.extensions,
        )

    async def _refused(self, number: int, reply: _Reply, offer: wire.Offer) -> None:
        """End a call that the provider does not take up; it has told why, and its offer."""
        again, told = self._read_offer(reply)
        await self._purse.abandon(number, told[:1_000])
        name, _, message = told.partition(": ")
        if name in ("PriceError", "CeilingError") and again.price != offer.price:
            raise _NewPriceError(again)
        raise PaymentRefusedError(name[:80], message[:400])

    async def _accept(self, number: int, reply: _Reply) -> Response:
        response = Response(reply.status, kept(_raw(reply.headers)), reply.body)
        given = wire.read_answer(reply.headers[wire.RESPONSE])
        await self._purse.accept(number, given, reply.status, response.encode())
        return response

    def _read_offer(self, reply: _Reply) -> tuple[wire.Offer, str]:
        purse = self._purse
        return wire.read_offer(reply.headers[wire.REQUIRED], purse.domain, purse.account.provider)

    def _refusal(self, reply: _Reply) -> RefusedError:
        if wire.REQUIRED in reply.headers:
            name, _, message = self._read_offer(reply)[1].partition(": ")
            return PaymentRefusedError(name[:80], message[:400])
        return PaymentRefusedError(f"status {reply.status}", reply.body[:200].decode("utf-8", "replace"))

    async def _ask(self, signing: wire.Signing) -> _Reply:
        return await self._whole(
            httpx.Request(
                "POST",
                self._origin.join(wire.WELL_KNOWN),
                headers={"content-type": "application/json"},
                content=signing.model_dump_json(exclude_none=True).encode(),
            )
        )

    async def _whole(self, request: httpx.Request) -> _Reply:
        """A response with all of its body, as it came over the wire."""
        response = await self._transport.handle_async_request(request)
        body = bytearray()
        try:
            stream = response.stream
            assert isinstance(stream, AsyncIterable)  # noqa: S101 - what an async transport gives
            async for part in stream:
                body += part
                if len(body) > self._patience.response:
                    raise UnansweredError(
                        f"the response is larger than {self._patience.response} bytes",
                        next_step="raise Patience.response: without it nothing later can be signed for",
                    )
        finally:
            await response.aclose()
        return _Reply(response.status_code, response.headers, bytes(body))


def _response(request: httpx.Request, reply: _Reply) -> httpx.Response:
    return httpx.Response(
        reply.status, headers=reply.headers, stream=httpx.ByteStream(reply.body), request=request
    )


def _told(reply: _Reply) -> tuple[str, str]:
    """The error a provider names beside a status, and the words for it; both empty where it names none."""
    try:
        said = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return "", ""
    if not isinstance(said, dict) or not isinstance(name := said.get("error"), str):
        return "", ""
    return name, f": {name[:80]}: {str(said.get('message', ''))[:400]}"


def _place(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _raw(headers: httpx.Headers) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in headers.raw]
