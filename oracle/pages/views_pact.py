"""A pact as a page shows it."""

from __future__ import annotations

from starlette.requests import Request

from oracle.api.problems import ApiError
from oracle.domain.types import Hash, parse_hash
from oracle.pages.place import Place
from oracle.pages.text import Line, View
from oracle.pages.views_jobs import JobLine, job_line
from oracle.score.document import At
from oracle.store import listing


class PactPage(View):
    """A pact with the jobs opened under it."""

    at: At
    pact: Hash
    title: Line | None
    jobs: tuple[JobLine, ...]


def pact(place: Place, request: Request) -> PactPage:
    """The page of one pact.

    Raises:
        EarnestError: no job was opened under it, and its document is not kept here.
    """
    id_ = parse_hash(request.path_params["pact"], field="the pact's hash")
    document = place.pact(id_)
    with place.source.reading() as (session, at):
        found = listing.list_jobs(session, limit=50, parties={"pact": id_})
    if not found and document is None:
        raise ApiError(404, "no job was opened under this pact, and its document is not kept here")
    return PactPage(
        at=at,
        pact=id_,
        title=None if document is None else document.title,
        jobs=tuple(job_line(place, one) for one in found),
    )
