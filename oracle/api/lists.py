"""Lists in pages: what every list does with its cursor, its filters and the rows it reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from oracle.api.cursors import make_cursor, read_cursor
from oracle.api.models import Page
from oracle.api.source import Source
from oracle.score.document import At

_Row = TypeVar("_Row")
_Item = TypeVar("_Item")


def start(cursor: str | None, name: str, filters: dict[str, object], *kinds: type) -> Any:
    """Where a list goes on, as a tuple; None at its beginning.

    Raises:
        ApiError: the cursor is of another list, or of other filters.
    """
    found = read_cursor(cursor, name, filters, kinds)
    return None if found is None else tuple(found)


def page(
    at: At,
    rows: Sequence[_Row],
    show: Callable[[_Row], _Item],
    *,
    limit: int,
    name: str,
    filters: dict[str, object],
    place: Callable[[_Row], Sequence[int | str]],
) -> Page[_Item]:
    """A page of rows, of which one more than `limit` was read to know whether there are more."""
    shown = rows[:limit]
    more = make_cursor(name, filters, place(shown[-1])) if len(rows) > limit else None
    return Page(at=at, items=tuple(show(row) for row in shown), next=more)


def listed(
    source: Source,
    name: str,
    read: Callable[[Session, int, Any], Sequence[_Row]],
    show: Callable[[_Row], _Item],
    place: Callable[[_Row], Sequence[int | str]],
    *,
    kinds: Sequence[type],
    filters: dict[str, object],
    limit: int,
    cursor: str | None,
) -> Page[_Item]:
    """One page of a list of the store.

    Args:
        read: At most so many rows after a place (a tuple; None at the beginning).
        place: What a page begins after, of the types `kinds`.
        filters: What the caller asked for; a cursor is good for these alone.

    Raises:
        ApiError: the cursor is of another list, or nothing was read from the chain yet.
    """
    after = start(cursor, name, filters, *kinds)
    with source.reading() as (session, at):
        rows = read(session, limit + 1, after)
        return page(at, rows, show, limit=limit, name=name, filters=filters, place=place)
