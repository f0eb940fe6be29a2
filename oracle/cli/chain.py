"""What commands that talk to the chain share: the options, the connection, and sending with progress."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import rich_click as click
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from oracle.chain.abi import load_abi
from oracle.chain.deployments import DEPLOYMENTS_FOLDER, Deployment, load_deployment
from oracle.chain.escrow import Escrow
from oracle.chain.quantities import Receipt
from oracle.chain.rpc import Rpc
from oracle.chain.transactions import send_and_wait
from oracle.decide.rules import Constants
from oracle.domain.types import Address

DEFAULT_RPC = "http://127.0.0.1:8545"
_Command = TypeVar("_Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Connection:
    """A node and the escrow on its chain, checked to belong together."""

    rpc: Rpc
    escrow: Escrow
    deployment: Deployment

    def now(self) -> int:
        """The newest block's time: the one that counts for limits."""
        return self.rpc.block("latest").timestamp

    def constants(self) -> Constants:
        """What the deployment fixes for all jobs."""
        return Constants(*self.escrow.constants())

    def usdc_balance(self, account: Address) -> int:
        """USDC in an account's wallet, in base units."""
        function = load_abi("USDC").functions["balanceOf"]
        return int(function.decode(self.rpc.eth_call(self.deployment.usdc, function.encode(account)))[0])

    def usdc_paused(self) -> bool:
        """Whether USDC moves nothing now."""
        function = load_abi("USDC").functions["paused"]
        return bool(function.decode(self.rpc.eth_call(self.deployment.usdc, function.encode()))[0])

    def usdc_refuses(self, account: Address) -> bool:
        """Whether USDC has an account on its blacklist."""
        function = load_abi("USDC").functions["isBlacklisted"]
        data = function.encode(account)
        return bool(function.decode(self.rpc.eth_call(self.deployment.usdc, data))[0])

    def allowance(self, owner: Address) -> int:
        """What an account allows the escrow to take from its wallet, in base units."""
        function = load_abi("USDC").functions["allowance"]
        data = function.encode(owner, self.escrow.address)
        return int(function.decode(self.rpc.eth_call(self.deployment.usdc, data))[0])

    def send(self, key: bytes, data: bytes, *, what: str, quiet: bool, to: Address | None = None) -> Receipt:
        """Send a call of the escrow (or of `to`) and wait for it, saying so on stderr unless `quiet`.

        Raises:
            RevertedError: the contract refuses; it says why.
            SendError, NotMinedError: it did not get into a block.
        """

        def say(transaction: str) -> None:
            if not quiet:
                click.echo(f"{what}: sent {transaction}, waiting for a block …", err=True)

        receipt = send_and_wait(self.rpc, key, to or self.escrow.address, data, on_sent=say)
        if not quiet:
            click.echo(f"{what}: in block {receipt.block_number}, {receipt.gas_used:,} gas", err=True)
        return receipt


@dataclass(frozen=True, slots=True)
class ChainOptions:
    """Which node, and where the contracts stand."""

    rpc: str | None
    deployment: Path
    chain_id: int | None

    def load(self) -> Deployment:
        """The deployment, without asking any node."""
        return load_deployment(self.deployment, self.chain_id)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Connect, and refuse a node of another chain or an address that is not the escrow.

        Raises:
            ChainError: no deployment, no node, another chain, or another contract.
        """
        set_on_retry_hooks([_say_retry])
        url = self.rpc or DEFAULT_RPC
        if self.chain_id is None and self.deployment.is_dir():
            # Which of several deployments is meant, the node knows.
            with Rpc(url) as asked:
                chain_id = asked.check_chain()
        else:
            chain_id = self.load().chain_id
        deployment = load_deployment(self.deployment, chain_id)
        with Rpc(url, chain_id=chain_id) as rpc:
            escrow = Escrow(rpc, deployment.escrow, chain_id)
            escrow.check_domain()
            yield Connection(rpc, escrow, deployment)


def _say_retry(details: RetryDetails) -> None:
    """On stderr: by default stamina logs to stdout, which belongs to a command's result."""
    click.echo(f"no answer; trying again in {details.wait_for:.1f} s ({details.caused_by})", err=True)


def chain_options(*, optional: bool = False) -> Callable[[_Command], _Command]:
    """Give a command `--rpc`, `--deployment` and `--chain-id`; it receives `chain: ChainOptions`.

    `optional`: no node by default; `chain.rpc` is None unless one is named.
    """

    def decorate(command: _Command) -> _Command:
        @functools.wraps(command)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            options = ChainOptions(kwargs.pop("rpc"), kwargs.pop("deployment"), kwargs.pop("chain_id"))
            return command(*args, **{**kwargs, "chain": options})

        result: Any = wrapped
        for option in (
            click.option(
                "--chain-id", type=click.IntRange(min=1), help="Which chain, where it is not clear."
            ),
            click.option(
                "--deployment",
                type=click.Path(path_type=Path),
                default=DEPLOYMENTS_FOLDER,
                show_default=True,
                envvar="ORACLE_DEPLOYMENT",
                help="Deployment file, or the folder of them.",
            ),
            click.option(
                "--rpc",
                default=None if optional else DEFAULT_RPC,
                show_default=not optional,
                envvar="ORACLE_RPC",
                metavar="URL",
                help="JSON-RPC node. Put an address with an API key into the variable ORACLE_RPC.",
            ),
        ):
            result = option(result)
        return cast("_Command", result)

    return decorate
