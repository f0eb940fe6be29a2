"""The demo's chain: deployed through Ape, three committees, a buyer, three agents, an arbiter."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address
from web3 import HTTPProvider, Web3

from oracle.domain.errors import EarnestError
from oracle.domain.types import Hash
from oracle.pact.methodology import Methodology
from scripts.demo.plan import UNIT, Agent, Bench
from scripts.deployment.record import DeploymentRecord
from scripts.deployment.sender import KeySender
from scripts.local.anvil import Anvil, account
from scripts.local.market import (
    Evaluator,
    Market,
    build_market,
    evaluators_from,
    found_committee,
    fund_collateral,
)
from scripts.local.usdc import mint_usdc, token_contract

ROOT = Path(__file__).parents[2]
SIZE, THRESHOLD = 3, 2
STAKE = 10_000 * UNIT
COLLATERAL = 5_000 * UNIT  # what each agent has for bonds
_AGENTS = {Agent.CAREFUL: 2, Agent.CARELESS: 5, Agent.ATTACKER: 6}  # accounts
PERIODS = ["--min-challenge", "4", "--lapse-challenge", "6", "--min-delivery", "1"]


class DemoError(EarnestError):
    """The demo could not be run, or did not end as it must."""


@dataclass(frozen=True, slots=True)
class Town:
    """What there is before the first job."""

    market: Market
    web3: Web3
    agents: dict[Agent, LocalAccount]
    committees: dict[Bench, Hash]
    evaluators: dict[Bench, list[Evaluator]]
    methodology: Methodology
    minted: int
    """All the USDC there is, base units."""

    def who(self, address: str) -> str:
        """A name for people."""
        names = {a.address.lower(): f"{agent} agent" for agent, a in self.agents.items()}
        names |= {
            self.market.buyer.address.lower(): "buyer",
            self.market.arbiter.address.lower(): "arbiter",
        }
        for bench, members in self.evaluators.items():
            for index, member in enumerate(members):
                names[member.account.address.lower()] = f"{bench} evaluator {index}"
        return names.get(address.lower(), address)


def ape_environment(chain: Anvil) -> dict[str, str]:
    """What Ape needs to deploy to a local chain."""
    return os.environ | {
        "EARNEST_LOCAL_RPC_URL": chain.url,
        "SOLCX_BINARY_PATH": str(ROOT / "scripts/solc"),
        "EARNEST_DEPLOYER_KEY": "0x" + bytes(account(0).key).hex(),
        "BASE_RPC_URL": os.environ.get("BASE_RPC_URL", "http://127.0.0.1:1"),
        "BASE_SEPOLIA_RPC_URL": os.environ.get("BASE_SEPOLIA_RPC_URL", "http://127.0.0.1:1"),
    }


def deploy_with_ape(chain: Anvil, folder: Path) -> DeploymentRecord:
    """Run `ape run deploy`, as on any other chain.

    Raises:
        DemoError: it failed; says what it printed.
    """
    ape = Path(sys.executable).parent / "ape"
    command = [str(ape), "run", "deploy", "--network", "ethereum:local:foundry", "--output", str(folder)]
    done = subprocess.run(
        [*command, *PERIODS],
        cwd=ROOT,
        env=ape_environment(chain),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise DemoError(f"`ape run deploy` failed:\n{done.stdout}{done.stderr}")
    return DeploymentRecord.model_validate_json((folder / "31337.json").read_bytes())


def found(chain: Anvil, record: DeploymentRecord, methodology: Methodology) -> Town:
    """Committees with their stake, agents with collateral for bonds, a buyer with money."""
    market = build_market(
        chain,
        record=record,
        size=SIZE,
        threshold=THRESHOLD,
        stake=STAKE,
        methodology=methodology.hash(),
        arbiter_cost=5 * UNIT,
        silence=90 * UNIT,
    )
    web3 = Web3(HTTPProvider(chain.url))
    sender = KeySender(web3, account(0))
    token = to_checksum_address(market.usdc)
    evaluators = {Bench.DILIGENT: market.evaluators}
    committees = {Bench.DILIGENT: market.committee_id}
    agents = {agent: account(number) for agent, number in _AGENTS.items()}
    for number, bench in enumerate((Bench.CARELESS, Bench.SILENT), start=1):
        evaluators[bench] = evaluators_from(SIZE * number, SIZE)
        for member in evaluators[bench]:
            mint_usdc(sender, token, member.account.address, STAKE)
    for agent in (Agent.CARELESS, Agent.ATTACKER):
        mint_usdc(sender, token, agents[agent].address, COLLATERAL)
    sender.finish()
    for bench in (Bench.CARELESS, Bench.SILENT):
        names = tuple(member.account.address.lower() for member in evaluators[bench])
        committees[bench] = found_committee(
            market, web3, replace(market.committee, evaluators=names), evaluators[bench]
        )
    for provider in agents.values():
        fund_collateral(market, web3, provider, COLLATERAL)
    fund_collateral(market, web3, market.buyer, COLLATERAL)
    minted = int(token_contract(web3, token).functions.totalSupply().call())
    return Town(market, web3, agents, committees, evaluators, methodology, minted)
