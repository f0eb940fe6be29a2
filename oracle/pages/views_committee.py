"""Committees as pages show them: terms, coverage, members and what they did."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request

from oracle.api import models, show
from oracle.api.lists import listed
from oracle.api.problems import ApiError
from oracle.domain.committee import Committee, reserved_share
from oracle.domain.types import Address, Hash, Standing, parse_hash
from oracle.pages.place import Place
from oracle.pages.text import View
from oracle.pages.views_jobs import JobLine, job_line, more_of
from oracle.pages.views_record import (
    LOOKED_AT,
    Conduct,
    JurorRate,
    conduct,
    juror_rates,
    last_periods,
    outcomes,
    slashed_over,
)
from oracle.score.document import At
from oracle.store import jobs as job_store
from oracle.store import listing

_JOBS: Final = 10
_COMMITTEES: Final = 50  # on a page


class Seat(View):
    """A member of a committee. Amounts are base units."""

    index: int
    account: Address
    standing: str
    equivocated: bool
    stake: int
    slashed: int
    conduct: Conduct


class CommitteePage(View):
    """A committee. `capacity`: what its stake can cover; `reserved`: what running jobs hold of it.

    `looked_at` and `periods`: jobs and periods of tabs that its evaluators' figures are of.
    """

    at: At
    committee: Hash
    terms: models.Committee
    is_root: bool
    capacity: int
    reserved: int
    active: int
    seats: tuple[Seat, ...]
    jurors: tuple[JurorRate, ...]
    outcomes: tuple[tuple[str, int], ...]
    looked_at: int
    periods: int
    jobs: tuple[JobLine, ...]


class CommitteeLine(View):
    """A committee in a list."""

    committee: Hash
    threshold: int
    evaluators: int
    stake: int
    fee_flat: int
    arbiter: Address
    is_root: bool


class CommitteesPage(View):
    """All committees."""

    at: At
    committees: tuple[CommitteeLine, ...]
    more: str | None
    is_first: bool


def committees(place: Place, request: Request) -> CommitteesPage:
    """The page of all committees."""
    cursor = request.query_params.get("cursor") or None
    found = listed(
        place.source,
        "committees",
        lambda session, most, after: listing.list_committees(
            session, limit=most, after=None if after is None else after[0]
        ),
        lambda row: _line(row[0], row[2], place),
        lambda row: [row[0]],
        kinds=(str,),
        filters={},
        limit=_COMMITTEES,
        cursor=cursor,
    )
    return CommitteesPage(
        at=found.at,
        committees=found.items,
        more=None if found.next is None else more_of("/committees", {}, found.next),
        is_first=cursor is None,
    )


def _line(id_: Hash, terms: Committee, place: Place) -> CommitteeLine:
    return CommitteeLine(
        committee=id_,
        threshold=terms.threshold,
        evaluators=len(terms.evaluators),
        stake=terms.stake,
        fee_flat=terms.fee_flat,
        arbiter=terms.arbiter,
        is_root=id_ in place.source.roots,
    )


def committee(place: Place, request: Request) -> CommitteePage:
    """The page of one committee.

    Raises:
        EarnestError: no such committee.
    """
    id_ = parse_hash(request.path_params["committee"], field="the committee's id")
    with place.source.reading() as (session, at):
        found = listing.get_committee(session, id_)
        if found is None:
            raise ApiError(404, "this committee was never created here", field="committee")
        block, terms = found
        members = show.evaluators(session, listing.list_evaluators(session, limit=100, committee=id_))
        jobs = listing.list_jobs(session, limit=LOOKED_AT, parties={"committee": id_})
        running = job_store.running_jobs(session, [id_])
        slashed, tabs = slashed_over(session, id_), last_periods(session, id_)
    seats = tuple(seat_of(one, conduct(one.index, jobs, slashed, tabs)) for one in members)
    active = sum(
        seat.standing == Standing.JOINED.word and not seat.equivocated and seat.stake >= terms.stake
        for seat in seats
    )
    k = terms.threshold
    return CommitteePage(
        at=at,
        committee=id_,
        terms=show.committee(id_, block, terms),
        is_root=id_ in place.source.roots,
        capacity=k * terms.stake if active >= k else 0,
        reserved=sum(
            k * reserved_share(value=one.agreement.terms.value, silence=terms.silence, threshold=k)
            for one in running
        ),
        active=active,
        seats=seats,
        jurors=juror_rates(place, jobs),
        outcomes=outcomes(jobs),
        looked_at=len(jobs),
        periods=sum(len(tab.periods) for tab in tabs),
        jobs=tuple(job_line(place, one) for one in jobs[:_JOBS]),
    )


def seat_of(one: models.Evaluator, did: Conduct) -> Seat:
    """A member with what it did."""
    return Seat(
        index=one.index,
        account=one.account,
        standing="expelled" if one.equivocated else one.standing,
        equivocated=one.equivocated,
        stake=int(one.stake),
        slashed=int(one.slashed),
        conduct=did,
    )
