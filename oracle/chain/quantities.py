"""Reading what a node answers: every value is checked, because a node can be broken or lie."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, repeat
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple, cast

import msgspec
import orjson

from oracle.chain.errors import BadAnswerError
from oracle.chain.unread import UNREADABLE, Unread
from oracle.domain.types import Address, Hash

_QUANTITY = re.compile(r"0x(0|[1-9a-fA-F][0-9a-fA-F]{0,63})", re.ASCII)
_HASH = re.compile(r"0x[0-9a-fA-F]{64}", re.ASCII)
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)
_DATA = re.compile(r"0x[0-9a-fA-F]*", re.ASCII)
# A whole log, joined and in lower case: one look is five times as fast as ten.
_LOG = re.compile(
    r"0x[0-9a-f]{40}(?:\|0x[0-9a-f]{64}){2}(?:\|0x(?:0|[1-9a-f][0-9a-f]{0,63})){3}\|0x[0-9a-f]*"
    r"(?:\|0x[0-9a-f]{64}){0,4}",
    re.ASCII,
)
_HASH_LENGTH = 2 + 64
MAX_TOPICS = 4
_log_parts = itemgetter(
    "address", "blockHash", "transactionHash", "blockNumber", "transactionIndex", "logIndex", "data"
)
_BLOOM_DIGITS = 2 + 2 * 256  # 0x and 256 bytes


@dataclass(frozen=True, slots=True)
class Block:
    """A block's header as far as it matters here. Times in Unix seconds, `base_fee` in wei.

    `bloom` is the header's logsBloom as a number, None where the node leaves it out.
    """

    number: int
    hash: Hash
    parent_hash: Hash
    timestamp: int
    base_fee: int
    bloom: int | None = None


class RawLog(NamedTuple):
    """A log as the node gives it, its hex in lower case. A tuple: many thousands are made a second."""

    address: Address
    topics: tuple[Hash, ...]
    data: str
    block_number: int
    block_hash: Hash
    transaction_hash: Hash
    transaction_index: int
    log_index: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a mined transaction. `effective_gas_price` in wei."""

    transaction_hash: Hash
    block_number: int
    block_hash: Hash
    ok: bool
    gas_used: int
    effective_gas_price: int
    contract_address: Address | None
    logs: tuple[RawLog, ...]


def quantity(value: Any, what: str) -> int:
    """A hex quantity.

    Raises:
        BadAnswerError: not one.
    """
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        raise BadAnswerError(f"the node's {what} is {str(value)[:80]!r}, not a hex number", field=what)
    return int(value, 16)


def hash32(value: Any, what: str) -> Hash:
    """A 32-byte hash in lower case.

    Raises:
        BadAnswerError: not one.
    """
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise BadAnswerError(f"the node's {what} is {str(value)[:80]!r}, not a hash", field=what)
    return value.lower()


def address(value: Any, what: str) -> Address:
    """An address in lower case.

    Raises:
        BadAnswerError: not one.
    """
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise BadAnswerError(f"the node's {what} is {str(value)[:80]!r}, not an address", field=what)
    return value.lower()


def hex_data(value: Any, what: str) -> str:
    """Bytes as 0x-hex in lower case.

    Raises:
        BadAnswerError: not whole bytes of hex.
    """
    if not isinstance(value, str) or len(value) % 2 or not _DATA.fullmatch(value):
        raise BadAnswerError(f"the node's {what} is {str(value)[:80]!r}, not hex data", field=what)
    return value.lower()


def block_of(answer: Any) -> Block:
    """A block from `eth_getBlockByNumber`.

    Raises:
        BadAnswerError: a field is missing or malformed.
    """
    block = _mapping(answer, "block")
    return Block(
        number=quantity(block.get("number"), "block number"),
        hash=hash32(block.get("hash"), "block hash"),
        parent_hash=hash32(block.get("parentHash"), "parent hash"),
        timestamp=quantity(block.get("timestamp"), "block time"),
        base_fee=quantity(block.get("baseFeePerGas", "0x0"), "base fee"),
        bloom=_bloom(block.get("logsBloom")),
    )


def log_of(answer: Any) -> RawLog:
    """A log from `eth_getLogs` or a receipt.

    Raises:
        BadAnswerError: a field is missing or malformed, the log is pending, or a reorg removed it.
    """
    log = answer if type(answer) is dict else _mapping(answer, "log")
    if log.get("removed") is True:
        raise BadAnswerError("the node returned a log that a reorg removed", field="removed")
    topics = log.get("topics")
    if not isinstance(topics, list) or len(topics) > MAX_TOPICS:
        raise BadAnswerError("the node's log has no list of at most 4 topics", field="topics")
    try:
        joined = "|".join([*_log_parts(log), *topics]).lower()
    except (KeyError, TypeError) as error:
        raise BadAnswerError("the node's log lacks a field, or one is not text") from error
    if not _LOG.fullmatch(joined):
        raise BadAnswerError("the node's log has a malformed field", field="log")
    contract, block_hash, transaction, number, position, index, data, *names = joined.split("|")
    if len(data) % 2:
        raise BadAnswerError("the node's log data is not whole bytes", field="log data")
    return RawLog._make(
        (
            contract,
            tuple(names),
            data,
            int(number, 16),
            block_hash,
            transaction,
            int(position, 16),
            int(index, 16),
        )
    )


