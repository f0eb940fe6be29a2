"""A job as a page shows it."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from sqlalchemy.orm import Session
from starlette.requests import Request

from oracle.api.problems import ApiError
from oracle.decide.jobs import JobRecord, view_of
from oracle.decide.next_step import NextStep, Rules, next_step
from oracle.decide.payouts import Payout
from oracle.domain import events as e
from oracle.domain.committee import Committee
from oracle.domain.types import (
    Address,
    Hash,
    State,
    members_of,
    parse_hash,
)
from oracle.pages.acts import job_acts
from oracle.pages.acts_case import Site
from oracle.pages.acts_view import JobActs
from oracle.pages.place import Place
from oracle.pages.text import Line, View
from oracle.pages.views_checks import Checks, Evidence
from oracle.pages.views_story import Moment, Money, Told, money, result_of, timeline
from oracle.score.document import At
from oracle.store import chain as chain_store
from oracle.store import codec, listing
from oracle.store.listing import ListedEvent, ListedJob

_MOST_EVENTS = 60
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?|\[[0-9a-fA-F:]{2,45}\](:[0-9]{1,5})?", re.ASCII)


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


class Command(View):
    """A command that anyone may run, and what it shows."""

    says: str
    text: str


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
    result: Line | None
    price: int
    up_front: int
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
    money: Money
    checks: Checks | None
    evidence: tuple[Evidence, ...]
    commands: tuple[Command, ...]


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
        listed = listing.list_events(session, limit=_MOST_EVENTS, subject=id_)
        listed += _slashings(session, listed, id_)
        times = chain_store.block_times(session, {event.block for event in listed})
    listed.sort(key=lambda event: (event.block, event.log_index))
    told = [Told(codec.event_of(one.name, one.body), one, times.get(one.block)) for one in listed]
    opening, record = found.agreement.opening, found.record
    return job_page(
        at,
        found,
        None if known is None else known[1],
        told,
        pact_title=place.pact_title(opening.pact),
        checks=place.checks(opening.pact, record.evidence),
        kept={one for one in record.evidence if place.record(one) is not None},
        origin=origin_of(request),
        site=place.site(at),
    )


def _slashings(session: Session, listed: Sequence[ListedEvent], id_: Hash) -> list[ListedEvent]:
    """What was taken from evaluators over the job: said of their committee, where the job was closed."""
    closings = [event for event in listed if event.name == "JobClosed"]
    return [
        event
        for closing in closings
        for event in listing.events_in(session, closing.block, "Slashed")
        if event.tx_hash == closing.tx_hash and _subject(event) == id_
    ]


def _subject(event: ListedEvent) -> Hash | None:
    said = codec.event_of(event.name, event.body)
    return said.subject if isinstance(said, e.Slashed) else None


def job_page(
    at: At,
    found: ListedJob,
    committee: Committee | None,
    told: Sequence[Told],
    *,
    pact_title: str | None,
    checks: Checks | None,
    kept: Collection[Hash],
    origin: str,
    site: Site,
) -> JobPage:
    """What was read, in the page's words.

    Args:
        told: What happened, the oldest first.
        kept: Records that everybody may read here.
        origin: Where this site is reached.
        site: Where the contract is.
    """
    agreement, record = found.agreement, found.record
    terms, opening = agreement.terms, agreement.opening
    step = _step(found, committee, at.time, site.lapse_challenge)
    slashed = [one.event for one in told if isinstance(one.event, e.Slashed)]
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
        result=result_of(record, slashed),
        price=agreement.price,
        up_front=opening.up_front,
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
        timeline=timeline(told, agreement),
        money=money(agreement, record, slashed),
        checks=checks,
        evidence=_evidence(record, committee, kept),
        commands=commands(found.job, at, sorted(record.evidence, key=lambda one: one not in kept), origin),
    )


def _evidence(record: JobRecord, committee: Committee | None, kept: Collection[Hash]) -> tuple[Evidence, ...]:
    """Who signed, with which record: the contract keeps both in the same order."""
    named = zip(members_of(record.signers), record.evidence, strict=False)
    return tuple(
        Evidence(
            evaluator=None if committee is None else committee.evaluators[index],
            index=index,
            record=one,
            kept=one in kept,
        )
        for index, one in named
    )


def commands(job_id: Hash, at: At, evidence: Sequence[Hash], origin: str) -> tuple[Command, ...]:
    """How a stranger checks all of it: with a node of its own, and nothing of this site but documents."""
    shown = [
        Command(
            says="Ask the contract itself, through any node of this chain",
            text=f"cast call {at.escrow} \\\n  'jobState(bytes32)' {job_id} \\\n  --rpc-url \"$RPC\"",
        ),
        Command(
            says="The same in words: state, what happens if nobody acts, and who gets how much",
            text=f'oracle job show {job_id} \\\n  --chain-id {at.chain_id} --rpc "$RPC"',
        ),
    ]
    if evidence:
        record = evidence[0]
        shown.append(
            Command(
                says="Go through the evaluation again, offline, but for what models answered. PLACE is where "
                "the delivery lies; without --rpc no node is asked",
                text=f"curl -s {origin}/documents/{record} -o record.json\n"
                f"oracle verify record.json --expect {record} \\\n"
                f'  --store evidence --from {origin}/documents --from PLACE --rpc "$RPC"',
            )
        )
    return tuple(shown)


def origin_of(request: Request) -> str:
    """Where the reader reached this site. The reader names it, so it may be anything."""
    url = request.base_url
    return f"{url.scheme}://{url.netloc}" if _HOST.fullmatch(url.netloc) else "https://this-site.example"


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
