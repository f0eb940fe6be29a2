"""A long list in a node's answer, left as text until its items are looked at a few at a time.

All of it at once, as Python's objects, is ten times what a processor's cache holds: each look at such items
waits for memory, and reading them takes half as long again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

_AT_ONCE = 256  # items; of logs 300 KB as text


class Unread:
    """A list of which nothing is known but how many items it has, and that they are JSON."""

    __slots__ = ("_items",)

    def __init__(self, items: list[msgspec.Raw]) -> None:
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    def pieces(self) -> Iterator[bytes]:
        """JSON lists of some of the items each, in order."""
        for start in range(0, len(self._items), _AT_ONCE):
            yield b"[" + b",".join(self._items[start : start + _AT_ONCE]) + b"]"


class _Answer(msgspec.Struct):
    """A JSON-RPC answer that holds a list and no error."""

    id: int
    result: list[msgspec.Raw]
    error: None = None


_ANSWERS = msgspec.json.Decoder(_Answer)
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What the library raises where a text is not what is looked for."""


def unread(body: bytes) -> Mapping[str, Any] | None:
    """A JSON-RPC answer whose result is `Unread`; None where that is no list, or there is an error."""
    try:
        answer = _ANSWERS.decode(body)
    except UNREADABLE:
        return None
    return {"id": answer.id, "result": Unread(answer.result)}
