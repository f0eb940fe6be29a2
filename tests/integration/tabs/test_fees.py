"""`oracle tab fees`: the verdict fees a tab keeps reach the evaluators who signed, while it goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from oracle.cli.main import cli
from oracle.domain.types import Outcome
from scripts.local.anvil import Anvil
from scripts.local.market import UNIT, Market
from scripts.local.tab_desk import TabDesk
from scripts.local.tabs import tabs_of

SIGNERS = (0, 1, 2)


def test_fees_of_a_tab_that_goes_on__are_credited_to_who_signed(
    tab_market: tuple[Anvil, Market], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain, market = tab_market
    market.write_deployment(tmp_path / "deployment.json")
    monkeypatch.setenv("ANYONE", "0x" + bytes(market.relayer.key).hex())
    desk = TabDesk(market)
    agreement = desk.agreement()
    tab = desk.id_of(agreement)
    desk.open(agreement)

    def run(code: int = 0) -> Any:
        place = ["--rpc", chain.url, "--deployment", str(tmp_path / "deployment.json")]
        command = ["tab", "fees", tab, *place, "--key-env", "ANYONE", "--json"]
        result = CliRunner().invoke(cli, command)
        assert result.exit_code == code, result.output
        return json.loads(result.output)

    def free() -> list[int]:
        return [market.escrow.collateral_of(each.account.address) for each in market.evaluators]

    refused = run(code=2)
    assert "keeps no verdict fees" in refused["message"]
    assert f"oracle committee fees {market.committee_id}" in refused["next_step"]

    for period in (1, 2):
        chain.warp(market.rpc, agreement.terms.period + 1)
        tally = desk.tally(agreement, count=10 * period, amount=100_000 * period)
        desk.send(market.provider, desk.present_call(agreement, tally))
        desk.send(
            market.relayer, desk.judge_call(agreement, tally, period, Outcome.PASS, 100_000, signers=SIGNERS)
        )
        chain.warp(market.rpc, agreement.terms.challenge + 1)
        desk.send(market.provider, desk.settle_call(agreement))
    assert tabs_of(market).state(tab).unpaid == 2

    before = free()
    done = run()
    gained = [after - earlier for after, earlier in zip(free(), before, strict=True)]
    assert (done["verdicts"], done["handed_over"], done["evaluators"]) == (2, str(2 * UNIT), list(SIGNERS))
    assert int(done["credited"]) == sum(gained)
    assert 2 * UNIT - len(SIGNERS) < sum(gained) <= 2 * UNIT  # what does not divide by three waits
    assert {index for index, each in enumerate(gained) if each} == set(SIGNERS)
    assert len(done["transactions"]) == 2
    view = tabs_of(market).state(tab)
    assert (view.unpaid, view.phase.name) == (0, "OPEN")
    assert "keeps no verdict fees" in run(code=2)["message"]
