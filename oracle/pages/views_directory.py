"""The directory of agents as a page shows it."""

from __future__ import annotations

from starlette.requests import Request

from oracle.domain.types import Address
from oracle.pages.place import Place
from oracle.pages.text import View
from oracle.score.document import At
from oracle.store import listing


class AgentLine(View):
    """An agent in the directory."""

    agent: Address
    jobs: int


class DirectoryPage(View):
    """Agents, a page of them."""

    at: At
    agents: tuple[AgentLine, ...]


def directory(place: Place, request: Request) -> DirectoryPage:  # noqa: ARG001 - every page is asked alike
    """The page of all agents."""
    with place.source.reading() as (session, at):
        found = listing.count_by(session, "provider", limit=50)
    return DirectoryPage(at=at, agents=tuple(AgentLine(agent=row.key, jobs=row.jobs) for row in found))
