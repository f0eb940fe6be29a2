"""`oracle tab show` says what the lens says: what follows if nobody acts, and who gets how much."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from eth_abi.abi import encode
from web3 import HTTPProvider, Web3

from oracle.chain.errors import BadAnswerError, ChainError
from oracle.chain.tab_lens import TabLens
from oracle.cli.main import cli
from oracle.domain.tab_terms import TabAgreement, tab_opening_hash
from oracle.domain.types import Address, Outcome
from scripts.deployment.companions import companion_by_forge
from scripts.deployment.sender import KeySender
from scripts.local.anvil import Anvil, account
from scripts.local.market import UNIT, Market
from scripts.local.tab_desk import TabDesk
from scripts.local.tabs import tabs_of


@dataclass
class Shown:
    """A market with a lens on its tabs, and the command."""

    chain: Anvil
    market: Market
    desk: TabDesk
    lens: Address
    folder: Path

    def write_deployment(self, **companions: Address) -> None:
        path = self.folder / "deployment.json"
        self.market.write_deployment(path)
        record = json.loads(path.read_text())
        record["companions"] += [
            {"contract": name, "address": address, "block": 0} for name, address in companions.items()
        ]
        path.write_text(json.dumps(record))

    def __call__(self, tab: str, *more: str, code: int = 0) -> str:
        place = ["--rpc", self.chain.url, "--deployment", str(self.folder / "deployment.json")]
        result = CliRunner().invoke(cli, ["tab", "show", tab, *place, *more])
        assert result.exit_code == code, result.output
        return result.output

    def json(self, tab: str) -> Any:
        return json.loads(self(tab, "--json"))


@pytest.fixture(scope="module")
def deployed(tab_market: tuple[Anvil, Market]) -> Address:
    chain, market = tab_market
    web3 = Web3(HTTPProvider(chain.url))
    sender = KeySender(web3, account(0))
    code = companion_by_forge("TabLens").creation_code + encode(["address"], [market.tabs])
    made = sender.create(code, gas=9_000_000)
    sender.finish()
    return str(made).lower()


@pytest.fixture(scope="module")
def desk(tab_market: tuple[Anvil, Market]) -> TabDesk:
    return TabDesk(tab_market[1])  # one for all: no two of its tabs are the same


@pytest.fixture
def show(tab_market: tuple[Anvil, Market], desk: TabDesk, deployed: Address, tmp_path: Path) -> Shown:
    shown = Shown(*tab_market, desk, deployed, tmp_path)
    shown.write_deployment(TabLens=deployed)
    return shown


def opened(show: Shown) -> tuple[TabDesk, TabAgreement, str]:
    agreement = show.desk.agreement()
    show.desk.open(agreement)
    return show.desk, agreement, show.desk.id_of(agreement)


def test_presented_and_nobody_judges__the_silent_pay(show: Shown) -> None:
    desk, agreement, tab = opened(show)
    terms = agreement.terms
    tally = desk.tally(agreement, count=10, amount=100_000)
    show.chain.warp(show.market.rpc, terms.period + 1)
    desk.send(show.market.provider, desk.present_call(agreement, tally))
    follows = show.json(tab)["if_nobody_acts"]
    assert [(step["act"], step["next"]) for step in follows["steps"]] == [
        ("lapse", "judged"),
        ("settle", "closed"),
    ]
    lapse, settle = follows["steps"]
    judge_by = tabs_of(show.market).state(tab).deadline + terms.verdict
    assert lapse["from"] == judge_by
    assert follows["closes_from"] == settle["from"] > judge_by
    each, members = int(settle["slash_each"]), len(show.market.evaluators)
    assert settle["slashed"] == list(range(members))
    assert int(follows["slashed"]) == each * members >= show.market.committee.silence
    assert settle["outcome"] == "lapse"
    assert int(follows["buyer"]) == terms.pays_in  # everything back
    assert int(follows["provider"]) == terms.bond + each * members

    words = show(tab)
    for expected in (
        "If nobody acts", "nobody judged it; then judged", "settled lapse: buyer 112.00 USDC",
        "slashed of each of evaluators 0, 1, 2", "then closed", "in all",
    ):  # fmt: skip
        assert expected in words


def test_judged__is_paid_and_closed_at_the_end(show: Shown) -> None:
    desk, agreement, tab = opened(show)
    terms = agreement.terms
    tally = desk.tally(agreement, count=10, amount=100_000)
    show.chain.warp(show.market.rpc, terms.period + 1)
    desk.send(show.market.provider, desk.present_call(agreement, tally))
    desk.send(show.market.relayer, desk.judge_call(agreement, tally, 1, Outcome.PASS, 90_000))
    follows = show.json(tab)["if_nobody_acts"]
    settle, close = follows["steps"]
    assert (settle["act"], settle["outcome"], settle["provider"]) == ("settle", "pass", "90000")
    assert (close["act"], close["outcome"], close["signers"]) == ("close", None, str(UNIT))
    assert (close["signed_by"], close["members"]) == ([0, 1, 2], str(terms.fee))
    assert (follows["evaluators"], follows["slashed"]) == (str(terms.fee + UNIT), "0")
    assert int(follows["provider"]) == 90_000 + terms.bond
    assert int(follows["buyer"]) == terms.pays_in - 90_000 - terms.fee - UNIT
    assert follows["closes_from"] == close["from"]


def test_without_a_lens__it_says_that_there_is_none(show: Shown) -> None:
    _, _, tab = opened(show)
    show.write_deployment()
    assert show.json(tab)["if_nobody_acts"] is None
    assert "no lens on tabs (TabLens)" in show(tab)


def test_another_contract_named_as_the_lens__is_refused(show: Shown) -> None:
    _, agreement, tab = opened(show)
    show.write_deployment(TabLens=show.market.usdc)
    assert "there is no lens on tabs at" in show(tab, code=2)
    market = show.market
    with pytest.raises(ChainError, match="not at those of"):
        TabLens(market.rpc, show.lens, market.usdc).check()
    other = "0x" + "0f" * 32
    with pytest.raises(BadAnswerError, match="speaks of tab"):
        TabLens(market.rpc, show.lens, market.tabs).standing(
            other, agreement.terms, tab_opening_hash(agreement.opening)
        )
