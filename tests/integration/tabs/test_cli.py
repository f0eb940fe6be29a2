"""A tab from its terms to its end by commands alone, where nobody judges the period."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from oracle.cli.main import cli
from oracle.evidence.store import ContentStore
from oracle.tabs.export import Export
from scripts.local.anvil import Anvil
from scripts.local.market import Market
from scripts.local.tabs import OpenTab, serve
from tests.integration.tabs.conftest import PACT
from tests.unit.tabs.periods import GOOD, REQUEST


class Commands:
    """Runs `oracle tab …` as one of the parties."""

    def __init__(self, chain: Anvil, folder: Path) -> None:
        self._chain = ["--rpc", chain.url, "--deployment", str(folder / "deployment.json")]

    def __call__(self, *arguments: str, key: str = "", chain: bool = True, code: int = 0) -> Any:
        command = ["tab", *arguments, *(self._chain if chain else []), "--json"]
        result = CliRunner().invoke(cli, command + (["--key-env", key] if key else []))
        assert result.exit_code == code, result.output
        return json.loads(result.output)


def test_tab__by_commands(
    tab_market: tuple[Anvil, Market], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain, market = tab_market
    market.write_deployment(tmp_path / "deployment.json")
    for name, account in (
        ("BUYER", market.buyer), ("PROVIDER", market.provider), ("RELAYER", market.relayer),
    ):  # fmt: skip
        monkeypatch.setenv(name, "0x" + bytes(account.key).hex())
    run, file = Commands(chain, tmp_path), str(tmp_path / "tab.json")
    now = market.now()
    made = run(
        "new", file, "--pact", PACT.hash(), "--buyer", market.buyer.address, "--provider",
        market.provider.address, "--committee", market.committee_id, "--deposit", "1", "--ceiling", "0.005",
        "--bond", "5", "--fee", "2", "--verdict-fee", "1", "--due", "0.01", "--window", "5s", "--verdict",
        "60s", "--challenge", "10s", "--periods", "2", "--open-by", str(now + 3_600),
        "--end-by", str(now + 86_400),
    )  # fmt: skip
    tab = made["tab"]
    early = run("open", file, key="RELAYER", code=2)
    assert "has not signed" in early["message"]
    wrong = run("sign", file, "--as", "buyer", key="PROVIDER", chain=False, code=2)
    assert "the buyer is" in wrong["message"]
    assert run("sign", file, "--as", "provider", key="PROVIDER", chain=False)["missing"] == ["buyer"]
    assert run("sign", file, "--as", "buyer", key="BUYER", chain=False)["missing"] == []
    assert run("open", file, key="RELAYER")["phase"] == "open"
    assert "TopUpTooLarge" in json.dumps(run("topup", tab, "--amount", "1", key="BUYER", code=2))
    assert "neither buyer nor provider" in run("leave", tab, key="RELAYER", code=2)["message"]

    log, store = tmp_path / "log.sqlite3", tmp_path / "store"
    opened = OpenTab(tab, _agreement(file))
    serve(market, opened, [(REQUEST, GOOD)] * 8, 5_000, log, unsigned=2)
    store.mkdir()
    complaint = run("complain", tab, "3", "1", "3", "--store", str(store), key="BUYER")
    assert ContentStore(store).get(complaint["document"], max_bytes=1_000)
    export = run("export", tab, "--log", str(log), "--store", str(store), key="PROVIDER")
    written = Export(ContentStore(store), export["manifest"])
    assert (written.sound, written.count) == (True, 8)  # the buyer signed 6, and may sign and present 8 yet
    assert run("present", tab, "--log", str(log), key="PROVIDER")["phase"] == "presented"
    shown = run("show", tab)
    assert (shown["state"]["phase"], shown["state"]["balance"]) == ("presented", "1000000")
    assert "the committee judges it" in shown["next"]

    chain.warp(market.rpc, 120)
    assert run("settle", tab, key="RELAYER")["phase"] == "judged"  # lapsed: nobody judged it
    chain.warp(market.rpc, 3 * 86_400)
    assert run("settle", tab, key="RELAYER")["phase"] == "closed"  # silence ends a tab
    assert "nothing is to be settled" in run("settle", tab, key="RELAYER", code=2)["message"]
    assert run("show", tab)["periods"][0]["outcome"] == "lapse"


def test_show__no_such_tab(tab_market: tuple[Anvil, Market], tmp_path: Path) -> None:
    chain, market = tab_market
    market.write_deployment(tmp_path / "deployment.json")
    assert "no tab" in Commands(chain, tmp_path)("show", "0x" + "00" * 32, code=2)["message"]


def _agreement(file: str) -> Any:
    from oracle.domain.tab_file import TabFile

    return TabFile.parse(Path(file).read_bytes()).agreement


def test_new__a_contract_as_party__is_refused(tab_market: tuple[Anvil, Market], tmp_path: Path) -> None:
    chain, market = tab_market
    market.write_deployment(tmp_path / "deployment.json")
    file = tmp_path / "tab.json"
    said = Commands(chain, tmp_path)(
        "new", str(file), "--pact", PACT.hash(), "--buyer", market.buyer.address, "--provider", market.usdc,
        "--committee", market.committee_id, "--deposit", "1", "--ceiling", "0.005", code=2,
    )  # fmt: skip
    assert f"the provider {market.usdc.lower()} is a contract" in said["message"]
    assert not file.exists()


def test_open__a_contract_as_party__is_refused_whoever_wrote_the_file(
    tab_market: tuple[Anvil, Market], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain, market = tab_market
    market.write_deployment(tmp_path / "deployment.json")
    monkeypatch.setenv("RELAYER", "0x" + bytes(market.relayer.key).hex())
    file = tmp_path / "tab.json"
    Commands(chain, tmp_path)(
        "new", str(file), "--pact", PACT.hash(), "--buyer", market.buyer.address, "--provider",
        market.provider.address, "--committee", market.committee_id, "--deposit", "1", "--ceiling", "0.005",
    )  # fmt: skip
    written = json.loads(file.read_text())
    signed = dict.fromkeys(("buyer", "provider"), "0x" + "11" * 64 + "1b")
    for party in ("buyer", "provider"):
        terms = written["terms"] | {party: market.usdc}
        file.write_text(json.dumps(written | {"terms": terms, "signatures": signed}))
        said = Commands(chain, tmp_path)("open", str(file), key="RELAYER", code=2)
        assert f"the {party} {market.usdc.lower()} is a contract" in said["message"]
