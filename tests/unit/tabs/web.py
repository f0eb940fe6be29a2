"""A FastAPI service behind a tab and a client that pays it, in one process, over httpx's ASGI transport."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI, Request, Response

from oracle.domain.errors import EarnestError
from oracle.domain.types import Hash
from oracle.tabs.asgi import Bounds, TabMiddleware
from oracle.tabs.client import Patience, TabTransport
from oracle.tabs.log import TabLog
from oracle.tabs.purse import Purse
from oracle.tabs.rules import Account, Rules
from oracle.tabs.service import Service
from tests.unit.tabs.parties import ACCOUNT, BUYER, DOMAIN, NOW, PROVIDER

USDC = "0x" + "5c" * 20
ORIGIN = "http://service.test"


@dataclass
class World:
    """Both sides with their logs; the provider or the buyer can be started anew from its log."""

    folder: Path
    rules: Rules = field(default_factory=lambda: Rules(maximum=400, in_flight=4))
    price: Any = 10
    accounts: dict[Hash, Account] = field(default_factory=lambda: {ACCOUNT.tab: ACCOUNT})
    bounds: Bounds = field(default_factory=lambda: Bounds(body=1_000, response=2_000, body_seconds=60))
    now: float = NOW
    chain_down: bool = False
    served: list[str] = field(default_factory=list)
    lose: Callable[[httpx.Request, httpx.Response], bool] = lambda _request, _response: False

    def __post_init__(self) -> None:
        self.start_provider()
        self.start_buyer()

    def start_provider(self) -> None:
        self.provider_log = TabLog(self.folder / "provider.sqlite3")
        self.service = Service(
            self.provider_log, PROVIDER, DOMAIN, self.account, self.rules, clock=lambda: self.now
        )
        app = _app(self)
        app.add_middleware(
            TabMiddleware, service=self.service, asset=USDC, price=self.price, bounds=self.bounds
        )
        self.app = app

    def start_buyer(self) -> None:
        self.buyer_log = TabLog(self.folder / "buyer.sqlite3")
        self.purse = Purse(ACCOUNT, DOMAIN, self.buyer_log, BUYER, clock=lambda: self.now)
        self.transport = TabTransport(
            ORIGIN, self.purse, patience=Patience(pause=0.01, response=5_000), transport=_Line(self)
        )
        self.client = httpx.AsyncClient(transport=self.transport, base_url=ORIGIN)

    def restart_provider(self) -> None:
        self.provider_log.close()
        self.start_provider()

    def restart_buyer(self) -> None:
        self.buyer_log.close()
        self.start_buyer()

    async def account(self, tab: Hash) -> Account | None:
        if self.chain_down:
            raise EarnestError("no node answers")
        return self.accounts.get(tab)

    def raw(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=ORIGIN)

    def close(self) -> None:
        self.provider_log.close()
        self.buyer_log.close()


class _Line(httpx.AsyncBaseTransport):
    """The wire: it can lose a response after the provider has sent it."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        inner = httpx.ASGITransport(self._world.app, raise_app_exceptions=False)
        response = await inner.handle_async_request(request)
        if self._world.lose(request, response):
            raise httpx.ReadError("lost on the line", request=request)
        return response


def _app(world: World) -> FastAPI:
    app = FastAPI()

    @app.get("/echo/{word}")
    async def echo(word: str) -> dict[str, str]:
        world.served.append(word)
        await asyncio.sleep(0)
        return {"word": word}

    @app.post("/sum")
    async def add(numbers: list[int]) -> int:
        world.served.append("sum")
        return sum(numbers)

    @app.get("/fails")
    async def fails() -> Response:
        world.served.append("fails")
        return Response("no", status_code=500)

    @app.get("/crashes")
    async def crashes() -> None:
        world.served.append("crashes")
        raise ValueError("a defect")

    @app.get("/large")
    async def large() -> Response:
        return Response(b"x" * 3_000)

    @app.get("/slow")
    async def slow() -> str:
        await asyncio.sleep(600)
        return "late"

    @app.post("/body")
    async def body(request: Request) -> int:
        return len(await request.body())

    return app
