"""Logs of the tab contract to events, checked as those of the escrow are (`oracle.chain.decoder`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Any, NamedTuple

from oracle.chain.abi import load_abi
from oracle.chain.decoder import EventReader
from oracle.chain.errors import DecodeError
from oracle.chain.quantities import RawLog
from oracle.chain.tab_packed import PACKED
from oracle.domain import tab_events
from oracle.domain.tab_events import TabEvent, TabOpened
from oracle.domain.tab_terms import TabAgreement, TabEnding, TabOpening, TabTerms
from oracle.domain.types import Address, Hash, Outcome

_ENUMS: dict[str, type[IntEnum]] = {"outcome": Outcome, "sought": Outcome, "how": TabEnding}
_TERMS = len(TabTerms.__slots__)


class TabOccurrence(NamedTuple):
    """An event and where it happened. `block_hash` tells a reorg."""

    event: TabEvent
    block_number: int
    block_hash: Hash
    transaction_hash: Hash
    log_index: int


def decode_tab_logs(logs: Iterable[RawLog], tabs: Address) -> list[TabOccurrence]:
    """Events of the tab contract, in the order given.

    Raises:
        DecodeError: one of the logs is from another address, unknown, or malformed.
    """
    return [_decode(log, tabs) for log in logs]


def _decode(log: RawLog, tabs: Address) -> TabOccurrence:
    if log.address != tabs:
        raise DecodeError(
            f"a log of {log.address} was taken for one of the tab contract {tabs}", field="address"
        )
    reader = _READERS.get(log.topics[0]) if log.topics else None
    if reader is None:
        topic = log.topics[0] if log.topics else "none"
        raise DecodeError(
            f"the tab contract emitted an event this version does not know (topic {topic})",
            field="topics",
            next_step="is its address right, and this version made for it?",
        )
    return TabOccurrence(
        reader.read(log), log.block_number, log.block_hash, log.transaction_hash, log.log_index
    )


def _opened(tab: Hash, buyer: Address, provider: Address, *words: Any) -> TabOpened:
    """The agreement stands in the log word by word, then the members."""
    terms, opening, members = TabTerms(*words[:_TERMS]), TabOpening(*words[_TERMS:-1]), words[-1]
    return TabOpened(tab, buyer, provider, TabAgreement(terms, opening), members)


def _maker(name: str) -> Callable[..., TabEvent]:
    made: Callable[..., TabEvent] = PACKED.get(name) or getattr(tab_events, name)
    return _opened if name == "TabOpened" else made


_EVENTS = load_abi("Tabs").events
_READERS: dict[Hash, EventReader[TabEvent]] = {
    event.topic: EventReader(event, _maker(event.name), _ENUMS) for event in _EVENTS.values()
}
TAB_TOPICS: dict[str, Hash] = {event.name: event.topic for event in _EVENTS.values()}
"""Topic of each event of the tab contract, by its name."""
