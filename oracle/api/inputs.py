"""What callers may send: types of path and query, each with its form in the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from fastapi import Path, Query

from oracle.api.problems import Problem
from oracle.domain.events import EscrowEvent
from oracle.domain.tab_events import CallFailed, TabEvent
from oracle.domain.types import State

_ADDRESS = r"^0x[0-9a-f]{40}$"
_HASH = r"^0x[0-9a-f]{64}$"
_AGENT = r"^0x[0-9a-fA-F]{40}(:(0|[1-9][0-9]{0,77}))?$"

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
Score = Annotated[int | None, Query(ge=0, le=1000, description="Thousandths.")]
NeededAmount = Annotated[int, Query(ge=0, le=2**62, description="USDC base units.")]
Amount = Annotated[int | None, Query(ge=0, le=2**62, description="USDC base units.")]
Time = Annotated[int | None, Query(ge=0, le=2**62, description="Unix seconds.")]
Order = Annotated[
    Literal["agent", "score", "cap", "fresh", "price"],
    Query(
        description="By address; or the best score, the largest cap, the last to pass, or the lowest price "
        "first: orders that move as agents do."
    ),
]
StateWord = Literal["open", "judged", "disputed", "closed"]
EventName = Annotated[
    str | None, Query(pattern="^(" + "|".join(sorted(kind.__name__ for kind in get_args(EscrowEvent))) + ")$")
]

TabEventName = Annotated[
    str | None,
    Query(
        pattern="^("
        + "|".join(sorted(kind.__name__ for kind in get_args(TabEvent) if kind is not CallFailed))
        + ")$"
    ),
]

STATES = {state.word: state for state in State}


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems a route may answer with, beside those every route may."""
    every = {400, 422, 429, 503, *statuses}
    return {
        status: {"model": Problem, "content": {"application/problem+json": {}}} for status in sorted(every)
    }
