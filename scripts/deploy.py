"""Deploy the escrow with Ape; the network is chosen by name alone.

    ape run deploy --network ethereum:local:foundry
    ape run deploy --network base:sepolia:node --account my-account
    ape run deploy --network base:mainnet:node --account my-account

The node's address comes from BASE_SEPOLIA_RPC_URL or BASE_RPC_URL; scripts/env.sh knows public ones. The
source is verified where ETHERSCAN_API_KEY is set. What was done is written to deployments/<chain id>.json.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import ape
import click
from ape.cli import ConnectedProviderCommand
from web3 import Web3

from oracle.domain.errors import EarnestError
from scripts.deployment.ape_compiler import compiled_by_ape
from scripts.deployment.ape_sender import sender_for
from scripts.deployment.escrow import CompiledEscrow, deploy
from scripts.deployment.networks import LOCAL_CHAIN, known_chain
from scripts.deployment.record import FOLDER, DeploymentRecord
from scripts.deployment.source import build_for_deployment, standard_input_of, verify_source


@click.command(cls=ConnectedProviderCommand)
@click.option("--account", "alias", help="Alias of the account of Ape's that deploys and pays.")
@click.option("--min-challenge", type=click.IntRange(min=1), help="Shortest challenge period, in seconds.")
@click.option("--lapse-challenge", type=click.IntRange(min=1), help="Shortest one after a lapse, in seconds.")
@click.option("--min-delivery", type=click.IntRange(min=1), help="Shortest openBy to deliverBy, in seconds.")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=FOLDER,
    help="Folder for <chain id>.json.",
)
def cli(alias: str | None, output: Path, **periods: int | None) -> None:
    """Deploy the escrow, and USDC where the chain has none."""
    try:
        run(alias, output, {name: value for name, value in periods.items() if value is not None})
    except EarnestError as error:
        message = f"{error.message}. {error.next_step or ''}".rstrip()
        raise click.ClickException(message) from error


def run(alias: str | None, output: Path, periods: dict[str, int]) -> None:
    """Deploy on the connected network, write the record, then verify the source if a key is given.

    Raises:
        EarnestError: wrong chain, no account, or a failed transaction or verification.
    """
    provider = ape.networks.provider
    network = provider.network
    web3: Web3 = provider.web3
    # Asked of the node itself: Ape answers from what it expects.
    answered = int(web3.provider.make_request("eth_chainId", [])["result"], 16)  # type: ignore[arg-type]
    chain = known_chain(network.ecosystem.name, network.name, answered)
    sender = sender_for(alias, web3, answered)
    name = f"{network.ecosystem.name}:{network.name}"
    click.echo(f"deploy: {name}, chain {answered}, from {sender.address}")

    record = deploy(web3, sender, chain, name, _compiled_by_ape(), replace(chain.periods, **periods))
    path = record.write(output)
    made = "deployed here" if record.usdc.deployed_here else "the chain's own"
    click.echo(f"deploy: USDC   {record.usdc.address} ({made})")
    click.echo(f"deploy: Escrow {record.escrow.address} in block {record.escrow.block}")
    click.echo(f"deploy: written to {path}")
    _verify(record)


def _compiled_by_ape() -> CompiledEscrow:
    escrow, compiler = compiled_by_ape("Escrow")
    return CompiledEscrow(
        abi=[entry.model_dump(mode="json", by_alias=True, exclude_none=True) for entry in escrow.abi],
        creation_code=bytes(escrow.get_deployment_bytecode()),
        compiler=compiler,
    )


def _verify(record: DeploymentRecord) -> None:
    if record.chain_id == LOCAL_CHAIN:
        return
    api_key = os.environ.get("ETHERSCAN_API_KEY")
    if not api_key:
        click.echo("deploy: source not verified, ETHERSCAN_API_KEY is not set")
        return
    standard_input = standard_input_of(build_for_deployment()["metadata"])
    click.echo(f"deploy: source {verify_source(record, api_key, standard_input)}")
