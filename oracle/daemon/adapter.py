"""The daemon's view of the chain through one client: a node, or a pool of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from oracle.chain.errors import ChainError, RevertedError, RpcError
from oracle.chain.escrow import Escrow
from oracle.chain.quantities import Block, Receipt
from oracle.chain.transactions import gas_limit
from oracle.daemon.ports import Logged
from oracle.decide.lane import Fees
from oracle.decide.reorg import Heights
from oracle.domain.types import Address, Hash
from oracle.store.chain import Header
from oracle.store.outbox import MinedIn


class NodeChain:
    """`ChainPort` over `oracle.chain`."""

    def __init__(self, escrow: Escrow) -> None:
        self._escrow = escrow
        self._rpc = escrow.rpc

    def heights(self) -> Heights:
        """See `ChainPort`."""
        heads = self._rpc.heads()
        return Heights(heads.latest.number, heads.safe, heads.finalized, heads.latest.timestamp)

    def headers(self, numbers: Sequence[int]) -> list[Header | None]:
        """See `ChainPort`."""
        return [None if block is None else _header(block) for block in self._rpc.blocks(numbers)]

    def logged(self, from_block: int, to_block: int) -> list[Logged]:
        """See `ChainPort`."""
        return [Logged(*item) for item in self._escrow.events(from_block, to_block)]

    def nonce(self, sender: Address, at: Literal["latest", "finalized"]) -> int:
        """See `ChainPort`."""
        return self._rpc.nonce(sender, at)

    def fees(self) -> Fees:
        """See `ChainPort`."""
        fees = self._rpc.fees()
        return Fees(fees.max_fee_per_gas, fees.max_priority_fee_per_gas)

    def estimates(self, sender: Address, calls: Sequence[tuple[Address, bytes]]) -> list[int | ChainError]:
        """See `ChainPort`; with headroom for state that moves until the call is mined."""
        return [
            gas_limit(estimate) if isinstance(estimate, int) else estimate
            for estimate in self._rpc.estimate_gas_of(calls, sender=sender)
        ]

    def send_all(self, raws: Sequence[bytes]) -> list[RpcError | None]:
        """See `ChainPort`."""
        fates = self._rpc.send_raw_batch(raws) if raws else []
        return [fate if isinstance(fate, RpcError) else None for fate in fates]

    def receipts(self, hashes: Sequence[Hash]) -> list[MinedIn]:
        """See `ChainPort`."""
        return [_mined(receipt) for receipt in self._rpc.receipts(hashes) if receipt is not None]

    def why_reverted(self, sender: Address, target: Address, data: bytes, block: int) -> str:
        """See `ChainPort`."""
        try:
            self._rpc.eth_call(target, data, block=block, sender=sender)
        except (RevertedError, RpcError) as error:
            return error.message
        return "it failed when it was mined, and would not on the state after that block"


def _header(block: Block) -> Header:
    return Header(block.number, block.hash, block.parent_hash, block.timestamp)


def _mined(receipt: Receipt) -> MinedIn:
    return MinedIn(
        tx_hash=receipt.transaction_hash,
        block_number=receipt.block_number,
        block_hash=receipt.block_hash,
        ok=receipt.ok,
        gas_used=receipt.gas_used,
        gas_price=receipt.effective_gas_price,
    )
