"""Committees as pages show them."""

from __future__ import annotations

from starlette.requests import Request

from oracle.api import models, show
from oracle.api.problems import ApiError
from oracle.domain.types import parse_hash
from oracle.pages.place import Place
from oracle.pages.text import View
from oracle.score.document import At
from oracle.store import listing


class CommitteePage(View):
    """A committee with its evaluators."""

    at: At
    committee: models.Committee
    evaluators: tuple[models.Evaluator, ...]


class CommitteesPage(View):
    """All committees."""

    at: At
    committees: tuple[models.Committee, ...]


def committees(place: Place, request: Request) -> CommitteesPage:  # noqa: ARG001 - every page is asked alike
    """The page of all committees."""
    with place.source.reading() as (session, at):
        found = listing.list_committees(session, limit=100)
    return CommitteesPage(at=at, committees=tuple(show.committee(*row) for row in found))


def committee(place: Place, request: Request) -> CommitteePage:
    """The page of one committee.

    Raises:
        EarnestError: no such committee.
    """
    id_ = parse_hash(request.path_params["committee"], field="the committee's id")
    with place.source.reading() as (session, at):
        found = listing.get_committee(session, id_)
        if found is None:
            raise ApiError(404, "this committee was never created here", field="committee")
        members = listing.list_evaluators(session, limit=100, committee=id_)
        return CommitteePage(
            at=at, committee=show.committee(id_, *found), evaluators=show.evaluators(session, members)
        )
