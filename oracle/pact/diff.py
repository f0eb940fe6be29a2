"""What changed between two versions of a pact, in words, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from oracle.domain.canonical import JsonValue, canonical_bytes
from oracle.pact.document import Pact
from oracle.pact.visible import one_line

_KEYS = {"conditions": "id", "materials": "path", "evidence": "path"}  # what names an entry of a list
_VERSION_FIELDS = frozenset({"version", "parent"})  # differ by nature, and are judged by `lineage`


class Change(NamedTuple):
    """One difference. `before` or `after` is None where the field was added or removed."""

    field: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.before is None:
            return f"+ {self.field}: {self.after}"
        if self.after is None:
            return f"- {self.field}: {self.before}"
        return f"~ {self.field}: {self.before} -> {self.after}"


class Lineage(NamedTuple):
    """Whether the newer pact is the next version of the older; `problems` says why not."""

    follows: bool
    problems: tuple[str, ...]


def diff(older: Pact, newer: Pact) -> tuple[Change, ...]:
    """Every difference between two pacts but version and parent; conditions are told apart by their id."""
    changes: list[Change] = []
    before, after = older.as_json(), newer.as_json()
    for field in before:
        if field not in _VERSION_FIELDS:
            changes += _compare(field, before[field], after[field], _KEYS.get(field))
    return tuple(changes)


def lineage(older: Pact, newer: Pact) -> Lineage:
    """Check that `newer` is the version after `older`: same name, version one higher, its hash as parent."""
    problems = []
    if newer.name != older.name:
        problems.append(f"name is {newer.name!r}, the older pact's is {older.name!r}")
    if newer.version != older.version + 1:
        problems.append(f"version is {newer.version}, expected {older.version + 1}")
    if newer.parent != older.hash():
        problems.append(f"parent is {newer.parent or 'null'}, the older pact's hash is {older.hash()}")
    return Lineage(not problems, tuple(problems))


def _compare(field: str, before: JsonValue, after: JsonValue, key: str | None) -> Iterator[Change]:
    # Not ==: in Python true equals 1, in a document it does not.
    if canonical_bytes(before) == canonical_bytes(after):
        return
    if key is not None:
        yield from _compare_named(field, before, after, key)
    elif isinstance(before, dict) and isinstance(after, dict) and before.get("method") == after.get("method"):
        for name in [*before, *(name for name in after if name not in before)]:
            yield from _compare_child(f"{field}.{name}", name, before, after)
    else:
        yield Change(field, _text(before), _text(after))


def _compare_child(
    field: str, name: str, before: dict[str, JsonValue], after: dict[str, JsonValue]
) -> Iterator[Change]:
    if name not in after:
        yield Change(field, _text(before[name]), None)
    elif name not in before:
        yield Change(field, None, _text(after[name]))
    else:
        yield from _compare(field, before[name], after[name], None)


def _compare_named(field: str, before: JsonValue, after: JsonValue, key: str) -> Iterator[Change]:
    old = {entry[key]: entry for entry in before}
    new = {entry[key]: entry for entry in after}
    for name in [*old, *(name for name in new if name not in old)]:
        yield from _compare_child(f"{field}[{name}]", name, old, new)
    shared_before = [name for name in old if name in new]
    shared_after = [name for name in new if name in old]
    if shared_before != shared_after:
        yield Change(f"{field} (order)", ", ".join(shared_before), ", ".join(shared_after))


def _text(value: JsonValue) -> str:
    return one_line(canonical_bytes(value).decode())
