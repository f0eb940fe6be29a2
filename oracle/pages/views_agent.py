"""An agent as a page shows it."""

from __future__ import annotations

from starlette.requests import Request

from oracle.api.problems import ApiError
from oracle.domain.types import Address
from oracle.pages.place import Place
from oracle.pages.text import View
from oracle.pages.views_jobs import JobLine, job_line
from oracle.score.agent import parse_agent
from oracle.score.document import At
from oracle.store import listing


class AgentPage(View):
    """Everything the page of an agent shows."""

    at: At
    agent: Address
    jobs: tuple[JobLine, ...]


def agent(place: Place, request: Request) -> AgentPage:
    """The page of one agent.

    Raises:
        EarnestError: no job of it was ever opened.
    """
    address, _ = parse_agent(request.path_params["agent"])
    with place.source.reading() as (session, at):
        found = listing.list_jobs(session, limit=50, parties={"provider": address})
    if not found:
        raise ApiError(404, "no job of this agent was ever opened here", field="agent")
    return AgentPage(at=at, agent=address, jobs=tuple(job_line(place, one) for one in found))
