"""Routes about jobs, what happened to them, who judged them, and by which documents."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from oracle.api import inputs, models, show
from oracle.api.documents import public_document
from oracle.api.lists import listed
from oracle.api.problems import ApiError
from oracle.api.source import Source
from oracle.domain.types import Hash
from oracle.store import listing


def records_router(source: Source) -> APIRouter:
    """The routes."""
    router = APIRouter()
    _jobs(router, source)
    _events(router, source)
    _committees(router, source)
    _documents(router, source)
    return router


def _jobs(router: APIRouter, source: Source) -> None:
    @router.get("/jobs", tags=["jobs"], responses=inputs.answers())
    def list_jobs(
        *,
        buyer: inputs.AddressQuery = None,
        provider: inputs.AddressQuery = None,
        committee: inputs.HashQuery = None,
        pact: inputs.HashQuery = None,
        state: Annotated[inputs.StateWord | None, Query()] = None,
        limit: inputs.Limit = 50,
        cursor: inputs.Cursor = None,
    ) -> models.Page[models.Job]:
        """Jobs, the last opened first."""
        parties = {"buyer": buyer, "provider": provider, "committee": committee, "pact": pact}
        named = {name: value for name, value in parties.items() if value is not None}
        return listed(
            source,
            "jobs",
            lambda session, most, before: listing.list_jobs(
                session,
                limit=most,
                before=before,
                parties=named,
                state=None if state is None else inputs.STATES[state],
            ),
            show.job,
            lambda row: [row.block, row.job],
            kinds=(int, str),
            filters={**named, "state": state},
            limit=limit,
            cursor=cursor,
        )

    @router.get("/jobs/{job}", tags=["jobs"], responses=inputs.answers(404))
    def show_job(job: inputs.HashPath) -> models.JobAnswer:
        """One job."""
        with source.reading() as (session, at):
            found = listing.get_job(session, job)
            if found is None:
                raise ApiError(404, "this job was never opened here, as far as was read", field="job")
            return models.JobAnswer(at=at, job=show.job(found))


def _events(router: APIRouter, source: Source) -> None:
    def told(
        name: str, event: str | None, subject: str | None, agent: str | None, limit: int, cursor: str | None
    ) -> models.Page[models.Event]:
        return listed(
            source,
            name,
            lambda session, most, before: listing.list_events(
                session, limit=most, before=before, name=event, subject=subject, provider=agent
            ),
            show.event,
            lambda row: [row.block, row.log_index],
            kinds=(int, int),
            filters={"event": event, "subject": subject, "agent": agent},
            limit=limit,
            cursor=cursor,
        )

    @router.get("/events", tags=["events"], responses=inputs.answers())
    def list_events(
        name: inputs.EventName = None,
        subject: inputs.SubjectQuery = None,
        agent: inputs.AddressQuery = None,
        limit: inputs.Limit = 50,
        cursor: inputs.Cursor = None,
    ) -> models.Page[models.Event]:
        """What the escrow said, the newest first.

        `subject`: a job, a committee or an account. `agent`: the provider of the job it is about.
        """
        return told("events", name, subject, agent, limit, cursor)

    @router.get("/verdicts", tags=["jobs"], responses=inputs.answers())
    def list_verdicts(
        job: inputs.HashQuery = None,
        agent: inputs.AddressQuery = None,
        limit: inputs.Limit = 50,
        cursor: inputs.Cursor = None,
    ) -> models.Page[models.Event]:
        """Verdicts, the newest first, with the hash of each signer's evidence."""
        return told("verdicts", "Judged", job, agent, limit, cursor)

    @router.get("/disputes", tags=["jobs"], responses=inputs.answers())
    def list_disputes(
        job: inputs.HashQuery = None,
        agent: inputs.AddressQuery = None,
        limit: inputs.Limit = 50,
        cursor: inputs.Cursor = None,
    ) -> models.Page[models.Event]:
        """Disputes, the newest first; the job says how each ended."""
        return told("disputes", "Disputed", job, agent, limit, cursor)


