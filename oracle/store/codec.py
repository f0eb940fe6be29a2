"""Domain values as JSON text in a column, and back. New fields need defaults: old rows must stay readable."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from functools import lru_cache
from typing import Any, Generic, TypeVar, get_args, get_type_hints

import orjson
from pydantic import TypeAdapter

from oracle.decide.jobs import EvaluatorRecord, JobRecord
from oracle.domain.committee import Committee
from oracle.domain.events import EscrowEvent
from oracle.domain.terms import Agreement
from oracle.store.everyday import EVENT_TEXTS

_Value = TypeVar("_Value")

_REMEMBERED = 2_000  # values of a kind whose text was read last


class Codec(Generic[_Value]):
    """Text of one kind of value."""

    def __init__(self, kind: type[_Value]) -> None:
        self._adapter = TypeAdapter(kind)
        self.shared = lru_cache(_REMEMBERED)(self.value)
        """The same, and perhaps the same object as before: what is under way is read many times over."""

    def text(self, value: _Value) -> str:
        """JSON text."""
        try:
            return orjson.dumps(value).decode()
        except orjson.JSONEncodeError:  # an integer beyond 64 bits; the same text, more slowly
            return self._adapter.dump_json(value).decode()

    def value(self, text: str) -> _Value:
        """The value of JSON text written by `text`; the caller's own."""
        return self._adapter.validate_json(text)


AGREEMENTS = Codec(Agreement)
COMMITTEES = Codec(Committee)
JOB_RECORDS = Codec(JobRecord)
EVALUATOR_RECORDS = Codec(EvaluatorRecord)


def event_text(event: EscrowEvent) -> str:
    """An event's arguments as JSON text; integers in full, bytes as 0x-hex."""
    kind = type(event)
    written = EVENT_TEXTS.get(kind)
    return _EVENTS[kind].text(event) if written is None else written(event)


def event_of(name: str, text: str) -> EscrowEvent:
    """An event again, from its name and its text.

    Raises:
        KeyError: no event of this name.
    """
    event: EscrowEvent = _KINDS[name].value(text)
    return event


def event_subject(event: EscrowEvent) -> str | None:
    """The id an event is looked up by: its job's, its committee's, or its account."""
    name = _SUBJECTS[type(event)]
    return None if name is None else str(getattr(event, name))


class _WithBytes(Codec[Any]):
    """Text of events that hold bytes, which pydantic would take for UTF-8."""

    def text(self, value: Any) -> str:
        """JSON text."""
        return json.dumps(asdict(value), default=_hex, separators=(",", ":"))


def _hex(value: Any) -> str:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    raise TypeError(f"an event holds a {type(value).__name__}")


def _subject_of(kind: Any) -> str | None:
    names = [field.name for field in fields(kind)]
    return next((name for name in ("job", "committee", "account", "sender") if name in names), None)


_EVENTS: dict[type, Codec[Any]] = {
    kind: (_WithBytes if bytes in get_type_hints(kind).values() else Codec)(kind)
    for kind in get_args(EscrowEvent)
}
_KINDS = {kind.__name__: codec for kind, codec in _EVENTS.items()}
_SUBJECTS: dict[type, str | None] = {kind: _subject_of(kind) for kind in get_args(EscrowEvent)}