def logs_of(answers: Unread | Sequence[Any]) -> list[RawLog]:
    """Many logs from `eth_getLogs`, as `log_of` reads each of them.

    Where those of a piece are as they nearly always are, in lower case and whole, they are looked at a column
    at a time: a third of the time.

    Raises:
        BadAnswerError: see `log_of`.
    """
    if not isinstance(answers, Unread):
        return list(map(log_of, answers))
    made: list[RawLog] = []
    for piece in answers.pieces():
        try:
            regular = _regular(_LOGS.decode(piece))
        except (*UNREADABLE, BadAnswerError):  # `log_of` says which and why
            regular = None
        made += map(log_of, _parsed(piece)) if regular is None else regular
    return made


class _Log(msgspec.Struct, gc=False, rename="camel"):
    """A log as it nearly always is, but for what its text holds."""

    address: str
    topics: list[str]
    data: str
    block_number: str
    block_hash: str
    transaction_hash: str
    transaction_index: str
    log_index: str
    removed: bool | None = None


_LOGS = msgspec.json.Decoder(list[_Log])
_columns_of = attrgetter(*_Log.__struct_fields__)
_raw_log = partial(tuple.__new__, RawLog)


def _parsed(piece: bytes) -> list[Any]:
    try:
        return cast("list[Any]", orjson.loads(piece))
    except orjson.JSONDecodeError as error:
        raise BadAnswerError("the node's logs are not JSON", field="log") from error


def _regular(logs: Sequence[_Log]) -> list[RawLog] | None:
    """The logs, or None where one is not as usual.

    Raises:
        BadAnswerError: an address or a number is malformed.
    """
    contracts, lists, data, numbers, blocks, transactions, positions, indexes, removed = zip(
        *map(_columns_of, logs), strict=True
    )
    if any(removed) or max(map(len, lists)) > MAX_TOPICS:
        return None
    # What many logs share is looked at once.
    hashes = {*blocks, *transactions, *chain.from_iterable(lists)}
    quantities = {*numbers, *positions, *indexes}
    is_regular = (
        set(map(len, hashes)) == {_HASH_LENGTH}
        and _are_hex(hashes)
        and _are_hex(data)
        and not any(len(value) % 2 for value in data)
        and all(value == value.lower() and address(value, "address") for value in set(contracts))
        and all(value == value.lower() for value in quantities)
    )
    if not is_regular:
        return None
    read = {value: quantity(value, "number") for value in quantities}.__getitem__
    return list(
        map(
            _raw_log,
            zip(
                contracts,
                map(tuple, lists),
                data,
                map(read, numbers),
                blocks,
                transactions,
                map(read, positions),
                map(read, indexes),
                strict=True,
            ),
        )
    )


def _are_hex(values: Collection[str]) -> bool:
    """Whether every value of a column is 0x and lower-case hex digits.

    Looked at as one text, by what is left of it without its digits: a quarter of what a pattern takes.
    """
    joined = "|".join(values)
    if not joined.isascii() or not all(map(str.startswith, values, repeat("0x"))):
        return False
    # An x for each value, and one bar between two: no value has a bar of its own, or a second x.
    return joined.encode().translate(None, b"0123456789abcdef") == b"|".join([b"x"] * len(values))


def receipt_of(answer: Any) -> Receipt:
    """A receipt from `eth_getTransactionReceipt`.

    Raises:
        BadAnswerError: a field is missing or malformed.
    """
    receipt = _mapping(answer, "receipt")
    created = receipt.get("contractAddress")
    logs = receipt.get("logs")
    if not isinstance(logs, list):
        raise BadAnswerError("the node's receipt has no list of logs", field="logs")
    return Receipt(
        transaction_hash=hash32(receipt.get("transactionHash"), "receipt transaction"),
        block_number=quantity(receipt.get("blockNumber"), "receipt block"),
        block_hash=hash32(receipt.get("blockHash"), "receipt block hash"),
        ok=quantity(receipt.get("status"), "receipt status") == 1,
        gas_used=quantity(receipt.get("gasUsed"), "gas used"),
        effective_gas_price=quantity(receipt.get("effectiveGasPrice", "0x0"), "gas price"),
        contract_address=None if created is None else address(created, "contract address"),
        logs=tuple(log_of(log) for log in logs),
    )


def _bloom(value: Any) -> int | None:
    if value is None:
        return None
    if len(hex_data(value, "logs bloom")) != _BLOOM_DIGITS:
        raise BadAnswerError("the node's logs bloom has not 256 bytes", field="logs bloom")
    return int(value, 16)


def _mapping(answer: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(answer, Mapping):
        raise BadAnswerError(f"the node's {what} is not an object", field=what)
    return answer
