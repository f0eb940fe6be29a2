"""A market on anvil, and the command line over it as buyers, providers and evaluators use it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from eth_account.signers.local import LocalAccount

from oracle.cli.main import cli
from scripts.local.anvil import CHAIN_ID, Anvil
from scripts.local.market import Market
from tests.markets import running_market


@pytest.fixture(scope="session")
def cli_market() -> Iterator[tuple[Anvil, Market]]:
    with running_market() as made:
        yield made


@dataclass
class Desk:
    """Somebody at a terminal: the market, a folder, and keys in environment variables."""

    chain: Anvil
    market: Market
    folder: Path
    deployment: Path
    environment: dict[str, str]

    def run(self, *arguments: str, by: str | None = None) -> Result:
        """`oracle …` with the node and deployment from the environment, the key of `by` if named."""
        key = ["--key-env", f"KEY_{by.upper()}"] if by else []
        return CliRunner().invoke(cli, [*arguments, *key], env=self.environment)

    def json(self, *arguments: str, by: str | None = None, exit_code: int = 0) -> Any:
        """The same with --json; the object it prints."""
        result = self.run(*arguments, "--json", by=by)
        assert result.exit_code == exit_code, (result.output, result.exception)
        # Before 8.2 click's runner mixes stderr, where progress goes, into stdout.
        return json.loads(result.stdout[result.stdout.index("{") :])

    def warp(self, seconds: int) -> None:
        self.chain.warp(self.market.rpc, seconds)

    def account(self, who: str) -> LocalAccount:
        found: LocalAccount = getattr(self.market, who)
        return found


@pytest.fixture
def desk(cli_market: tuple[Anvil, Market], tmp_path: Path) -> Iterator[Desk]:
    chain, market = cli_market
    snapshot = market.rpc.call("evm_snapshot", [], retry=False)
    chain.keep_step(market.rpc)
    deployment = tmp_path / f"{CHAIN_ID}.json"
    market.write_deployment(deployment)
    environment = {
        "ORACLE_RPC": chain.url,
        "ORACLE_DEPLOYMENT": str(deployment),
        "COLUMNS": "200",
        **{
            f"KEY_{name.upper()}": "0x" + bytes(getattr(market, name).key).hex()
            for name in ("buyer", "provider", "relayer", "arbiter", "deployer")
        },
    }
    yield Desk(chain, market, tmp_path, deployment, environment)
    market.rpc.call("evm_revert", [snapshot], retry=False)
