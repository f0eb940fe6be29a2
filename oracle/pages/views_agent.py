"""An agent as a page shows it: what its score rests on, what covers it, and what faking it would cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy.orm import Session
from starlette.requests import Request

from oracle.api.problems import ApiError
from oracle.domain import events as e
from oracle.domain.types import Address, Hash
from oracle.pages.place import Place
from oracle.pages.plots import Point
from oracle.pages.text import Line, View
from oracle.pages.views_jobs import JobLine, job_line
from oracle.score import v1
from oracle.score.agent import parse_agent
from oracle.score.coverage import coverage
from oracle.score.document import At, EvidenceDocument, ScoreDocument, Subject, explained, score_document
from oracle.score.errors import ScoreError
from oracle.score.evidence import Evidence
from oracle.score.price import Price, price_of
from oracle.store import chain as chain_store
from oracle.store import closed, codec, listing, registry, scores, screening
from oracle.store import tabs as tab_store
from oracle.store.tabs import ListedTab

_JOBS: Final = 10
_PIECES: Final = 25  # of evidence, the newest
_DISPUTES: Final = 20
_PACTS: Final = 20
_TABS: Final = 10
_IDENTITIES: Final = 20
_SCREENINGS: Final = 20
_SCREENINGS_READ: Final = 200
_DAY = 86_400
_DAYS: Final = 90  # of history
TRUSTED_FROM: Final = 500
"""From this score on a page says how far to trust: by the cautious end, more than half of the work passes."""


class PactCount(View):
    """A pact the agent worked under, and how often."""

    pact: Hash
    title: Line | None
    jobs: int


class Dispute(View):
    """A dispute over one of its jobs. `ended`: how it went for the agent; None: it is not decided."""

    job: Hash
    time: int | None
    by_buyer: bool
    sought: str
    deposit: int
    ended: str | None


class Faking(View):
    """What a score as good would cost somebody who buys it; base units of USDC."""

    score: int
    buyers: int
    jobs: int
    first: int
    further: int
    kept: int


class TabLine(View):
    """A tab in which it is the provider. The bond is base units of USDC."""

    tab: Hash
    pact: Hash
    pact_title: Line | None
    buyer: Address
    bond: int


class Identity(View):
    """An ERC-8004 id that this agent's evidence names: its own word."""

    agent_id: str
    pieces: int


class Screening(View):
    """A public benchmark's result, as its source gives it. Nobody here checked it, and no score reads it."""

    benchmark: Line
    result: Line
    source: Line
    measured_on: Line
    scope: Line
    agent_id: str | None


class AgentPage(View):
    """Everything the page of an agent shows. `agent_id`: only jobs that name this ERC-8004 id.

    `registry`: ERC-8004's reputation registry as `eip155:CHAIN:ADDRESS`, where feedback is written to one.
    """

    at: At
    agent: Address
    agent_id: str | None
    score: ScoreDocument
    said: Line
    is_trusted: bool
    points: tuple[Point, ...]
    states: tuple[tuple[str, int], ...]
    jobs: tuple[JobLine, ...]
    job_count: int
    pacts: tuple[PactCount, ...]
    tabs: tuple[TabLine, ...]
    identities: tuple[Identity, ...]
    registry: str | None
    screenings: tuple[Screening, ...]
    disputes: tuple[Dispute, ...]
    evidence: tuple[EvidenceDocument, ...]
    faking: Faking | None


def agent(place: Place, request: Request) -> AgentPage:
    """The page of one agent.

    Raises:
        EarnestError: neither a job nor a tab of it was ever opened.
    """
    address, agent_id = parse_agent(request.path_params["agent"])
    source = place.source
    with source.reading() as (session, _):
        states = listing.states_of(session, address)
        tabs = tab_store.list_tabs(session, limit=_TABS, parties={"provider": address})
        if not states and not tabs:
            raise ApiError(404, "no job or tab of this agent was ever opened here", field="agent")
        at = source.at(session, None)
        pieces = list(scores.evidence_about(session, address, agent_id=agent_id, up_to=at.block))
        running = closed.running_of(session, address, up_to=at.block, agent_id=agent_id)
        jobs = listing.list_jobs(session, limit=_JOBS, parties={"provider": address})
        pacts = listing.count_pacts(session, address, limit=_PACTS)
        disputes = _disputes(session, address, pieces)
        fee = _lowest_fee(session, source.roots)
        identities = registry.identities_of(session, address, limit=_IDENTITIES)
        benchmarks = screening.of_agent(session, address, limit=_SCREENINGS_READ)
    found = v1.standing(pieces, source.roots).score(at.time)
    score = score_document(
        at, Subject(address, agent_id, source.roots), found, coverage(running, pieces, at=at.time)
    )
    return AgentPage(
        at=at,
        agent=address,
        agent_id=None if agent_id is None else str(agent_id),
        score=score,
        said=verdict_on(score),
        is_trusted=score.score is not None and score.score >= TRUSTED_FROM,
        points=history_of(pieces, source.roots, now=at.time),
        states=tuple((state.word, count) for state, count in sorted(states.items())),
        jobs=tuple(job_line(place, one) for one in jobs),
        job_count=sum(states.values()),
        pacts=tuple(PactCount(pact=pact, title=place.pact_title(pact), jobs=count) for pact, count in pacts),
        tabs=tuple(_tab_line(place, one) for one in tabs),
        identities=tuple(Identity(agent_id=str(id_), pieces=pieces_) for id_, pieces_ in identities),
        registry=None if source.registry is None else f"eip155:{at.chain_id}:{source.registry}",
        screenings=tuple(_screening(one) for one in benchmarks if agent_id in (None, one.agent_id))[
            :_SCREENINGS
        ],
        disputes=disputes,
        evidence=tuple(reversed(explained(pieces, source.roots, time=at.time)[-_PIECES:])),
        faking=faking_of(score.score, fee),
    )


