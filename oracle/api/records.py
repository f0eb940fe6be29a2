"""Routes about jobs, what happened to them, who judged them, and by which documents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query

from oracle.api import inputs, models, show
from oracle.api.documents import public_document
from oracle.api.problems import ApiError
from oracle.api.source import Source
from oracle.domain.types import Hash
from oracle.store import listing
from oracle.store.listing import ListedEvent


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
        filters: dict[str, object] = {**named, "state": state}
        before = inputs.start(cursor, "jobs", filters, int, str)
        with source.reading() as (session, at):
            rows = listing.list_jobs(
                session,
                limit=limit + 1,
                before=before,
                parties=named,
                state=None if state is None else inputs.STATES[state],
            )
            return inputs.page(
                at,
                rows,
                show.job,
                limit=limit,
                name="jobs",
                filters=filters,
                place=lambda row: [row.block, row.job],
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
    def listed(
        name: str, event: str | None, subject: str | None, limit: int, cursor: str | None
    ) -> models.Page[models.Event]:
        filters: dict[str, object] = {"event": event, "subject": subject}
        before = inputs.start(cursor, name, filters, int, int)
        with source.reading() as (session, at):
            rows = listing.list_events(session, limit=limit + 1, before=before, name=event, subject=subject)
            place: Callable[[ListedEvent], list[int | str]] = lambda row: [row.block, row.log_index]  # noqa: E731
            return inputs.page(at, rows, show.event, limit=limit, name=name, filters=filters, place=place)

    @router.get("/events", tags=["events"], responses=inputs.answers())
    def list_events(
        name: inputs.EventName = None,
        subject: inputs.SubjectQuery = None,
        limit: inputs.Limit = 50,
        cursor: inputs.Cursor = None,
    ) -> models.Page[models.Event]:
        """Everything the escrow said, the newest first. `subject`: a job, a committee or an account."""
        return listed("events", name, subject, limit, cursor)

    @router.get("/verdicts", tags=["jobs"], responses=inputs.answers())
    def list_verdicts(
        job: inputs.HashQuery = None, limit: inputs.Limit = 50, cursor: inputs.Cursor = None
    ) -> models.Page[models.Event]:
        """Verdicts, the newest first, with the hash of each signer's evidence."""
        return listed("verdicts", "Judged", job, limit, cursor)

    @router.get("/disputes", tags=["jobs"], responses=inputs.answers())
    def list_disputes(
        job: inputs.HashQuery = None, limit: inputs.Limit = 50, cursor: inputs.Cursor = None
    ) -> models.Page[models.Event]:
        """Disputes, the newest first; the job says how each ended."""
        return listed("disputes", "Disputed", job, limit, cursor)


def _committees(router: APIRouter, source: Source) -> None:
    @router.get("/committees", tags=["committees"], responses=inputs.answers())
    def list_committees(
        limit: inputs.Limit = 50, cursor: inputs.Cursor = None
    ) -> models.Page[models.Committee]:
        """Committees, by id."""
        after = inputs.start(cursor, "committees", {}, str)
        with source.reading() as (session, at):
            rows = listing.list_committees(
                session, limit=limit + 1, after=None if after is None else after[0]
            )
            return inputs.page(
                at,
                rows,
                lambda row: show.committee(*row),
                limit=limit,
                name="committees",
                filters={},
                place=lambda row: [row[0]],
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
            )

    @router.get("/evaluators", tags=["committees"], responses=inputs.answers())
    def list_evaluators(
        committee: inputs.HashQuery = None, limit: inputs.Limit = 50, cursor: inputs.Cursor = None
    ) -> models.Page[models.Evaluator]:
        """Evaluators by committee, with what they were slashed for."""
        filters: dict[str, object] = {"committee": committee}
        after = inputs.start(cursor, "evaluators", filters, str, int)
        with source.reading() as (session, at):
            rows = listing.list_evaluators(session, limit=limit + 1, after=after, committee=committee)
            shown = show.evaluators(session, rows)
            return inputs.page(
                at,
                shown,
                lambda row: row,
                limit=limit,
                name="evaluators",
                filters=filters,
                place=lambda row: [row.committee, row.index],
            )


def _documents(router: APIRouter, source: Source) -> None:
    def stored(kind: str, content: Hash) -> models.Stored:
        document: dict[str, Any] | None = public_document(kind, content, source.read_document(content))
        if document is None:
            raise ApiError(404, f"no public {kind} with this hash is kept here", field="hash")
        return models.Stored(hash=content, kind=kind, document=document)

    @router.get("/pacts", tags=["documents"], responses=inputs.answers())
    def list_pacts(limit: inputs.Limit = 50, cursor: inputs.Cursor = None) -> models.Page[models.PactLine]:
        """Pacts some job was opened under, by hash. A pact's document names the version before it."""
        after = inputs.start(cursor, "pacts", {}, str)
        with source.reading() as (session, at):
            rows = listing.count_by(
                session, "pact", limit=limit + 1, after=None if after is None else after[0]
            )
            return inputs.page(
                at,
                rows,
                lambda row: models.PactLine(pact=row.key, jobs=row.jobs, first_block=row.first_block),
                limit=limit,
                name="pacts",
                filters={},
                place=lambda row: [row.key],
            )

    @router.get("/pacts/{hash}", tags=["documents"], responses=inputs.answers(404))
    def show_pact(hash: inputs.HashPath) -> models.Stored:  # noqa: A002 - the path's word
        """A pact, where its document is kept here."""
        return stored("pact", hash)

    @router.get("/methodologies/{hash}", tags=["documents"], responses=inputs.answers(404))
    def show_methodology(hash: inputs.HashPath) -> models.Stored:  # noqa: A002 - the same
        """How a committee judges, where its document is kept here."""
        return stored("methodology", hash)

    @router.get("/evidence/{hash}", tags=["documents"], responses=inputs.answers(404))
    def show_record(hash: inputs.HashPath) -> models.Stored:  # noqa: A002 - the same
        """An evaluation record. That of a private delivery is not found: it quotes what was delivered."""
        return stored("evaluation record", hash)
