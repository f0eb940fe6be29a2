"""A pact as a page shows it: what is promised, how it is measured, and how jobs under it ended."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request

from oracle.api.problems import ApiError
from oracle.domain.types import Hash, parse_hash
from oracle.pact.document import Pact
from oracle.pages.place import Place
from oracle.pages.text import Line, Prose, View
from oracle.pages.views_checks import Checks, checks
from oracle.pages.views_jobs import JobLine, job_line
from oracle.pages.views_record import LOOKED_AT, outcomes
from oracle.score.document import At
from oracle.store import listing

_JOBS: Final = 20


class Document(View):
    """What a pact's document says beside its conditions. `pass_share` in thousandths."""

    name: Line
    version: int
    parent: Hash | None
    title: Line
    summary: Prose
    pass_share: int
    counted: int
    hands_over: tuple[Line, ...]
    given: int
    human_help: str
    rescue_work: str


class PactPage(View):
    """A pact with the last jobs opened under it. `document`: None where it is not kept here."""

    at: At
    pact: Hash
    document: Document | None
    checks: Checks | None
    outcomes: tuple[tuple[str, int], ...]
    looked_at: int
    jobs: tuple[JobLine, ...]


def pact(place: Place, request: Request) -> PactPage:
    """The page of one pact.

    Raises:
        EarnestError: no job was opened under it, and its document is not kept here.
    """
    id_ = parse_hash(request.path_params["pact"], field="the pact's hash")
    found = place.pact(id_)
    with place.source.reading() as (session, at):
        jobs = listing.list_jobs(session, limit=LOOKED_AT, parties={"pact": id_})
    if not jobs and found is None:
        raise ApiError(404, "no job was opened under this pact, and its document is not kept here")
    return PactPage(
        at=at,
        pact=id_,
        document=None if found is None else document_of(found),
        checks=checks(found, []),
        outcomes=outcomes(jobs),
        looked_at=len(jobs),
        jobs=tuple(job_line(place, one) for one in jobs[:_JOBS]),
    )


def document_of(found: Pact) -> Document:
    """A pact's document in the page's words."""
    return Document(
        name=found.name,
        version=found.version,
        parent=found.parent,
        title=found.title,
        summary=found.summary,
        pass_share=found.threshold.pass_share_bps // 10,
        counted=sum(condition.severity.value != "critical" for condition in found.conditions),
        hands_over=tuple(entry.path for entry in found.evidence),
        given=len(found.materials),
        human_help=found.declares.human_help,
        rescue_work=found.declares.rescue_work,
    )
