"""A job as a page shows it."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request

from oracle.api.problems import ApiError
from oracle.decide.jobs import view_of
from oracle.decide.next_step import NextStep, Rules, next_step
from oracle.decide.payouts import Payout
from oracle.domain import events as e
from oracle.domain.committee import Committee
from oracle.domain.types import (
    Address,
    Hash,
    State,
    parse_hash,
)
from oracle.pages.acts import job_acts
from oracle.pages.acts_case import Site
from oracle.pages.acts_view import JobActs
from oracle.pages.place import Place
from oracle.pages.text import Line, View
from oracle.score.document import At
from oracle.store import chain as chain_store
from oracle.store import codec, listing
from oracle.store.listing import ListedEvent, ListedJob

_MOST_EVENTS = 60


class Gives(View):
    """What an ending gives to whom; `taken` is slashed from evaluators in all."""

    label: Line
    buyer: int
    provider: int
    evaluators: int
    arbiter: int
    taken: int


class Idle(View):
    """What time alone makes of the job. `calls`: what anyone may call, and from when."""

    outcome: str
    basis: str
    calls: tuple[tuple[str, int], ...]
    gives: Gives


class Moment(View):
    """One event of the job's life."""

    time: int | None
    block: int
    transaction: Hash
    title: Line
    told: Line
    kind: str


class JobPage(View):
    """Everything the page of a job shows."""

    at: At
    job: Hash
    buyer: Address
    provider: Address
    agent_id: str
    committee: Hash
    pact: Hash
    pact_title: Line | None
    offchain: Hash
    state: str
    outcome: str | None
    provisional: bool
    summary: Line
    price: int
    up_front: int
    gated: int
    bond: int
    fee: int
    challenge: int
    secured: bool
    opened_at: int
    deliver_by: int
    judge_by: int
    deadline: int | None
    deliverable: Hash | None
    delivered_at: int | None
    idle: Idle | None
    gives: tuple[Gives, ...]
    acts: JobActs | None
    timeline: tuple[Moment, ...]
    evidence: tuple[Hash, ...]


def job(place: Place, request: Request) -> JobPage:
    """The page of one job.

    Raises:
        EarnestError: no such job.
    """
    id_ = parse_hash(request.path_params["job"], field="the job's id")
    with place.source.reading() as (session, at):
        found = listing.get_job(session, id_)
        if found is None:
            raise ApiError(404, "this job was never opened here, as far as was read", field="job")
        known = listing.get_committee(session, found.agreement.terms.committee)
        events = listing.list_events(session, limit=_MOST_EVENTS, subject=id_)
        times = chain_store.block_times(session, {event.block for event in events})
    pact = place.pact(found.agreement.opening.pact)
    return job_page(
        at,
        found,
        None if known is None else known[1],
        list(reversed(events)),
        times,
        pact_title=None if pact is None else pact.title,
        site=place.site(at),
    )


def job_page(
    at: At,
    found: ListedJob,
    committee: Committee | None,
    events: Sequence[ListedEvent],
    times: dict[int, int],
    *,
    pact_title: str | None,
    site: Site,
) -> JobPage:
    """What was read, in the page's words.

    Args:
        events: The oldest first.
        times: Block times by number, Unix seconds.
        site: Where the contract is.
    """
    agreement, record = found.agreement, found.record
    terms, opening = agreement.terms, agreement.opening
    step = _step(found, committee, at.time, site.lapse_challenge)
    return JobPage(
        at=at,
        job=found.job,
        buyer=terms.buyer,
        provider=terms.provider,
        agent_id=str(opening.agent_id),
        committee=terms.committee,
        pact=opening.pact,
        pact_title=pact_title,
        offchain=opening.offchain,
        state=record.state.word,
        outcome=record.outcome.word if record.outcome else None,
        provisional=record.state in (State.JUDGED, State.DISPUTED),
        summary=step.summary[:1].upper() + step.summary[1:],
        price=agreement.price,
        up_front=opening.up_front,
        gated=terms.gated,
        bond=terms.bond,
        fee=terms.fee,
        challenge=terms.challenge,
        secured=terms.challenge > 0,
        opened_at=record.opened_at,
        deliver_by=opening.deliver_by,
        judge_by=terms.judge_by,
        deadline=record.deadline or None,
        deliverable=record.deliverable,
        delivered_at=record.delivered_at or None,
        idle=_idle(step),
        gives=tuple(_gives(label, payout) for label, payout in step.payouts),
        acts=None if committee is None else job_acts(agreement, record, committee, site, at.time),
        timeline=tuple(moment(event, times.get(event.block)) for event in events),
        evidence=record.evidence,
    )


def _step(found: ListedJob, committee: Committee | None, now: int, lapse_challenge: int) -> NextStep:
    if committee is None:
        return NextStep(found.record.state, found.record.state.word)
    rules = Rules(committee.threshold, committee.arbiter_cost, committee.silence, lapse_challenge)
    return next_step(view_of(found.record, found.agreement), found.agreement.terms, rules, now)


def _idle(step: NextStep) -> Idle | None:
    idle = step.if_nobody_acts
    if idle is None:
        return None
    return Idle(
        outcome=idle.outcome.word,
        basis=idle.basis.word,
        calls=idle.calls,
        gives=_gives(idle.outcome.word, idle.payout),
    )


def _gives(label: str, payout: Payout) -> Gives:
    return Gives(
        label=label,
        buyer=payout.buyer,
        provider=payout.provider,
        evaluators=payout.evaluators,
        arbiter=payout.arbiter,
        taken=payout.taken,
    )


_TITLES = {
    "JobOpened": "Opened",
    "UpFrontPaid": "Paid up front",
    "Delivered": "Delivered",
    "AttestationsPosted": "Attestations posted",
    "Judged": "Judged",
    "Lapsed": "Lapsed",
    "Disputed": "Disputed",
    "JobClosed": "Closed",
    "ArbiterPaid": "Arbiter paid",
}


def moment(event: ListedEvent, time: int | None) -> Moment:
    """One event in words."""
    return Moment(
        time=time,
        block=event.block,
        transaction=event.tx_hash,
        title=_TITLES.get(event.name, event.name),
        told=_told(codec.event_of(event.name, event.body)),
        kind=event.name,
    )


def _told(event: e.EscrowEvent) -> str:
    match event:
        case e.Judged() | e.Lapsed() | e.AttestationsPosted():
            return f"provisionally {event.outcome.word}"
        case e.JobClosed():
            return f"as {event.outcome.word}"
        case _:
            return ""


class JobLine(View):
    """A job in a list."""

    job: Hash
    provider: Address
    buyer: Address
    state: str
    outcome: str | None
    price: int
    bond: int
    opened_at: int


class JobsPage(View):
    """Jobs, the last opened first."""

    at: At
    jobs: tuple[JobLine, ...]


def jobs(place: Place, request: Request) -> JobsPage:  # noqa: ARG001 - every page is asked alike
    """The page of all jobs."""
    with place.source.reading() as (session, at):
        found = listing.list_jobs(session, limit=50)
    return JobsPage(at=at, jobs=tuple(map(job_line, found)))


def job_line(found: ListedJob) -> JobLine:
    """A job in a list."""
    terms, record = found.agreement.terms, found.record
    return JobLine(
        job=found.job,
        provider=terms.provider,
        buyer=terms.buyer,
        state=record.state.word,
        outcome=record.outcome.word if record.outcome else None,
        price=found.agreement.price,
        bond=terms.bond,
        opened_at=record.opened_at,
    )
