"""Logs to events, fast: readers are made once from the ABI and work on the hex the node sends.

Every log is checked: right contract, known event, right number of topics, exact length, every value
within its type. A stranger's log or a node's lie is a `DecodeError`, never an event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

from oracle.chain.abi import Event, Parameter, load_abi
from oracle.chain.errors import DecodeError
from oracle.chain.everyday import EVERYDAY
from oracle.chain.packed import PACKED
from oracle.chain.quantities import RawLog
from oracle.domain import events as domain_events
from oracle.domain.committee import Committee
from oracle.domain.events import EscrowEvent
from oracle.domain.types import Address, Basis, Ending, Hash, Outcome

WORD = 64  # hex digits of a 32-byte word
MAX_LIST = 4096  # items of a dynamic list in an event; the contract allows at most 32

_ENUMS: dict[str, type[IntEnum]] = {"outcome": Outcome, "sought": Outcome, "basis": Basis, "how": Ending}
_STRUCTS: dict[str, tuple[type, ...]] = {"terms": (Committee,)}

_WordReader = Callable[[str], Any]
T = TypeVar("T")


class Occurrence(NamedTuple):
    """An event and where it happened. `block_hash` tells a reorg."""

    event: EscrowEvent
    block_number: int
    block_hash: Hash
    transaction_hash: Hash
    log_index: int


# What a named tuple's own call does, in a third of the time.
_occurrence = partial(tuple.__new__, Occurrence)


def decode_logs(logs: Iterable[RawLog], escrow: Address) -> list[Occurrence]:
    """Events of the escrow, in the order given.

    Raises:
        DecodeError: one of the logs is none.
    """
    made = []
    for log in logs:
        contract, topics, _, number, block_hash, transaction, _, index = log
        everyday = _EVERYDAY.get(topics[0]) if topics and contract == escrow else None
        event = None if everyday is None else everyday(log)
        made.append(
            decode_log(log, escrow)
            if event is None
            else _occurrence((event, number, block_hash, transaction, index))
        )
    return made


def decode_log(log: RawLog, escrow: Address) -> Occurrence:
    """One event of the escrow.

    Raises:
        DecodeError: from another address, unknown, or malformed.
    """
    if log.address != escrow:
        raise DecodeError(f"a log of {log.address} was taken for one of the escrow {escrow}", field="address")
    reader = _READERS.get(log.topics[0]) if log.topics else None
    if reader is None:
        topic = log.topics[0] if log.topics else "none"
        raise DecodeError(
            f"the escrow emitted an event this version does not know (topic {topic})",
            field="topics",
            next_step="is the escrow's address right, and this version made for it?",
        )
    return Occurrence(reader.read(log), log.block_number, log.block_hash, log.transaction_hash, log.log_index)


class EventReader(Generic[T]):
    """Reads one kind of event."""

    __slots__ = ("_body", "_indexed", "_make", "_name", "_words")

    def __init__(self, event: Event, make: Callable[..., T], enums: Mapping[str, type[IntEnum]]) -> None:
        self._name = event.name
        self._make = make
        indexed = [field for field in event.fields if field.indexed]
        # Solidity puts indexed fields into topics; ours all stand before the others, so order is kept.
        if list(event.fields[: len(indexed)]) != indexed:
            raise DecodeError(f"{event.name}: an indexed field stands after one that is not")
        self._indexed = tuple(_word_reader(field, enums) for field in indexed)
        rest = event.fields[len(indexed) :]
        dynamic = any(_is_dynamic(field.type) for field in rest)
        self._body: Callable[[str], list[Any]] | None = _dynamic_body(rest, enums) if dynamic else None
        self._words = () if dynamic else _placed([_word_reader(field, enums) for field in _flat(rest)])

    def read(self, log: RawLog) -> T:
        """One event of this kind: `make` gets its words in order, those of a struct one by one.

        Raises:
            DecodeError: the log is malformed.
        """
        _, *indexed = log.topics
        if len(indexed) != len(self._indexed):
            raise DecodeError(
                f"{self._name} has {len(log.topics)} topics, not {len(self._indexed) + 1}", field="topics"
            )
        try:
            # Topics are whole words: whoever made the log has looked.
            values = [read(topic[2:]) for read, topic in zip(self._indexed, indexed, strict=True)]
            data = log.data[2:]
            values += self._body(data) if self._body is not None else self._static(data)
            return self._make(*values)
        except (ValueError, IndexError) as error:
            raise DecodeError(f"{self._name}: {error}", field="data") from error

    def _static(self, data: str) -> list[Any]:
        words = self._words
        if len(data) != len(words) * WORD:
            raise ValueError(f"the data has {len(data) // 2} bytes, not {len(words) * WORD // 2}")
        return [read(data[at : at + WORD]) for at, read in words]


def _placed(readers: Sequence[_WordReader]) -> tuple[tuple[int, _WordReader], ...]:
    """Readers of words that stand one after another, each with where its word begins."""
    return tuple([(number * WORD, read) for number, read in enumerate(readers)])


def _flat(fields: Iterable[Parameter]) -> Iterator[Parameter]:
    """Fields of fixed length, with those of a struct in the struct's place."""
    for field in fields:
        if field.components:
            yield from _flat(field.components)
        else:
            yield field


