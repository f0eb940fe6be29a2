"""Deploy a contract beside the escrow with Ape; the network is chosen by name alone.

    ape run deploy_companion lens  --network base:sepolia:node --account my-account
    ape run deploy_companion panel --network base:sepolia:node --account my-account \
        --committee 0x… --cost 15000000 --min-ruling 172800
    ape run deploy_companion court --network base:sepolia:node --account my-account \
        --court 0x… --extra-data 0x… --meta-evidence ipfs://…
    ape run deploy_companion verdicts  --network base:sepolia:node --account my-account
    ape run deploy_companion tabs      --network base:sepolia:node --account my-account
    ape run deploy_companion evaluator --network base:sepolia:node --account my-account --book 0x…
    ape run deploy_companion policy    --network base:sepolia:node --account my-account --book 0x…

The escrow is the one in deployments/<chain id>.json, which `ape run deploy` wrote; what was made is added
there. docs/arbiters.md says what a panel and an adapter to a court need, docs/evaluators.md what serves other
people's escrows, docs/tabs.md what tabs are.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ape
import click
from ape.cli import ConnectedProviderCommand
from web3 import Web3

from oracle.domain.errors import EarnestError
from scripts.deployment.ape_compiler import compiled_by_ape
from scripts.deployment.ape_sender import sender_for
from scripts.deployment.companions import CompiledCompanion, deploy_companion
from scripts.deployment.networks import known_chain
from scripts.deployment.record import FOLDER, read_record


@click.group()
def cli() -> None:
    """Deploy a contract beside the escrow."""


def _common(command: Callable[..., None]) -> Callable[..., None]:
    account = click.option("--account", "alias", help="Alias of the account of Ape's that deploys and pays.")
    output = click.option(
        "--output",
        type=click.Path(file_okay=False, path_type=Path),
        default=FOLDER,
        help="Folder of <chain id>.json.",
    )
    return account(output(command))


@cli.command(cls=ConnectedProviderCommand)
@_common
def lens(alias: str | None, output: Path) -> None:
    """Views for wallets and scripts."""
    _run("Lens", alias, output, {})


@cli.command(cls=ConnectedProviderCommand)
@_common
@click.option("--committee", required=True, help="Id of the committee whose evaluators are the members.")
@click.option("--cost", required=True, help="Lowest arbiter's cost A they answer for, in USDC base units.")
@click.option("--min-ruling", required=True, help="Shortest ruling period they answer for, in seconds.")
def panel(alias: str | None, output: Path, committee: str, cost: str, min_ruling: str) -> None:
    """An arbiter whose members have stake."""
    _run("Panel", alias, output, {"committee": committee, "cost": cost, "minRuling": min_ruling})


@cli.command(cls=ConnectedProviderCommand)
@_common
@click.option("--court", "court_", required=True, help="Address of the court (ERC-792).")
@click.option("--extra-data", default="0x", help="What the court is told with each dispute, in hex.")
@click.option("--meta-evidence", required=True, help="Address of the document that tells it how to decide.")
def court(alias: str | None, output: Path, court_: str, extra_data: str, meta_evidence: str) -> None:
    """An adapter to a court (ERC-792)."""
    arguments = {"court": court_, "extraData": extra_data, "metaEvidence": meta_evidence}
    _run("CourtAdapter", alias, output, arguments)


@cli.command(cls=ConnectedProviderCommand)
@_common
def verdicts(alias: str | None, output: Path) -> None:
    """A book of verdicts on what other contracts pay for."""
    _run("VerdictBook", alias, output, {})


@cli.command(cls=ConnectedProviderCommand)
@_common
def tabs(alias: str | None, output: Path) -> None:
    """The book of tabs, where documents for their evaluators are named, and a lens on tabs."""
    book = _run("Tabs", alias, output, {})
    _run("Handover", alias, output, {})
    _run("TabLens", alias, output, {"tabs": book})


@cli.command(cls=ConnectedProviderCommand)
@_common
@click.option("--book", required=True, help="Address of the escrow's book of verdicts.")
def evaluator(alias: str | None, output: Path, book: str) -> None:
    """The evaluator of ERC-8183 jobs."""
    _run("JobEvaluator", alias, output, {"book": book})


@cli.command(cls=ConnectedProviderCommand)
@_common
@click.option("--book", required=True, help="Address of the escrow's book of verdicts.")
def policy(alias: str | None, output: Path, book: str) -> None:
    """The policy of x402 auth-capture."""
    _run("CapturePolicy", alias, output, {"book": book})


def _run(name: str, alias: str | None, output: Path, arguments: dict[str, str]) -> str:
    try:
        return _deploy(name, alias, output, arguments)
    except EarnestError as error:
        message = f"{error.message}. {error.next_step or ''}".rstrip()
        raise click.ClickException(message) from error


def _deploy(name: str, alias: str | None, output: Path, arguments: dict[str, str]) -> str:
    provider = ape.networks.provider
    network = provider.network
    web3: Web3 = provider.web3
    # Asked of the node itself: Ape answers from what it expects.
    answered = int(web3.provider.make_request("eth_chainId", [])["result"], 16)  # type: ignore[arg-type]
    known_chain(network.ecosystem.name, network.name, answered)
    record = read_record(output, answered)
    sender = sender_for(alias, web3, answered)
    record = deploy_companion(web3, sender, record, _compiled(name), arguments)
    path = record.write(output)
    address = record.companions[-1].address
    click.echo(f"deploy: {name} {address} beside escrow {record.escrow.address}")
    click.echo(f"deploy: written to {path}")
    return address


def _compiled(name: str) -> CompiledCompanion:
    kind, _ = compiled_by_ape(name)
    return CompiledCompanion(
        name=name,
        abi=[entry.model_dump(mode="json", by_alias=True, exclude_none=True) for entry in kind.abi],
        creation_code=bytes(kind.get_deployment_bytecode()),
    )
