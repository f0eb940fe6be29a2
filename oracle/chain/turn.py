"""One reading turn over a pool: it sticks to one endpoint, so that headers and logs fit together.

What that endpoint says of logs is compared with the headers' filters, and with a second endpoint's answer
where there is one. A lie by omission costs an evaluator its stake as surely as any other.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import structlog

from oracle.chain import logcheck
from oracle.chain.client import Client, Heads
from oracle.chain.endpoint import Endpoint
from oracle.chain.errors import (
    BadAnswerError,
    ChainError,
    DisagreementError,
    RangeTooWideError,
    RpcError,
)
from oracle.chain.pool import Pool
from oracle.chain.quantities import Block, RawLog
from oracle.chain.transport import Request
from oracle.domain.types import Address, Hash

log = structlog.get_logger(__name__)

DOUBT_SECONDS = 30.0  # how long others are preferred after an endpoint's answers did not fit together
_HEADERS_KEPT = 1_024  # of one turn, to compare logs with


class Turn(Client):
    """Reads from one endpoint at a time; `heads` begins a turn and chooses it.

    Sends go to every healthy endpoint. Within a turn several threads may read.

    Args:
        pool: The endpoints. The caller closes it.
        topics: First topics of the logs that are read, to tell which blocks should hold some.
    """

    def __init__(self, pool: Pool, topics: Collection[Hash]) -> None:
        self._pool = pool
        self._topics = tuple(topics)
        self._chosen: Endpoint | None = None
        self._headers: dict[int, Block] = {}
        self._lock = threading.Lock()  # of the headers

    def close(self) -> None:
        """Nothing: the pool is the caller's."""

    @property
    def url_shown(self) -> str:
        """The endpoint of this turn."""
        return self._endpoint().rpc.url_shown

    @property
    def endpoint(self) -> str | None:
        """The name of the endpoint of this turn; None before the first."""
        return None if self._chosen is None else self._chosen.name

    def check_chain(self) -> int:
        """See `Client`."""
        return self._endpoint().ask(lambda rpc: rpc.check_chain())

    def heads(self) -> Heads:
        """Begin a turn: look at all endpoints, and choose the one to read from.

        The endpoint of the last turn is kept as long as it is healthy and near the best head.

        Raises:
            RpcError: none can be read from.
            WrongChainError: all serve another chain.
        """
        self._pool.look()
        with self._lock:
            self._headers.clear()
        readable = self._pool.readable()
        keep = self._chosen in readable and not self._pool.is_doubted(self._chosen)
        chosen = self._chosen if keep else next(iter(readable), None)
        if chosen is None or chosen.heads is None:
            raise self._pool.none_readable()
        if chosen is not self._chosen:
            if self._chosen is not None:
                log.warning("endpoint_changed", was=self._chosen.name, now=chosen.name)
            self._chosen = chosen
        return chosen.heads

    def doubt(self, reason: str) -> None:
        """What was read in this turn does not fit together: prefer another endpoint for the next."""
        if self._chosen is not None and not self._pool.single:
            log.warning("endpoint_doubted", endpoint=self._chosen.name, reason=reason)
            self._pool.doubt(self._chosen, DOUBT_SECONDS)

    def call(self, method: str, params: Sequence[Any] = (), *, retry: bool = True) -> Any:
        """See `Client`; asked of this turn's endpoint alone."""
        return self._endpoint().ask(lambda rpc: rpc.call(method, params, retry=retry))

    def batch(self, requests: Sequence[Request]) -> list[Any]:
        """See `Client`; asked of this turn's endpoint alone."""
        return self._endpoint().ask(lambda rpc: rpc.batch(requests))

    def send_raw(self, raw: bytes) -> Hash:
        """See `Client`; handed to every healthy endpoint."""
        fate = self._pool.broadcast([raw])[0]
        if isinstance(fate, RpcError):
            raise fate
        return fate

    def send_raw_batch(self, raws: Sequence[bytes]) -> list[Hash | RpcError]:
        """See `Client`; handed to every healthy endpoint."""
        return self._pool.broadcast(raws)

    def blocks(self, numbers: Sequence[int]) -> list[Block | None]:
        """See `Client`; remembered for this turn, to compare logs with."""
        found = super().blocks(numbers)
        with self._lock:
            self._headers.update({block.number: block for block in found if block is not None})
            for number in list(self._headers)[: max(0, len(self._headers) - _HEADERS_KEPT)]:
                del self._headers[number]  # the oldest: others may be on their way to be compared
        return found

    def logs(
        self, address: Address, from_block: int, to_block: int, topics: Sequence[Any] | None = None
    ) -> list[RawLog]:
        """See `Client`; what headers rule out, or a second endpoint contradicts, is refused.

        Raises:
            DisagreementError: a second endpoint says otherwise, and nothing shows which is right; or this one
                left logs out.
        """
        logs = super().logs(address, from_block, to_block, topics)
        with self._lock:
            headers = {n: block for n, block in self._headers.items() if from_block <= n <= to_block}
        invented = logcheck.made_up(logs, headers)
        if invented is not None:
            raise self._convicted(
                self._endpoint(),
                f"returned a log of block {invented.block_number} that the block's header rules out",
            )
        if not self._confirmed(logs, address, from_block, to_block, topics) and topics is None:
            self._check_omissions(logs, headers, address)
        return logs

    def _confirmed(
        self,
        logs: list[RawLog],
        address: Address,
        from_block: int,
        to_block: int,
        topics: Sequence[Any] | None,
    ) -> bool:
        """Whether a second endpoint returns the same logs; False where none can be asked.

        Where it does not, headers judge; where they cannot, a third endpoint does.
        """
        reader = self._endpoint()
        others: list[tuple[Endpoint, list[RawLog]]] = []
        for witness in self._pool.readable():
            if witness is reader or witness.heads is None or witness.heads.latest.number < to_block:
                continue
            try:
                theirs = witness.ask(lambda rpc: rpc.logs(address, from_block, to_block, topics))
            except RangeTooWideError:
                raise
            except ChainError:
                continue  # counted; a witness that does not answer is none
            if logs == theirs:
                for other, _logs in others:
                    self._pool.doubt(other, DOUBT_SECONDS)
                return True
            if any(theirs == logs_ for _other, logs_ in others):
                raise self._convicted(reader, f"returns other logs than {witness.name} and another")
            if not self._is_wrong(witness, logs, theirs):
                others.append((witness, theirs))
        if others:
            names = ", ".join(other.name for other, _logs in others)
            self.doubt(f"{names}: other logs")
            raise DisagreementError(
                f"{reader.name} and {names} return different logs of blocks {from_block} to {to_block}",
                next_step="nothing of it is used; if it lasts, one of them is on another fork, or wrong",
            )
        return False

    def _is_wrong(self, witness: Endpoint, logs: list[RawLog], theirs: list[RawLog]) -> bool:
        """Whether headers show that the witness is wrong; raises where they show that the reader is."""
        reader = self._endpoint()
        ours_only, theirs_only = logcheck.difference(logs, theirs)
        numbers = sorted({item.block_number for item in ours_only | theirs_only})[:_HEADERS_KEPT]
        pairs = zip(
            reader.ask(lambda rpc: rpc.blocks(numbers)),
            witness.ask(lambda rpc: rpc.blocks(numbers)),
            strict=True,
        )
        same = {ours.number: ours for ours, other in pairs if ours is not None and ours == other}
        judged = logcheck.blame(logs, theirs, same)
        if judged.ours:
            raise self._convicted(reader, f"returns other logs than {witness.name}; headers contradict it")
        if judged.theirs:
            self._convicted(witness, f"returns other logs than {reader.name}; headers contradict it")
        return judged.theirs

    def _check_omissions(self, logs: list[RawLog], headers: Mapping[int, Block], address: Address) -> None:
        """Ask again, in another way, for blocks whose headers suggest logs that were not returned."""
        numbers = logcheck.suspicious(logs, headers, address, self._topics)
        if not numbers:
            return
        answers = self.batch([("eth_getBlockReceipts", [hex(number)]) for number in numbers])
        for number, answer in zip(numbers, answers, strict=True):
            if isinstance(answer, list) and _holds_log_of(answer, address):
                raise self._convicted(
                    self._endpoint(), f"left out logs of block {number} that its receipts hold"
                )

    def _convicted(self, endpoint: Endpoint, what: str) -> ChainError:
        error = BadAnswerError(f"{endpoint.name} {what}", field="eth_getLogs")
        log.error("endpoint_wrong", endpoint=endpoint.name, reason=error.message)
        endpoint.convict(error)
        return error

    def _endpoint(self) -> Endpoint:
        if self._chosen is None:
            self.heads()
        if self._chosen is None:
            raise self._pool.none_readable()
        return self._chosen


def _holds_log_of(receipts: list[Any], address: Address) -> bool:
    for receipt in receipts:
        logs = receipt.get("logs") if isinstance(receipt, Mapping) else None
        for item in logs if isinstance(logs, list) else []:
            if isinstance(item, Mapping) and str(item.get("address")).lower() == address:
                return True
    return False
