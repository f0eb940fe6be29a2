"""`overhead_ms`: what the middleware adds to a request, at the median and the 99th percentile.

The same FastAPI route is served twice by one uvicorn process, with and without the middleware, and asked turn
by turn, one request at a time over a kept connection. The timed part is the request: the service's check of
call and tally, its own signatures, and a sync of its log. What the buyer does before and after is not the
middleware's, and is printed beside it.
"""

from __future__ import annotations

import asyncio
import socket
import statistics
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI

from oracle.domain.types import Hash
from oracle.tabs import wire
from oracle.tabs.asgi import TabMiddleware
from oracle.tabs.exchange import Request, Response, kept
from oracle.tabs.log import TabLog
from oracle.tabs.purse import Purse
from oracle.tabs.rules import Account, Rules
from oracle.tabs.service import Service
from scripts.bench.receipts import ACCOUNT, BUYER, DOMAIN, PROVIDER

REQUESTS = 1_500
WARM_UP = 150
PRICE = 1_000
USDC = "0x" + "5c" * 20
RULES = Rules(maximum=PRICE, in_flight=1)  # at most one interaction is unsigned at any time


def run() -> dict[str, float]:
    """Milliseconds, at the median and the 99th percentile."""
    with tempfile.TemporaryDirectory() as folder:
        bare, paid = _listening(), _listening()
        process = get_context("fork").Process(target=_serve, args=(Path(folder), bare, paid), daemon=True)
        process.start()
        try:
            without, beside, whole = asyncio.run(_ask(Path(folder), bare, paid))
        finally:
            process.terminate()
            process.join(10)
    figures = {}
    for name, share in (("overhead_ms", 0.5), ("overhead_p99_ms", 0.99)):
        figures[name] = _at(beside, share) - _at(without, share)
        print(
            f"  at {share:.0%}: {_at(without, share):.2f} ms without, {_at(beside, share):.2f} behind a tab,"
            f" {_at(whole, share):.2f} with all the buyer does",
            flush=True,
        )
    return figures


def _listening() -> socket.socket:
    # With its protocol named, as where uvicorn binds by address: else asyncio leaves Nagle's delay on.
    end = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    end.bind(("127.0.0.1", 0))
    end.listen()
    return end


def _at(seconds: list[float], share: float) -> float:
    return statistics.quantiles(seconds, n=100, method="inclusive")[round(share * 100) - 1] * 1e3


def _service() -> FastAPI:
    app = FastAPI()

    @app.get("/word")
    async def word() -> dict[str, str]:
        return {"word": "answer"}

    return app


def _serve(folder: Path, bare: socket.socket, paid: socket.socket) -> None:
    async def account(_tab: Hash) -> Account:
        return ACCOUNT

    async def both() -> None:
        service = Service(TabLog(folder / "provider.sqlite3"), PROVIDER, DOMAIN, account, RULES)
        behind = _service()
        behind.add_middleware(TabMiddleware, service=service, asset=USDC, price=PRICE)
        servers = [
            uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
            for app in (_service(), behind)
        ]
        await asyncio.gather(
            *(server.serve(sockets=[end]) for server, end in zip(servers, (bare, paid), strict=True))
        )

    asyncio.run(both())


async def _ask(
    folder: Path, bare: socket.socket, paid: socket.socket
) -> tuple[list[float], list[float], list[float]]:
    log = TabLog(folder / "buyer.sqlite3")
    purse = Purse(ACCOUNT, DOMAIN, log, BUYER)
    purse.agree(RULES)
    offer = wire.requirements_of(DOMAIN, USDC, PROVIDER.address, RULES, PRICE)
    message = Request("GET", "/word", (), b"").encode()
    without, beside, whole = [], [], []
    async with httpx.AsyncClient() as client:
        for number in range(WARM_UP + REQUESTS):
            plain = client.build_request("GET", f"http://127.0.0.1:{bare.getsockname()[1]}/word")
            seconds, _ = await _timed(client, plain)
            begun = time.perf_counter()
            asked = await purse.call(message, PRICE)
            newest = purse.newest
            payment = wire.Payment(
                call=asked.call,
                call_signature="0x" + asked.signature.hex(),
                tally=newest.tally if newest else None,
                tally_signature="0x" + newest.signature.hex() if newest else None,
            )
            request = client.build_request(
                "GET",
                f"http://127.0.0.1:{paid.getsockname()[1]}/word",
                headers={wire.SIGNATURE: wire.payment_header(offer, payment)},
            )
            behind, reply = await _timed(client, request)
            head = kept([(name.lower(), value) for name, value in reply.headers.raw])
            answer = Response(reply.status_code, head, reply.content).encode()
            given = wire.read_answer(reply.headers[wire.RESPONSE])
            await purse.accept(asked.call.number, given, reply.status_code, answer)
            if number >= WARM_UP:
                without.append(seconds)
                beside.append(behind)
                whole.append(time.perf_counter() - begun)
    log.close()
    return without, beside, whole


async def _timed(client: httpx.AsyncClient, request: httpx.Request) -> tuple[float, httpx.Response]:
    started = time.perf_counter()
    response = await client.send(request)
    seconds = time.perf_counter() - started
    response.raise_for_status()
    return seconds, response
