"""The example's service and client, against each other."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import httpx

from oracle.domain.tab_file import TabFile
from oracle.tabs.accounts import account_of
from oracle.tabs.log import TabLog
from oracle.tabs.purse import Purse
from tests.unit.tabs.parties import BUYER, PROVIDER
from tests.unit.tabs.test_accounts import AGREEMENT, DOMAIN, View

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "tab"


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_tab_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_words_are_counted_and_paid_for(tmp_path: Path) -> None:
    terms, opening = AGREEMENT.terms, AGREEMENT.opening
    file = TabFile.model_validate(
        {
            "chain_id": DOMAIN.chain_id,
            "escrow": "0x" + "11" * 20,
            "tabs": DOMAIN.contract,
            "usdc": {"address": "0x" + "22" * 20, "name": "USD Coin", "version": "2"},
            "terms": {name: getattr(terms, name) for name in terms.__slots__}
            | {"ceiling": 1_000, "deposit": 10_000},
            "opening": {name: getattr(opening, name) for name in opening.__slots__},
        }
    )
    view = View(balance=10_000, settled_amount=0)
    logs = [TabLog(tmp_path / name) for name in ("provider.sqlite3", "buyer.sqlite3")]
    app = example("service").behind_a_tab(file, PROVIDER, logs[0], lambda _tab: view)
    account = account_of(file.tab, file.agreement.terms, view)
    assert account is not None
    purse = Purse(account, DOMAIN, logs[1], BUYER)
    lines = ["one", "one two", ""]
    assert await example("client").pay(purse, lines, httpx.ASGITransport(app)) == [1, 2, 0]
    signed = logs[0].signed(file.tab)
    assert signed is not None
    assert (signed.tally.count, signed.tally.amount) == (3, 3_000)
    for log in logs:
        log.close()