def _word_reader(field: Parameter, enums: Mapping[str, type[IntEnum]]) -> _WordReader:
    """Reader of one 32-byte word in hex without 0x. Whoever calls it has looked that the word is whole."""
    kind = field.type
    if kind == "bytes32":
        return _read_hash
    if kind == "address":
        return _read_address
    if kind == "bool":
        return _read_bool
    if kind.startswith("uint"):
        if kind == "uint8" and field.name in enums:
            return _enum_reader(enums[field.name], field.name)
        return _uint_reader(int(kind.removeprefix("uint")), field.name)
    raise DecodeError(f"{field.name} has the type {kind}, which no reader knows")


def _read_hash(word: str) -> Hash:
    return "0x" + word


def _read_address(word: str) -> Address:
    if word[:24] != "000000000000000000000000":
        raise ValueError("a word is not an address")
    return "0x" + word[24:]


def _read_bool(word: str) -> bool:
    value = int(word, 16)
    if value > 1:
        raise ValueError("a word is not a truth value")
    return value == 1


def _uint_reader(bits: int, name: str) -> _WordReader:
    limit = 1 << bits

    def read(word: str) -> int:
        value = int(word, 16)
        if value >= limit:
            raise ValueError(f"{name} is {value}, beyond uint{bits}")
        return value

    return read


def _enum_reader(kind: type[IntEnum], name: str) -> _WordReader:
    members = {int(member): member for member in kind}

    def read(word: str) -> IntEnum:
        value = int(word, 16)
        if value not in members:
            raise ValueError(f"{name} is {value}, which names no {kind.__name__}")
        return members[value]

    return read


def _is_dynamic(kind: str) -> bool:
    return kind in ("bytes", "string") or kind.endswith("[]") or (kind.startswith("(") and "[]" in kind)


def _dynamic_body(
    fields: tuple[Parameter, ...], enums: Mapping[str, type[IntEnum]]
) -> Callable[[str], list[Any]]:
    """Reader of fields of which the last one is dynamic: every event of ours is of that form."""
    *fixed, last = fields
    if any(_is_dynamic(field.type) for field in fixed):
        raise DecodeError(f"a dynamic field stands before {last.name}")
    heads = _placed([_word_reader(field, enums) for field in fixed])
    tails: dict[str, Callable[[str], tuple[Any, int]]] = {"bytes32[]": _read_hashes, "bytes": _read_bytes}
    read_tail = tails.get(last.type) or _committee_reader(last)
    offset = (len(fixed) + 1) * 32

    def read(data: str) -> list[Any]:
        if len(data) < offset * 2:
            raise ValueError("the data ends early")
        values = [read_head(data[at : at + WORD]) for at, read_head in heads]
        _expect_offset(data, len(heads), offset)
        value, end = read_tail(data[offset * 2 :])
        if offset * 2 + end != len(data):
            raise ValueError("the data does not end with its last field")
        return [*values, value]

    return read


def _expect_offset(data: str, word: int, offset: int) -> None:
    found = data[word * WORD : (word + 1) * WORD]
    if len(found) != WORD or int(found, 16) != offset:
        raise ValueError("a dynamic field does not stand where it must")


def _length(data: str) -> int:
    if len(data) < WORD:
        raise ValueError("the data ends early")
    return int(data[:WORD], 16)


def _read_hashes(data: str) -> tuple[tuple[Hash, ...], int]:
    count = _length(data)
    if count > MAX_LIST:
        raise ValueError(f"a list of {count} items is too long")
    end = (count + 1) * WORD
    if len(data) < end:
        raise ValueError("the data ends early")
    return tuple(["0x" + data[at : at + WORD] for at in range(WORD, end, WORD)]), end


def _read_bytes(data: str) -> tuple[bytes, int]:
    count = _length(data)
    padded = -(-count // 32) * WORD
    if WORD + padded > len(data):
        raise ValueError("the data ends early")
    return bytes.fromhex(data[WORD : WORD + count * 2]), WORD + padded


def _committee_reader(field: Parameter) -> Callable[[str], tuple[Committee, int]]:
    """Reader of `Committee`: its first field is the list of evaluators, all others are one word."""
    first, *rest = field.components
    if first.type != "address[]" or field.name not in _STRUCTS:
        raise DecodeError(f"{field.name} is a struct no reader knows")
    words = _placed([_word_reader(part, _ENUMS) for part in rest])
    offset = len(field.components) * 32

    def read(data: str) -> tuple[Committee, int]:
        if len(data) < offset * 2:
            raise ValueError("the data ends early")
        _expect_offset(data, 0, offset)
        values = [word(data[at + WORD : at + 2 * WORD]) for at, word in words]
        accounts, end = _read_hashes(data[offset * 2 :])
        evaluators = tuple([_read_address(account[2:]) for account in accounts])
        return Committee(evaluators, *values), offset * 2 + end

    return read


_EVENTS = load_abi("Escrow").events
_READERS: dict[Hash, EventReader[EscrowEvent]] = {
    event.topic: EventReader(event, PACKED.get(event.name) or getattr(domain_events, event.name), _ENUMS)
    for event in _EVENTS.values()
}
_EVERYDAY = {_EVENTS[name].topic: read for name, read in EVERYDAY.items()}
TOPICS: dict[str, Hash] = {event.name: event.topic for event in _EVENTS.values()}
"""Topic of each event, by its name."""
