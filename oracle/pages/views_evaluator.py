"""An evaluator as a page shows it."""

from __future__ import annotations

from starlette.requests import Request

from oracle.api import models, show
from oracle.api.problems import ApiError
from oracle.domain.types import Address, parse_address
from oracle.pages.place import Place
from oracle.pages.text import View
from oracle.score.document import At
from oracle.store import listing


class EvaluatorPage(View):
    """An evaluator in every committee it sits in."""

    at: At
    account: Address
    seats: tuple[models.Evaluator, ...]


def evaluator(place: Place, request: Request) -> EvaluatorPage:
    """The page of one evaluator.

    Raises:
        EarnestError: it never joined a committee.
    """
    address = parse_address(request.path_params["address"], field="the evaluator's address")
    with place.source.reading() as (session, at):
        everyone = show.evaluators(session, listing.list_evaluators(session, limit=10_000))
    seats = tuple(one for one in everyone if one.account == address)
    if not seats:
        raise ApiError(404, "no evaluator with this account ever joined a committee here", field="address")
    return EvaluatorPage(at=at, account=address, seats=seats)
