"""An evaluator as a page shows it: its seats, its stake, and how its verdicts stood."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request

from oracle.api import models, show
from oracle.api.problems import ApiError
from oracle.domain.types import Address, Hash, parse_address
from oracle.pages.place import Place
from oracle.pages.text import View
from oracle.pages.views_jobs import JobLine, job_line
from oracle.pages.views_record import (
    LOOKED_AT,
    RECORDS,
    TABS,
    Conduct,
    JurorRate,
    conduct,
    juror_rates,
    last_periods,
    slashed_over,
)
from oracle.score.document import At
from oracle.store import listing

_SEATS: Final = 20
_JOBS: Final = 10
_READ: Final = 600  # jobs, of all its committees together
_READ_TABS: Final = 60  # the same of tabs


class SeatPage(View):
    """A seat in one committee: `covers` is what k members' stake can cover there. Amounts are base units."""

    committee: Hash
    index: int
    key: Address | None
    standing: str
    stake: int
    full_stake: int
    owed: int
    slashed: int
    threshold: int
    members: int
    covers: int
    conduct: Conduct
    jurors: tuple[JurorRate, ...]
    jobs: tuple[JobLine, ...]


class EvaluatorPage(View):
    """An evaluator in the committees it joined, its largest stakes; stake and slashed are those of these."""

    at: At
    account: Address
    stake: int
    slashed: int
    seats: tuple[SeatPage, ...]
    further_seats: int


def evaluator(place: Place, request: Request) -> EvaluatorPage:
    """The page of one evaluator.

    Raises:
        EarnestError: it never joined a committee.
    """
    address = parse_address(request.path_params["address"], field="the evaluator's address")
    seats: list[SeatPage] = []
    with place.source.reading() as (session, at):
        joined = listing.seats_of(session, address)
        told = show.evaluators(session, [(one.committee, one.index, one.record) for one in joined[:_SEATS]])
        sits = list(zip(told, (one.terms for one in joined), strict=False))
        for one, terms in sits:
            # Who sits in many committees has a page no dearer to make than another's.
            limit = min(LOOKED_AT, _READ // len(sits))
            jobs = listing.list_jobs(session, limit=limit, parties={"committee": one.committee})
            tabs = last_periods(session, one.committee, tabs=min(TABS, max(1, _READ_TABS // len(sits))))
            signed = [job for job in jobs if job.record.signers >> one.index & 1]
            seats.append(
                _seat(
                    one,
                    full_stake=terms.stake,
                    threshold=terms.threshold,
                    members=len(terms.evaluators),
                    did=conduct(one.index, jobs, slashed_over(session, one.committee), tabs),
                    jurors=juror_rates(place, jobs, one.index, most=max(1, RECORDS // len(sits))),
                    jobs=tuple(job_line(place, job) for job in signed[:_JOBS]),
                )
            )
    if not seats:
        raise ApiError(404, "no evaluator with this account ever joined a committee here", field="address")
    return EvaluatorPage(
        at=at,
        account=address,
        stake=sum(seat.stake for seat in seats),
        slashed=sum(seat.slashed for seat in seats),
        seats=tuple(seats),
        further_seats=len(joined) - len(seats),
    )


def _seat(
    one: models.Evaluator,
    *,
    full_stake: int,
    threshold: int,
    members: int,
    did: Conduct,
    jurors: tuple[JurorRate, ...],
    jobs: tuple[JobLine, ...],
) -> SeatPage:
    return SeatPage(
        committee=one.committee,
        index=one.index,
        key=one.key,
        standing="expelled" if one.equivocated else one.standing,
        stake=int(one.stake),
        full_stake=full_stake,
        owed=int(one.owed),
        slashed=int(one.slashed),
        threshold=threshold,
        members=members,
        covers=threshold * full_stake,
        conduct=did,
        jurors=jurors,
        jobs=jobs,
    )
