"""Lists of jobs as pages show them."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.requests import Request

from oracle.api.inputs import STATES
from oracle.api.lists import listed
from oracle.api.models import Page
from oracle.domain.types import Address, Hash
from oracle.pages.place import Place
from oracle.pages.text import Line, View
from oracle.score.document import At
from oracle.store import listing
from oracle.store.listing import ListedJob

LINES = 50  # jobs on a page


class JobLine(View):
    """A job in a list. Amounts are base units."""

    job: Hash
    pact: Hash
    pact_title: Line | None
    provider: Address
    state: str
    outcome: str | None
    price: int
    bond: int
    opened_at: int


class JobsPage(View):
    """Jobs, the last opened first. `state`: only those in it."""

    at: At
    state: str | None
    states: tuple[str, ...]
    jobs: tuple[JobLine, ...]
    more: str | None
    is_first: bool


def jobs(place: Place, request: Request) -> JobsPage:
    """The page of all jobs, or of those in one state."""
    asked = request.query_params.get("state", "")
    state = asked if asked in STATES else None
    cursor = request.query_params.get("cursor") or None
    found = list_jobs(place, {}, state=state, cursor=cursor)
    return JobsPage(
        at=found.at,
        state=state,
        states=tuple(word for word in STATES if word != "none"),
        jobs=found.items,
        more=None if found.next is None else more_of("/jobs", {"state": state}, found.next),
        is_first=cursor is None,
    )


def list_jobs(
    place: Place,
    parties: Mapping[str, str],
    *,
    state: str | None = None,
    cursor: str | None = None,
    limit: int = LINES,
) -> Page[JobLine]:
    """A page of jobs of these parties: buyer, provider, committee or pact.

    Raises:
        ApiError: the cursor is of another list.
    """
    return listed(
        place.source,
        "jobs",
        lambda session, most, before: listing.list_jobs(
            session,
            limit=most,
            before=before,
            parties=parties,
            state=None if state is None else STATES[state],
        ),
        lambda row: job_line(place, row),
        lambda row: [row.block, row.job],
        kinds=(int, str),
        filters={**parties, "state": state},
        limit=limit,
        cursor=cursor,
    )


def more_of(path: str, asked: Mapping[str, str | None], cursor: str) -> str:
    """Where a list goes on."""
    return (
        path + "?" + urlencode({**{name: value for name, value in asked.items() if value}, "cursor": cursor})
    )


def job_line(place: Place, found: ListedJob) -> JobLine:
    """A job in a list."""
    terms, record = found.agreement.terms, found.record
    return JobLine(
        job=found.job,
        pact=found.agreement.opening.pact,
        pact_title=place.pact_title(found.agreement.opening.pact),
        provider=terms.provider,
        state=record.state.word,
        outcome=record.outcome.word if record.outcome else None,
        price=found.agreement.price,
        bond=terms.bond,
        opened_at=record.opened_at,
    )
