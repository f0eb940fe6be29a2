"""What happens now: the jobs last opened, and the last events, on a page that follows by itself."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request

from oracle.domain.types import Address, Hash
from oracle.pages.place import Place
from oracle.pages.text import Line, View
from oracle.score.document import At
from oracle.store import chain as chain_store
from oracle.store import codec, listing
from oracle.store.listing import ListedEvent, ListedJob

_JOBS: Final = 40
_EVENTS: Final = 40

_SAYS: Final = {
    "JobOpened": "Opened",
    "UpFrontPaid": "Paid up front",
    "Delivered": "Delivered",
    "AttestationsPosted": "Attestations posted",
    "Judged": "Judged",
    "Lapsed": "Lapsed",
    "Disputed": "Disputed",
    "JobClosed": "Closed",
    "ArbiterPaid": "Arbiter paid",
    "Slashed": "Slashed",
}
"""The events worth following; what money was credited to whom is on each job's own page."""


class LiveJob(View):
    """A job in the list."""

    job: Hash
    provider: Address
    state: str
    outcome: str | None
    price: int
    pact: Hash
    pact_title: Line | None


class LiveEvent(View):
    """Something that happened. `job` is None where it was about no job."""

    time: int | None
    says: str
    outcome: str | None
    job: Hash | None


class LivePage(View):
    """The last jobs and events, the newest first."""

    at: At
    jobs: tuple[LiveJob, ...]
    events: tuple[LiveEvent, ...]


def live(place: Place, request: Request) -> LivePage:  # noqa: ARG001 - every page is asked alike
    """The page of what happens now."""
    with place.source.reading() as (session, at):
        jobs = listing.list_jobs(session, limit=_JOBS)
        # A job that closes credits several accounts: more events are read than shown.
        events = listing.list_events(session, limit=4 * _EVENTS)
        times = chain_store.block_times(session, {event.block for event in events})
    shown = [each for each in events if each.name in _SAYS][:_EVENTS]
    titles = {pact: _title(place, pact) for pact in {each.agreement.opening.pact for each in jobs}}
    return LivePage(
        at=at,
        jobs=tuple(_job(each, titles[each.agreement.opening.pact]) for each in jobs),
        events=tuple(_event(each, times.get(each.block), {one.job for one in jobs}) for each in shown),
    )


def _title(place: Place, pact: Hash) -> str | None:
    found = place.pact(pact)
    return None if found is None else found.title


def _job(found: ListedJob, title: str | None) -> LiveJob:
    return LiveJob(
        job=found.job,
        provider=found.agreement.terms.provider,
        state=found.record.state.word,
        outcome=found.record.outcome.word if found.record.outcome else None,
        price=found.agreement.price,
        pact=found.agreement.opening.pact,
        pact_title=title,
    )


def _event(found: ListedEvent, time: int | None, jobs: set[Hash]) -> LiveEvent:
    event = codec.event_of(found.name, found.body)
    outcome = getattr(event, "outcome", None)
    # A stake may also be slashed over a tab, which has no page here.
    subject = getattr(event, "subject", None)
    return LiveEvent(
        time=time,
        says=_SAYS[found.name],
        outcome=outcome.word if outcome else None,
        job=getattr(event, "job", None) or (subject if subject in jobs else None),
    )
