"""Pays the service beside this by tab, a call for each line of its input.

python examples/tab/client.py tab.json keystore.json password.txt receipts.sqlite3 < text
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterable
from pathlib import Path

import httpx

from oracle.chain.rpc import Rpc
from oracle.chain.tabs import Tabs
from oracle.domain.tab_file import TabFile
from oracle.domain.types import ZERO_ADDRESS
from oracle.signing.signer import load_keystore
from oracle.tabs.accounts import account_of
from oracle.tabs.client import TabTransport
from oracle.tabs.log import TabLog
from oracle.tabs.purse import Purse

ORIGIN = "http://127.0.0.1:8402"


async def pay(
    purse: Purse, lines: Iterable[str], transport: httpx.AsyncBaseTransport | None = None
) -> list[int]:
    """The words of each line. Leaving the client signs for the last answer."""
    paying = TabTransport(ORIGIN, purse, transport=transport)
    async with httpx.AsyncClient(transport=paying, base_url=ORIGIN) as client:
        return [(await client.post("/count", json={"text": line})).json()["words"] for line in lines]


def main(tab_file: Path, keystore: Path, password: Path, log: Path) -> None:
    tab = TabFile.parse(tab_file.read_bytes())
    tabs = Tabs(Rpc(os.environ["RPC_URL"], chain_id=tab.chain_id), tab.tabs, tab.chain_id, ZERO_ADDRESS)
    account = account_of(tab.tab, tab.agreement.terms, tabs.state(tab.tab))
    if account is None:
        sys.exit(f"the tab {tab.tab} is not open")
    purse = Purse(account, tabs.domain, TabLog(log), load_keystore(keystore, password))
    print(*asyncio.run(pay(purse, sys.stdin)))
    print(
        f"{purse.tally.count} interactions on this tab so far, {purse.tally.amount} base units",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
