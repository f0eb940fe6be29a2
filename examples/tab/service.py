"""A FastAPI service behind a tab: it counts words, at a tenth of a cent a request.

    python examples/tab/service.py tab.json keystore.json password.txt receipts.sqlite3

`tab.json` is the file both sides signed (`oracle tab new`, `oracle tab sign`); RPC_URL names a node.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from oracle.chain.rpc import Rpc
from oracle.chain.tabs import Tabs
from oracle.domain.tab import tabs_domain
from oracle.domain.tab_file import TabFile
from oracle.domain.types import ZERO_ADDRESS, Hash
from oracle.signing.signer import Signer, load_keystore
from oracle.tabs.accounts import ChainAccounts, Stored
from oracle.tabs.asgi import TabMiddleware
from oracle.tabs.log import TabLog
from oracle.tabs.rules import Rules
from oracle.tabs.service import Service

PRICE = 1_000  # base units of USDC


class Text(BaseModel):
    text: str


def behind_a_tab(tab: TabFile, signer: Signer, log: TabLog, state: Callable[[Hash], Stored]) -> FastAPI:
    """The service; these five lines put it behind the tab."""
    app = FastAPI()
    domain = tabs_domain(tab.chain_id, tab.tabs)
    accounts = ChainAccounts(domain, [tab.agreement], state)
    service = Service(log, signer, domain, accounts, Rules(maximum=8 * PRICE, in_flight=8))
    app.add_middleware(TabMiddleware, service=service, asset=tab.usdc.address, price=PRICE)

    @app.post("/count")
    async def count(given: Text) -> dict[str, int]:
        return {"words": len(given.text.split())}

    return app


def main(tab_file: Path, keystore: Path, password: Path, log: Path) -> None:
    tab = TabFile.parse(tab_file.read_bytes())
    # Only states are read here, so no handover is needed.
    tabs = Tabs(Rpc(os.environ["RPC_URL"], chain_id=tab.chain_id), tab.tabs, tab.chain_id, ZERO_ADDRESS)
    app = behind_a_tab(tab, load_keystore(keystore, password), TabLog(log), tabs.state)
    uvicorn.run(app, host="127.0.0.1", port=8402)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
