"""What can be asked of a node, typed; who answers, one node or a pool of them, is the subclass's matter."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter, lt
from types import TracebackType
from typing import Any, Final, Literal, Self, TypeAlias

from oracle.chain.errors import BadAnswerError, BlockUnknownError, ChainError, RpcError
from oracle.chain.quantities import (
    Block,
    RawLog,
    Receipt,
    block_of,
    hex_data,
    logs_of,
    quantity,
    receipt_of,
)
from oracle.chain.transport import Request
from oracle.chain.unread import Unread
from oracle.domain.types import Address, Hash

Tag: TypeAlias = int | Literal["latest", "safe", "finalized", "pending", "earliest"]
"""A block number, or a name for a moving one."""

MAX_LOGS = 200_000  # logs of one answer that are looked at

_place = itemgetter(RawLog._fields.index("block_number"), RawLog._fields.index("log_index"))

_PRIORITY_FEE_FLOOR = 1_000_000  # wei; 0.001 gwei, Base's usual tip
_BASE_FEE_HEADROOM = 2  # a maximum fee of twice the base fee lasts six full blocks (1.125^6)

_FEE_REQUESTS: Final[tuple[Request, ...]] = (
    ("eth_getBlockByNumber", ["latest", False]),
    ("eth_maxPriorityFeePerGas", []),
)


@dataclass(frozen=True, slots=True)
class Fees:
    """EIP-1559 fees in wei per gas, and the base fee they were made from."""

    max_fee_per_gas: int
    max_priority_fee_per_gas: int
    base_fee: int


@dataclass(frozen=True, slots=True)
class Heads:
    """Where a node sees its chain: the newest block, and the numbers of the last safe and finalized ones."""

    chain_id: int
    latest: Block
    safe: int
    finalized: int


class Client(ABC):
    """Typed questions. Use it as a context manager, or close it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Close all connections."""

    @property
    @abstractmethod
    def url_shown(self) -> str:
        """Who answers, without what may be secret in its address."""

    @abstractmethod
    def call(self, method: str, params: Sequence[Any] = (), *, retry: bool = True) -> Any:
        """The result of any method.

        Raises:
            RpcError: the node's error, typed; `RpcUnavailableError` after the last attempt.
            RevertedError: the call reverted.
            WrongChainError: the node serves another chain.
        """

    @abstractmethod
    def batch(self, requests: Sequence[Request]) -> list[Any]:
        """Results in order, in as few HTTP requests as fit; a failed one's exception stands in its place.

        Raises:
            RpcUnavailableError: no usable answer to a whole batch.
            WrongChainError: the node serves another chain.
        """

    @abstractmethod
    def check_chain(self) -> int:
        """The chain id answered for.

        Raises:
            WrongChainError: not the one configured.
        """

    @abstractmethod
    def send_raw(self, raw: bytes) -> Hash:
        """Hand over a signed transaction, once.

        Raises:
            SendError: refused; its type says why. `AlreadyKnownError` is as good as sent.
            RpcUnavailableError: no answer; it may have been taken. Ask for it by hash.
        """

    @abstractmethod
    def send_raw_batch(self, raws: Sequence[bytes]) -> list[Hash | RpcError]:
        """Hand over many, once, in order; where one was refused its error stands in its place.

        Raises:
            RpcUnavailableError: no answer; any of them may have been taken.
        """

    def heads(self) -> Heads:
        """The chain's tags, in one batch. Each is no higher than the one before it.

        Raises:
            RpcError: the first that failed.
        """
        tags = ("finalized", "safe", "latest")
        answers = self.batch([("eth_chainId", []), *(("eth_getBlockByNumber", [tag, False]) for tag in tags)])
        chain_id, *blocks = [or_raise(answer) for answer in answers]
        if None in blocks:
            raise BlockUnknownError(f"{self.url_shown} has no {tags[blocks.index(None)]} block")
        finalized, safe, latest = (block_of(block) for block in blocks)
        safe_number = min(safe.number, latest.number)
        return Heads(quantity(chain_id, "chain id"), latest, safe_number, min(finalized.number, safe_number))

    def block_number(self) -> int:
        """Number of the newest block."""
        return quantity(self.call("eth_blockNumber"), "block number")

    def block(self, tag: Tag = "latest") -> Block:
        """A block's header.

        Raises:
            BlockUnknownError: the node does not have it.
        """
        answer = self.call("eth_getBlockByNumber", [_tag(tag), False])
        if answer is None:
            raise BlockUnknownError(f"{self.url_shown} has no block {tag}")
        return self._numbered(block_of(answer), tag)

    def blocks(self, numbers: Sequence[int]) -> list[Block | None]:
        """Headers by number, None where the node has none yet.

        Raises:
            RpcError: the first that failed otherwise.
        """
        answers = self.batch([("eth_getBlockByNumber", [hex(number), False]) for number in numbers])
        found: list[Block | None] = []
        for number, answer in zip(numbers, answers, strict=True):
            if answer is None or isinstance(answer, BlockUnknownError):
                found.append(None)
                continue
            found.append(self._numbered(block_of(or_raise(answer)), number))
        return found

    def logs(
        self, address: Address, from_block: int, to_block: int, topics: Sequence[Any] | None = None
    ) -> list[RawLog]:
        """Logs of one contract between two blocks, both included, in chain order.

        Raises:
            RangeTooWideError: ask for less at once.
            BadAnswerError: a log outside the range or of another address, one twice, or too many.
        """
        query: dict[str, Any] = {"address": address, "fromBlock": hex(from_block), "toBlock": hex(to_block)}
        if topics is not None:
            query["topics"] = list(topics)
        answer = self.call("eth_getLogs", [query])
        if not isinstance(answer, Unread | list) or len(answer) > MAX_LOGS:
            raise BadAnswerError(
                f"{self.url_shown} answered eth_getLogs with no list, or over {MAX_LOGS} logs"
            )
        logs = logs_of(answer)
        for log in logs:
            if log.address != address or not from_block <= log.block_number <= to_block:
                raise BadAnswerError(
                    f"{self.url_shown} returned a log of {log.address} in block {log.block_number}, "
                    f"which was not asked for"
                )
        places = list(map(_place, logs))
        if not all(map(lt, places, places[1:])):  # usual nodes answer in order
            if len(set(places)) < len(places):
                raise BadAnswerError(
                    f"{self.url_shown} returned a log twice between {from_block} and {to_block}"
                )
            logs.sort(key=_place)
        return logs

    def eth_call(
        self, to: Address, data: bytes, *, block: Tag = "latest", sender: Address | None = None
    ) -> bytes:
        """What a call returns.

        Raises:
            RevertedError: the contract refused; it says why.
        """
        return _bytes(self.call("eth_call", [_transaction(to, data, sender), _tag(block)]), "call result")

    def eth_calls(self, calls: Sequence[tuple[Address, bytes]], *, block: Tag = "latest") -> list[bytes]:
        """What many calls return, in one batch.

        Raises:
            RevertedError: the first that reverted.
            RpcError: the first that failed otherwise.
        """
        answers = self.batch(
            [("eth_call", [_transaction(to, data, None), _tag(block)]) for to, data in calls]
        )
        return [_bytes(or_raise(answer), "call result") for answer in answers]

    def estimate_gas(self, *, sender: Address, to: Address, data: bytes, value: int = 0) -> int:
        """Gas a transaction would use now.

        Raises:
            RevertedError: it would revert; says why.
        """
        transaction = _transaction(to, data, sender) | ({"value": hex(value)} if value else {})
        return quantity(self.call("eth_estimateGas", [transaction]), "gas estimate")

    def estimate_gas_of(
        self, calls: Sequence[tuple[Address, bytes]], *, sender: Address
    ) -> list[int | ChainError]:
        """The same for many calls (target, data) in one batch; the error in its place where one failed."""
        answers = self.batch([("eth_estimateGas", [_transaction(to, data, sender)]) for to, data in calls])
        return [
            answer if isinstance(answer, ChainError) else quantity(or_raise(answer), "gas estimate")
            for answer in answers
        ]

    def calls_pass(self, calls: Sequence[tuple[Address, bytes, int]], *, sender: Address) -> list[bool]:
        """For each call (target, data, gas limit), in one batch, whether it passes now within its limit.

        One execution each, where an estimate is a search of several. False also where the node failed.
        """
        answers = self.batch(
            [
                ("eth_call", [_transaction(to, data, sender) | {"gas": hex(gas)}, "latest"])
                for to, data, gas in calls
            ]
        )
        return [isinstance(answer, str) for answer in answers]

    def code(self, address: Address) -> bytes:
        """Code at an address; empty where there is no contract."""
        return _bytes(self.call("eth_getCode", [address, "latest"]), "code")

    def balance(self, address: Address) -> int:
        """Native balance in wei."""
        return quantity(self.call("eth_getBalance", [address, "latest"]), "balance")

    def nonce(self, address: Address, block: Tag = "latest") -> int:
        """Next nonce of an account; with "pending", after what the pool holds."""
        return quantity(self.call("eth_getTransactionCount", [address, _tag(block)]), "nonce")

    def fees(self) -> Fees:
        """Fees that get a transaction into one of the next blocks: twice the base fee, and the node's tip."""
        return _fees(*self.batch(_FEE_REQUESTS))

    def standing(self, address: Address) -> tuple[int, int, Fees]:
        """An account's next nonce at the newest and at the last finalized block, and fees; in one batch.

        Raises:
            RpcError: the first that failed.
        """
        latest, final, head, tip = self.batch(
            [
                ("eth_getTransactionCount", [address, "latest"]),
                ("eth_getTransactionCount", [address, "finalized"]),
                *_FEE_REQUESTS,
            ]
        )
        return (
            quantity(or_raise(latest), "nonce"),
            quantity(or_raise(final), "nonce"),
            _fees(head, tip),
        )

    def receipt(self, transaction_hash: Hash) -> Receipt | None:
        """The receipt of a mined transaction, or None."""
        return self._receipt(self.call("eth_getTransactionReceipt", [transaction_hash]), transaction_hash)

    def receipts(self, hashes: Sequence[Hash]) -> list[Receipt | None]:
        """Receipts in one batch, None where not mined.

        Raises:
            RpcError: the first that failed.
        """
        answers = self.batch([("eth_getTransactionReceipt", [item]) for item in hashes])
        return [self._receipt(or_raise(a), item) for a, item in zip(answers, hashes, strict=True)]

    def transaction_known(self, transaction_hash: Hash) -> bool:
        """Whether the node has the transaction, mined or pending."""
        return self.call("eth_getTransactionByHash", [transaction_hash]) is not None

    def _receipt(self, answer: Any, asked: Hash) -> Receipt | None:
        if answer is None:
            return None
        receipt = receipt_of(answer)
        if receipt.transaction_hash != asked:
            raise BadAnswerError(f"{self.url_shown} returned the receipt of another transaction than {asked}")
        return receipt

    def _numbered(self, block: Block, asked: Tag) -> Block:
        if isinstance(asked, int) and block.number != asked:
            raise BadAnswerError(f"{self.url_shown} returned block {block.number} for block {asked}")
        return block


def or_raise(answer: Any) -> Any:
    """An answer of a batch; raises it where it is a failure."""
    if isinstance(answer, Exception):
        raise answer
    return answer


def _tag(tag: Tag) -> str:
    return hex(tag) if isinstance(tag, int) else tag


def _transaction(to: Address, data: bytes, sender: Address | None) -> dict[str, str]:
    transaction = {"to": to, "data": "0x" + data.hex()}
    return transaction if sender is None else transaction | {"from": sender}


def _bytes(value: Any, what: str) -> bytes:
    return bytes.fromhex(hex_data(value, what)[2:])


def _fees(head: Any, tip_answer: Any) -> Fees:
    base_fee = block_of(or_raise(head)).base_fee
    # Some nodes do not offer the tip; the floor serves where blocks are not full.
    tip = _PRIORITY_FEE_FLOOR if isinstance(tip_answer, Exception) else quantity(tip_answer, "priority fee")
    tip = max(tip, _PRIORITY_FEE_FLOOR)
    return Fees(_BASE_FEE_HEADROOM * base_fee + tip, tip, base_fee)