def _tab_line(place: Place, found: ListedTab) -> TabLine:
    terms, pact = found.agreement.terms, found.agreement.opening.pact
    return TabLine(
        tab=found.tab, pact=pact, pact_title=place.pact_title(pact), buyer=terms.buyer, bond=terms.bond
    )


def _screening(one: screening.Screening) -> Screening:
    return Screening(
        benchmark=one.benchmark,
        result=one.result,
        source=one.source,
        measured_on=one.measured_on,
        scope=one.scope,
        agent_id=None if one.agent_id is None else str(one.agent_id),
    )


def verdict_on(score: ScoreDocument) -> str:
    """What the number means, in one sentence."""
    if score.score is None:
        return (
            f"Too little is known of it: {score.effective} effective pieces of evidence; a score needs 3. "
            "That says neither good nor bad."
        )
    if score.score == 0:
        return "It is known by its failures: too few passes that count stand against them."
    tenths = f"{score.score // 10}.{score.score % 10}"
    return f"By what is known, and read with caution, at least {tenths} % of its work keeps its promise."


def history_of(pieces: Sequence[Evidence], roots: frozenset[Hash], *, now: int) -> tuple[Point, ...]:
    """Scores at past midnights (UTC) and now; none of an agent known for less than a day."""
    if not pieces or now - pieces[0].at < _DAY:
        return ()
    first, last = pieces[0].at, now - now % _DAY
    begin = max(first - first % _DAY, last - (_DAYS - 1) * _DAY)
    times = list(range(begin, last + 1, _DAY))
    standing, rest = v1.Standing(roots), iter(pieces)
    piece = next(rest, None)
    points: list[Point] = []
    for time in [*times, now] if times[-1] < now else times:
        while piece is not None and piece.at <= time:
            standing.add(piece)
            piece = next(rest, None)
        found = standing.score(time)
        points.append((time, found.value, *found.interval))
    return tuple(points)


def faking_of(score: int | None, lowest_fee: int | None) -> Faking | None:
    """What as good a score would cost to fake; None where there is no score to fake."""
    if not score or lowest_fee is None:
        return None
    try:
        found: Price = price_of(score, lowest_fee=lowest_fee)
    except ScoreError:
        return None
    return Faking(
        score=score,
        buyers=found.buyers,
        jobs=found.jobs,
        first=found.first,
        further=found.further,
        kept=found.kept,
    )


def _lowest_fee(session: Session, roots: frozenset[Hash]) -> int | None:
    """The least that any of the roots takes for a job; None where none of them is known."""
    known = [listing.get_committee(session, root) for root in sorted(roots)]
    fees = [found[1].fee_flat for found in known if found is not None]
    return min(fees, default=None)


def _disputes(session: Session, provider: Address, pieces: Sequence[Evidence]) -> tuple[Dispute, ...]:
    listed = listing.list_events(session, limit=_DISPUTES, name="Disputed", provider=provider)
    times = chain_store.block_times(session, {event.block for event in listed})
    ended = {piece.subject: piece.contest.value for piece in pieces}
    told = [(one, codec.event_of(one.name, one.body)) for one in listed]
    return tuple(
        Dispute(
            job=event.job,
            time=times.get(one.block),
            by_buyer=event.party != provider,
            sought=event.sought.word,
            deposit=event.deposit,
            ended=ended.get(event.job),
        )
        for one, event in told
        if isinstance(event, e.Disputed)
    )
