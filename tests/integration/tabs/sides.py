"""Both sides of a tab as processes of their own: `python sides.py SIDE FOLDER PORT [CALLS]`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI

from oracle.domain.tab import tabs_domain
from oracle.domain.types import Hash
from oracle.signing.signer import LocalSigner
from oracle.tabs.asgi import TabMiddleware
from oracle.tabs.client import Patience, TabTransport
from oracle.tabs.errors import RefusedError
from oracle.tabs.log import TabLog
from oracle.tabs.purse import Purse
from oracle.tabs.rules import Account, Rules
from oracle.tabs.service import Service

DOMAIN = tabs_domain(31337, "0x" + "7a" * 20)
BUYER, PROVIDER = LocalSigner(bytes([1]) * 32), LocalSigner(bytes([2]) * 32)
TAB = "0x" + "ab" * 32
ACCOUNT = Account(TAB, BUYER.address, PROVIDER.address, ceiling=100, covered=10**9, ends=2**40 - 1)
RULES = Rules(maximum=400, in_flight=8, timeout=20)
PRICE = 10
AT_ONCE = 4


def provide(folder: Path, port: int) -> None:
    """Serve until killed; what was really served is in `served`, a line each."""

    async def account(_tab: Hash) -> Account:
        return ACCOUNT

    async def serve() -> None:
        app = FastAPI()
        served = (folder / "served").open("a", buffering=1)

        @app.get("/word/{number}")
        async def word(number: int) -> dict[str, int]:
            served.write(f"{number}\n")
            return {"word": number}

        service = Service(TabLog(folder / "provider.sqlite3"), PROVIDER, DOMAIN, account, RULES)
        app.add_middleware(TabMiddleware, service=service, asset="0x" + "5c" * 20, price=PRICE)
        config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", access_log=False)
        await uvicorn.Server(config).serve()

    asyncio.run(serve())


def buy(folder: Path, port: int, calls: int) -> None:
    """Call until there are so many interactions, through whatever happens to the provider."""

    async def call() -> None:
        log = TabLog(folder / "buyer.sqlite3")
        purse = Purse(ACCOUNT, DOMAIN, log, BUYER)
        origin = f"http://127.0.0.1:{port}"
        transport = TabTransport(origin, purse, patience=Patience(pause=0.05))

        async def worker(client: httpx.AsyncClient) -> None:
            while log.head(TAB).count < calls:
                try:
                    await client.get(f"/word/{log.head(TAB).next_number}")
                except (RefusedError, httpx.TransportError):
                    await asyncio.sleep(0.1)

        async with httpx.AsyncClient(transport=transport, base_url=origin, timeout=20) as client:
            await asyncio.gather(*(worker(client) for _ in range(AT_ONCE)))
            await transport.recover()
            await transport.sign()
        log.close()

    asyncio.run(call())


if __name__ == "__main__":
    side, where, given, *more = sys.argv[1:]
    if side == "provider":
        provide(Path(where), int(given))
    else:
        buy(Path(where), int(given), int(more[0]))
