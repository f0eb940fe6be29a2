"""A local chain: anvil as a child process, gone when the context ends."""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from eth_account import Account
from eth_account.signers.local import LocalAccount

from oracle.chain.errors import RpcError
from oracle.chain.rpc import Rpc
from oracle.domain.errors import EarnestError

ANVIL = Path(__file__).parents[2] / ".tools/bin/anvil"
# anvil's own well-known mnemonic: its accounts hold play money on this chain and are robbed on every other.
MNEMONIC = "test test test test test test test test test test test junk"
CHAIN_ID = 31337
_START_SECONDS = 120.0
# Else it forgets the state of all but the last few thousand blocks it ever made, those undone by a revert
# included: a chain that many tests share would lack the state of its own finalized block.
_STATES_KEPT = 1_000_000
_LISTENS = re.compile(rb"Listening on 127\.0\.0\.1:(\d+)\s")
_ANSWER_SECONDS = 60.0  # it is there; where it is slow, the machine is loaded


class AnvilError(EarnestError):
    """The local chain did not start."""


@dataclass(frozen=True, slots=True)
class Anvil:
    """A running chain."""

    url: str
    process: subprocess.Popen[bytes]

    def rpc(self) -> Rpc:
        """A client of this chain."""
        return Rpc(self.url, chain_id=CHAIN_ID, timeout=_ANSWER_SECONDS)

    def warp(self, rpc: Rpc, seconds: int) -> None:
        """Let time pass and make a block at the new time."""
        rpc.call("evm_increaseTime", [seconds], retry=False)
        rpc.call("evm_mine", [], retry=False)

    def keep_step(self, rpc: Rpc) -> None:
        """Set the chain's clock to this machine's: a snapshot that is taken back takes the clock back too.

        What compares the two would find a chain that many tests shared minutes behind.
        """
        newest = rpc.block("latest").timestamp
        rpc.call("evm_setNextBlockTimestamp", [max(int(time.time()), newest + 1)], retry=False)
        rpc.call("evm_mine", [], retry=False)


def account(index: int) -> LocalAccount:
    """Account `index` of the mnemonic; the first ten hold ETH from the start."""
    Account.enable_unaudited_hdwallet_features()
    made: LocalAccount = Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}")
    return made


@contextmanager
def anvil(
    *,
    block_time: int | None = None,
    accounts: int = 10,
    timestamp: int | None = None,
    state: Path | None = None,
    log: Path | None = None,
    slots_in_an_epoch: int = 1,
    tracing: bool = False,
) -> Iterator[Anvil]:
    """Run anvil on a free port of the loopback interface.

    Args:
        block_time: Seconds between blocks; None mines each transaction at once.
        accounts: How many accounts of the mnemonic get ETH.
        timestamp: Unix time of the genesis block.
        state: File to load the state from and dump it to.
        log: Where its output goes; dropped if None.
        slots_in_an_epoch: Blocks until `safe`; half of what `finalized` takes.
        tracing: Keep every step, for debug_traceTransaction.

    Raises:
        AnvilError: the binary is missing, or the chain does not answer in time.
    """
    if not ANVIL.exists():
        raise AnvilError("anvil is not installed", field="anvil", next_step="run `make setup`")
    command = [str(ANVIL), "--host", "127.0.0.1", "--port", "0", "--chain-id", str(CHAIN_ID)]
    command += ["--accounts", str(accounts), "--mnemonic", MNEMONIC, "--hardfork", "cancun"]
    command += ["--slots-in-an-epoch", str(slots_in_an_epoch), "--max-persisted-states", str(_STATES_KEPT)]
    if block_time is not None:
        command += ["--block-time", str(block_time)]
    if timestamp is not None:
        command += ["--timestamp", str(timestamp)]
    if state is not None:
        command += ["--state", str(state)]
    if tracing:
        command.append("--steps-tracing")
    with tempfile.TemporaryDirectory() as place:
        told = log or Path(place) / "log"
        with told.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            deadline = time.monotonic() + _START_SECONDS
            chain = Anvil(f"http://127.0.0.1:{_port(process, told, deadline)}", process)
            _wait(chain, deadline)
            yield chain
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _port(process: subprocess.Popen[bytes], told: Path, deadline: float) -> int:
    """The port it took, which it says: one chosen before its start could be another's by then."""
    while (found := _LISTENS.search(told.read_bytes())) is None:
        if process.poll() is not None:
            raise AnvilError(f"anvil ended at once with code {process.returncode}")
        if time.monotonic() > deadline:
            raise AnvilError(f"anvil does not listen after {_START_SECONDS:.0f} s")
        time.sleep(0.05)
    return int(found[1])


def _wait(chain: Anvil, deadline: float) -> None:
    with Rpc(chain.url, chain_id=CHAIN_ID, timeout=5.0, attempts=1) as rpc:
        while True:
            if chain.process.poll() is not None:
                raise AnvilError(f"anvil ended at once with code {chain.process.returncode}")
            try:
                rpc.check_chain()
            except RpcError as error:
                if time.monotonic() > deadline:
                    raise AnvilError(f"anvil does not answer after {_START_SECONDS:.0f} s") from error
                time.sleep(0.05)
            else:
                return
