"""What callers may send: types of path and query, each with its form in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, TypeVar, get_args

from fastapi import Path, Query

from oracle.api.cursors import make_cursor, read_cursor
from oracle.api.models import Page
from oracle.api.problems import Problem
from oracle.domain.events import EscrowEvent
from oracle.domain.types import State
from oracle.score.document import At

_ADDRESS = r"^0x[0-9a-f]{40}$"
_HASH = r"^0x[0-9a-f]{64}$"
_AGENT = r"^0x[0-9a-fA-F]{40}(:(0|[1-9][0-9]{0,77}))?$"
_Row = TypeVar("_Row")
_Item = TypeVar("_Item")

AgentPath = Annotated[
    str,
    Path(pattern=_AGENT, description="The provider's address; `:ID` for one ERC-8004 id of it."),
]
HashPath = Annotated[str, Path(pattern=_HASH)]
AddressQuery = Annotated[str | None, Query(pattern=_ADDRESS)]
HashQuery = Annotated[str | None, Query(pattern=_HASH)]
SubjectQuery = Annotated[str | None, Query(pattern=r"^0x([0-9a-f]{40}|[0-9a-f]{64})$")]
Limit = Annotated[int, Query(ge=1, le=200, description="At most so many.")]
Cursor = Annotated[
    str | None, Query(max_length=512, pattern=r"^[A-Za-z0-9_-]*$", description="`next` of the page before.")
]
Block = Annotated[int | None, Query(ge=0, le=2**62, description="Read at this block, not at the newest.")]
Days = Annotated[int, Query(ge=1, le=366)]
Version = Annotated[int, Query(ge=1, le=1_000)]
StateWord = Literal["open", "judged", "disputed", "closed"]
EventName = Annotated[
    str | None, Query(pattern="^(" + "|".join(sorted(kind.__name__ for kind in get_args(EscrowEvent))) + ")$")
]

STATES = {state.word: state for state in State}


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems a route may answer with, beside those every route may."""
    every = {400, 422, 429, 503, *statuses}
    return {
        status: {"model": Problem, "content": {"application/problem+json": {}}} for status in sorted(every)
    }


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


def start(cursor: str | None, name: str, filters: dict[str, object], *kinds: type) -> Any:
    """Where a list goes on, as a tuple; None at its beginning."""
    found = read_cursor(cursor, name, filters, kinds)
    return None if found is None else tuple(found)