def _committees(router: APIRouter, source: Source) -> None:
    @router.get("/committees", tags=["committees"], responses=inputs.answers())
    def list_committees(
        evaluator: inputs.AddressQuery = None,
        arbiter: inputs.AddressQuery = None,
        methodology: inputs.HashQuery = None,
        limit: inputs.Limit = 50,
        cursor: inputs.Cursor = None,
    ) -> models.Page[models.Committee]:
        """Committees, by id. `evaluator`: an account that joined: anybody can name it in a committee."""
        return listed(
            source,
            "committees",
            lambda session, most, after: listing.list_committees(
                session,
                limit=most,
                after=None if after is None else after[0],
                evaluator=evaluator,
                arbiter=arbiter,
                methodology=methodology,
            ),
            lambda row: show.committee(*row),
            lambda row: [row[0]],
            kinds=(str,),
            filters={"evaluator": evaluator, "arbiter": arbiter, "methodology": methodology},
            limit=limit,
            cursor=cursor,
        )

    @router.get("/committees/{committee}", tags=["committees"], responses=inputs.answers(404))
    def show_committee(committee: inputs.HashPath) -> models.CommitteeAnswer:
        """One committee with its evaluators."""
        with source.reading() as (session, at):
            found = listing.get_committee(session, committee)
            if found is None:
                raise ApiError(404, "this committee was never created here", field="committee")
            members = listing.list_evaluators(session, limit=100, committee=committee)
            return models.CommitteeAnswer(
                at=at,
                committee=show.committee(committee, *found),
                evaluators=show.evaluators(session, members),
                measurement=source.measured(found[1].methodology),
            )

    @router.get("/evaluators", tags=["committees"], responses=inputs.answers())
    def list_evaluators(
        committee: inputs.HashQuery = None,
        key: inputs.AddressQuery = None,
        limit: inputs.Limit = 50,
        cursor: inputs.Cursor = None,
    ) -> models.Page[models.Evaluator]:
        """Evaluators by committee, with what they were slashed for. `key`: the one they sign with now."""
        return listed(
            source,
            "evaluators",
            lambda session, most, after: show.evaluators(
                session,
                listing.list_evaluators(session, limit=most, after=after, committee=committee, key=key),
            ),
            lambda row: row,
            lambda row: [row.committee, row.index],
            kinds=(str, int),
            filters={"committee": committee, "key": key},
            limit=limit,
            cursor=cursor,
        )


def _documents(router: APIRouter, source: Source) -> None:
    def stored(kind: str, content: Hash) -> models.Stored:
        document: dict[str, Any] | None = public_document(kind, content, source.read_document(content))
        if document is None:
            raise ApiError(404, f"no public {kind} with this hash is kept here", field="hash")
        return models.Stored(hash=content, kind=kind, document=document)

    @router.get("/pacts", tags=["documents"], responses=inputs.answers())
    def list_pacts(
        agent: inputs.AddressQuery = None,
        buyer: inputs.AddressQuery = None,
        committee: inputs.HashQuery = None,
        limit: inputs.Limit = 50,
        cursor: inputs.Cursor = None,
    ) -> models.Page[models.PactLine]:
        """Pacts some job or tab was opened under, by hash. A document names the version before it."""
        parties = {"provider": agent, "buyer": buyer, "committee": committee}
        return listed(
            source,
            "pacts",
            lambda session, most, after: listing.list_pacts(
                session, limit=most, after=None if after is None else after[0], parties=parties
            ),
            lambda row: models.PactLine(
                pact=row.pact, jobs=row.jobs, tabs=row.tabs, first_block=row.first_block
            ),
            lambda row: [row.pact],
            kinds=(str,),
            filters={**parties},
            limit=limit,
            cursor=cursor,
        )

    @router.get("/pacts/{hash}", tags=["documents"], responses=inputs.answers(404))
    def show_pact(hash: inputs.HashPath) -> models.Stored:  # noqa: A002 - the path's word
        """A pact, where its document is kept here."""
        return stored("pact", hash)

    @router.get("/methodologies/{hash}", tags=["documents"], responses=inputs.answers(404))
    def show_methodology(hash: inputs.HashPath) -> models.MethodologyAnswer:  # noqa: A002 - the same
        """How a committee judges, where its document is kept here, and how often its jurors were wrong."""
        found = stored("methodology", hash)
        return models.MethodologyAnswer(
            hash=found.hash, kind=found.kind, document=found.document, measurement=source.measured(hash)
        )

    @router.get("/evidence/{hash}", tags=["documents"], responses=inputs.answers(404))
    def show_record(hash: inputs.HashPath) -> models.Stored:  # noqa: A002 - the same
        """An evaluation record. That of a private delivery is not found: it quotes what was delivered."""
        return stored("evaluation record", hash)
