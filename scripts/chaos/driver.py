"""Sends what buyers, providers and the arbiter send, on a chain that forgets.

Nothing is remembered as done: what the chain shows decides what is sent next. Each account's transactions
keep their bytes and nonces, and are sent again until they are mined in a block that stays.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from eth_account.signers.local import LocalAccount

from oracle.chain.errors import RpcError
from oracle.chain.rpc import Rpc
from oracle.chain.transactions import Transaction, sign_transaction
from scripts.local.anvil import CHAIN_ID

GWEI = 10**9
MAX_FEE = 20_000 * GWEI  # above any spike, so that only the evaluators suffer from it
GAS = 900_000
PATIENCE = 4  # looks


@dataclass
class Sent:
    """A signed transaction of the driver's."""

    label: str
    nonce: int
    raw: bytes
    hash: str


@dataclass
class Actor:
    """One account, its transactions in order of nonce."""

    account: LocalAccount
    sent: list[Sent] = field(default_factory=list)
    mined: int = 0
    """Nonces used on the chain as it is now."""
    idle: int = 0
    """Looks since the last one of those that wait was mined."""

    @property
    def address(self) -> str:
        """In lower case."""
        return str(self.account.address).lower()

    def look(self, rpc: Rpc) -> None:
        """See how far the chain is, and send again what it does not hold."""
        before, self.mined = self.mined, rpc.nonce(self.address, "latest")
        waiting = self.sent[max(0, self.mined - self._first()) :]
        self.idle = self.idle + 1 if waiting and self.mined == before else 0
        if self.idle >= PATIENCE:
            # The pool holds them and does not give them out, as after many reorgs: begin anew.
            rpc.call("anvil_removePoolTransactions", [self.account.address], retry=False)
            self.idle = 0
        for item in waiting:
            broadcast(rpc, item.raw)

    def under_way(self, label: str) -> bool:
        """Whether a transaction with this label waits to be mined."""
        return any(item.label == label for item in self.sent[max(0, self.mined - self._first()) :])

    def send(self, rpc: Rpc, label: str, to: str, data: bytes, *, gas: int = GAS) -> None:
        """Sign with the next nonce and send."""
        nonce = max(self.mined, self.sent[-1].nonce + 1 if self.sent else 0)
        signed = sign_transaction(
            Transaction(CHAIN_ID, nonce, to, data, gas, MAX_FEE, 2 * GWEI), bytes(self.account.key)
        )
        self.sent.append(Sent(label, nonce, signed.raw, signed.hash))
        broadcast(rpc, signed.raw)

    def _first(self) -> int:
        return self.sent[0].nonce if self.sent else self.mined


def broadcast(rpc: Rpc, raw: bytes) -> bool:
    """Hand a transaction to the node. False where it is known already, or refused."""
    try:
        rpc.send_raw(raw)
    except RpcError:
        return False
    return True


class Blocks:
    """Makes blocks, takes them away, and remembers whose transactions were in them."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc

    def call(self, method: str, *parameters: Any) -> Any:
        """One of the node's own calls, once."""
        return self._rpc.call(method, list(parameters), retry=False)

    def prepare(self, seconds: int) -> None:
        """From now on blocks are made by hand, `seconds` apart."""
        self.call("evm_setAutomine", False)
        self.call("anvil_setBlockTimestampInterval", seconds)

    def mine(self) -> None:
        """One block."""
        self.call("evm_mine")

    def warp(self, seconds: int) -> None:
        """Let time pass, and make a block."""
        self.call("evm_increaseTime", seconds)
        self.call("evm_mine")

    def reorg(self, depth: int, *, resend: bool) -> int:
        """Replace the last `depth` blocks by empty ones.

        Args:
            depth: Blocks.
            resend: Whether their transactions are at once back in the pool, as with most nodes. Else whoever
                cares must send them again.

        Returns:
            How many transactions were orphaned.
        """
        head = self._rpc.block_number()
        orphaned: list[str] = []
        for number in range(head - depth + 1, head + 1):
            block = self.call("eth_getBlockByNumber", hex(number), False)
            orphaned += block["transactions"]
        pool = self.call("txpool_content")
        waiting = [
            item["hash"]
            for part in ("pending", "queued")
            for items in pool[part].values()
            for _nonce, item in sorted(items.items(), key=lambda pair: int(pair[0]))
        ]
        kept = [*orphaned, *waiting] if resend else waiting
        raws = [self.call("eth_getRawTransactionByHash", item) for item in kept]
        # anvil's pool does not look at its transactions again when nonces go back: it is filled anew.
        self.call("anvil_dropAllTransactions")
        self.call("anvil_reorg", depth, [])
        for raw in raws:
            if raw is not None:
                broadcast(self._rpc, bytes.fromhex(raw[2:]))
        return len(orphaned)

    def waiting(self, account: str) -> list[dict[str, Any]]:
        """An account's transactions in the pool, by nonce."""
        pool = self.call("txpool_content")
        found: list[dict[str, Any]] = []
        for part in ("pending", "queued"):
            for owner, items in pool[part].items():
                if owner.lower() == account:
                    found += items.values()
        return sorted(found, key=lambda item: int(item["nonce"], 16))
