"""The daemon's view of the chain through one client: a node, or a pool of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from oracle.chain.errors import ChainError, RevertedError, RpcError
from oracle.chain.escrow import Escrow
from oracle.chain.quantities import Block, Receipt
from oracle.chain.transactions import gas_limit
from oracle.daemon.ports import LoggedRange, Standing
from oracle.decide.lane import Fees
from oracle.decide.reorg import Heights
from oracle.domain.types import Address, Hash
from oracle.store.chain import Header
from oracle.store.outbox import MinedIn

_SLACK = 105  # percent of what a call of its kind needed; calldata costs by its bytes. The limit has 120

_Kind: TypeAlias = tuple[Address, bytes, int]


class NodeChain:
    """`ChainPort` over `oracle.chain`."""

    def __init__(self, escrow: Escrow) -> None:
        self._escrow = escrow
        self._rpc = escrow.rpc
        self._needed: dict[_Kind, int] = {}

    def heights(self) -> Heights:
        """See `ChainPort`."""
        heads = self._rpc.heads()
        return Heights(heads.latest.number, heads.safe, heads.finalized, heads.latest.timestamp)

    def headers(self, numbers: Sequence[int]) -> list[Header | None]:
        """See `ChainPort`."""
        return [None if block is None else _header(block) for block in self._rpc.blocks(numbers)]

    def logged(self, from_block: int, to_block: int) -> LoggedRange:
        """See `ChainPort`."""
        logs = self._escrow.logs(from_block, to_block)
        return LoggedRange({log.block_number for log in logs}, len(logs), self._escrow.decoded(logs))

    def standing(self, sender: Address) -> Standing:
        """See `ChainPort`."""
        latest, final, fees = self._rpc.standing(sender)
        return Standing(latest, final, Fees(fees.max_fee_per_gas, fees.max_priority_fee_per_gas))

    def estimates(self, sender: Address, calls: Sequence[tuple[Address, bytes]]) -> list[int | ChainError]:
        """See `ChainPort`; with headroom for state that moves until the call is mined.

        A call like one that was estimated before is only tried, within little more than that one needed: one
        execution instead of a search. What does not pass is estimated.
        """
        limits: dict[int, int | ChainError] = {}
        first = {_kind(call): number for number, call in reversed(list(enumerate(calls)))}
        self._estimate(sender, calls, [n for kind, n in first.items() if kind not in self._needed], limits)
        tried = [
            (number, self._needed[_kind(call)])
            for number, call in enumerate(calls)
            if number not in limits and _kind(call) in self._needed
        ]
        passed = self._rpc.calls_pass([(*calls[n], need * _SLACK // 100) for n, need in tried], sender=sender)
        limits |= {n: gas_limit(need) for (n, need), ok in zip(tried, passed, strict=True) if ok}
        self._estimate(sender, calls, [n for n in range(len(calls)) if n not in limits], limits)
        return [limits[number] for number in range(len(calls))]

    def _estimate(
        self,
        sender: Address,
        calls: Sequence[tuple[Address, bytes]],
        numbers: Sequence[int],
        limits: dict[int, int | ChainError],
    ) -> None:
        """Estimate those of the calls, put limits or errors into `limits`, and keep what they needed."""
        answers = self._rpc.estimate_gas_of([calls[number] for number in numbers], sender=sender)
        for number, answer in zip(numbers, answers, strict=True):
            if isinstance(answer, int):
                kind = _kind(calls[number])
                self._needed[kind] = max(answer, self._needed.get(kind, 0))
            limits[number] = gas_limit(answer) if isinstance(answer, int) else answer

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


def _kind(call: tuple[Address, bytes]) -> _Kind:
    """Calls of one function with as much data, so with as many signers, need about as much gas."""
    target, data = call
    return target, data[:4], len(data)


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
