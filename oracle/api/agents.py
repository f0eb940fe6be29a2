"""Routes about agents and their scores."""

from __future__ import annotations

import json
from dataclasses import asdict

from fastapi import APIRouter

from oracle.api import inputs, models, show
from oracle.api.lists import listed, page, start
from oracle.api.problems import ApiError
from oracle.api.source import Source
from oracle.domain.types import Address
from oracle.score.agent import parse_agent
from oracle.score.coverage import coverage
from oracle.score.document import EvidenceDocument, ScoreDocument, Subject, explained, score_document
from oracle.score.errors import ScoreError
from oracle.score.versions import CURRENT, formula
from oracle.store import closed, listing, registry, scores, screening, standings
from oracle.store import tabs as tab_store
from oracle.store.standings import AgentFilter

_MOST_PACTS = 20
_MOST_POSTS = 100
_MOST_SCREENINGS = 200
_BEFORE, _AFTER = "/v1/agents/", "/score"


def agents_router(source: Source) -> APIRouter:
    """The routes."""
    router = APIRouter(tags=["agents"])

    @router.get("/agents", responses=inputs.answers())
    def list_agents(
        *,
        pact: inputs.HashQuery = None,
        committee: inputs.HashQuery = None,
        min_score: inputs.Score = None,
        min_cap: inputs.Amount = None,
        passed_since: inputs.Time = None,
        max_price: inputs.Amount = None,
        order: inputs.Order = "agent",
        limit: inputs.Limit = 50,
        cursor: inputs.Cursor = None,
    ) -> models.Page[models.AgentLine]:
        """Providers that ever had a job or tab: score, coverage, last Pass, price of the last job."""
        wanted = AgentFilter(pact, committee, min_score, min_cap, passed_since, max_price)
        return listed(
            source,
            "agents",
            lambda session, most, after: standings.list_standings(
                session, wanted, limit=most, order=standings.Order(order), after=after
            ),
            show.agent_line,
            lambda row: [standings.rank_of(row, standings.Order(order)), row.agent],
            kinds=(int, str),
            filters={**asdict(wanted), "order": order},
            limit=limit,
            cursor=cursor,
        )

    @router.get("/agents/{agent}", responses=inputs.answers(404))
    def show_agent(agent: inputs.AgentPath) -> models.Agent:
        """A provider. One that never had a job or tab is not found; its score is unknown all the same."""
        address, _ = parse_agent(agent)
        with source.reading() as (session, at):
            states = listing.states_of(session, address)
            tabs = tab_store.count_tabs(session, address)
            if not states and not tabs:
                raise ApiError(404, "no job or tab of this agent was ever opened here", field="agent")
            return models.Agent(
                at=at,
                agent=address,
                jobs={state.word: count for state, count in sorted(states.items())},
                tabs=tabs,
                pacts=tuple(listing.pacts_of(session, address, limit=_MOST_PACTS)),
                identities=tuple(
                    models.Identity(
                        agent_id=str(agent_id),
                        registry=None
                        if source.registry is None
                        else f"eip155:{at.chain_id}:{source.registry}",
                        jobs=count,
                    )
                    for agent_id, count in registry.identities_of(session, address, limit=_MOST_PACTS)
                ),
            )

    @router.get("/agents/{agent}/feedback", responses=inputs.answers())
    def show_feedback(agent: inputs.AgentPath) -> models.FeedbackAnswer:
        """What was written of an agent to ERC-8004's reputation registry by this oracle."""
        address, agent_id = parse_agent(agent)
        with source.reading() as (session, at):
            posts = registry.of_agent(session, address, limit=_MOST_POSTS)
            chosen = [show.feedback(post) for post in posts if agent_id in (None, post.agent_id)]
            return models.FeedbackAnswer(at=at, agent=address, items=tuple(chosen))

    @router.get("/agents/{agent}/screening", responses=inputs.answers())
    def show_screening(agent: inputs.AgentPath) -> models.ScreeningAnswer:
        """Results of public benchmarks somebody attached to an agent. No score reads them."""
        address, agent_id = parse_agent(agent)
        with source.reading() as (session, at):
            found = screening.of_agent(session, address, limit=_MOST_SCREENINGS)
            return models.ScreeningAnswer(
                at=at,
                agent=address,
                counted=False,
                items=tuple(show.screening(one) for one in found if agent_id in (None, one.agent_id)),
            )

    @router.get("/feedback/{hash}", responses=inputs.answers(404))
    def show_feedback_document(hash: inputs.HashPath) -> models.Stored:  # noqa: A002 - the path's word
        """What one feedback was computed from; `feedbackHash` in the registry is the hash of it."""
        with source.database.read() as session:
            post = registry.by_digest(session, hash)
        if post is None:
            raise ApiError(404, "no feedback with this hash was written here", field="hash")
        return models.Stored(hash=hash, kind="feedback", document=json.loads(post.body))

    @router.get("/agents/{agent}/score", responses=inputs.answers(404))
    def show_score(
        agent: inputs.AgentPath, at: inputs.Block = None, version: inputs.Version = CURRENT
    ) -> ScoreDocument:
        """An agent's trust score, at the newest block or another. Whoever is not known has none: `null`."""
        address, agent_id = parse_agent(agent)
        _known_version(version)
        with source.database.read() as session:
            if at is None and agent_id is None:
                _, document = source.book.document(session, address)
                if document is not None:
                    return document
            read_at = source.at(session, at)
            subject = Subject(address, agent_id, source.roots)
            evidence = list(scores.evidence_about(session, address, agent_id=agent_id, up_to=read_at.block))
            running = closed.running_of(session, address, up_to=read_at.block, agent_id=agent_id)
        found = formula(version).standing(evidence, source.roots).score(read_at.time)
        return score_document(read_at, subject, found, coverage(running, evidence, at=read_at.time))

    @router.get("/agents/{agent}/score/history", responses=inputs.answers(404))
    def show_history(
        agent: inputs.AgentPath,
        at: inputs.Block = None,
        days: inputs.Days = 90,
        version: inputs.Version = CURRENT,
    ) -> models.ScoreHistory:
        """An agent's score at the last midnights (UTC), as everybody could have computed it then."""
        address, agent_id = parse_agent(agent)
        _known_version(version)
        with source.database.read() as session:
            read_at = source.at(session, at)
            evidence = list(scores.evidence_about(session, address, agent_id=agent_id, up_to=read_at.block))
        return models.ScoreHistory(
            at=read_at,
            agent=address,
            agent_id=None if agent_id is None else str(agent_id),
            version=version,
            roots=tuple(sorted(source.roots)),
            points=show.score_points(evidence, source.roots, time=read_at.time, days=days),
        )

    @router.get("/agents/{agent}/evidence", responses=inputs.answers(404))
    def show_evidence(
        agent: inputs.AgentPath,
        at: inputs.Block = None,
        version: inputs.Version = CURRENT,
        limit: inputs.Limit = 50,
        cursor: inputs.Cursor = None,
    ) -> models.Page[EvidenceDocument]:
        """What an agent's score is made of, the oldest first: what each piece added, what is left of it."""
        address, agent_id = parse_agent(agent)
        _known_version(version)
        filters: dict[str, object] = {"agent": address, "id": agent_id, "at": at, "version": version}
        after = start(cursor, "evidence", filters, int, int) or (-1, -1)
        with source.database.read() as session:
            read_at = source.at(session, at)
            evidence = list(scores.evidence_about(session, address, agent_id=agent_id, up_to=read_at.block))
        told = [
            line
            for line in explained(evidence, source.roots, time=read_at.time)
            if (line.block, line.log_index) > after
        ]
        return page(
            read_at,
            told[: limit + 1],
            lambda line: line,
            limit=limit,
            name="evidence",
            filters=filters,
            place=lambda line: [line.block, line.log_index],
        )

    return router


def _known_version(version: int) -> None:
    try:
        formula(version)
    except ScoreError as error:
        raise ApiError(404, error.message, field="version", next_step=error.next_step) from error


def agent_of(path: str) -> Address | None:
    """The agent whose score a path asks for in the one form that is kept ready; else None."""
    agent = path[len(_BEFORE) : -len(_AFTER)]
    if len(agent) == 42 and path.startswith(_BEFORE) and path.endswith(_AFTER):
        return agent
    return None
