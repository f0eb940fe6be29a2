"""The directory of agents as a page shows it."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request

from oracle.api.lists import page, start
from oracle.domain.amounts import AmountError, format_usdc, parse_usdc
from oracle.domain.errors import EarnestError
from oracle.domain.types import Address, Hash, parse_hash
from oracle.pages.place import Place
from oracle.pages.text import Line, View
from oracle.score.document import At
from oracle.store import listing, standings
from oracle.store.standings import AgentFilter, Order, Standing

LINES: Final = 50  # agents on a page
_MOST_PACTS = 2  # of an agent, in its line
_DAY = 86_400
_LONGEST = 200  # characters of a field
ORDERS: Final = {
    Order.SCORE: "Best score",
    Order.CAP: "Largest bond shown",
    Order.FRESH: "Last to pass",
    Order.PRICE: "Lowest price",
    Order.AGENT: "Address",
}
DAYS: Final = ("7", "30", "90")


class FormError(EarnestError):
    """A field of the form cannot be read."""


class Named(View):
    """A pact by its title, where its document is kept."""

    pact: Hash
    title: Line | None


class AgentLine(View):
    """An agent in the directory. Amounts are base units; `cap` is the largest bond shown lately."""

    agent: Address
    score: int | None
    lower: int
    upper: int
    cap: int
    price: int
    last_pass: int | None
    jobs: int
    running: int
    pacts: tuple[Named, ...]
    more_pacts: int


class Asked(View):
    """The form as it was filled in."""

    q: Line = ""
    pact: Line = ""
    score: Line = ""
    cap: Line = ""
    price: Line = ""
    passed: Line = ""
    sort: Line = Order.SCORE.value


class DirectoryPage(View):
    """Agents, a page of them. `problem`: what of the form cannot be read."""

    at: At
    asked: Asked
    problem: Line | None
    field: str | None
    agents: tuple[AgentLine, ...]
    pacts: tuple[Named, ...]
    orders: tuple[tuple[str, str], ...]
    more: str | None
    is_first: bool
    is_filtered: bool


def directory(place: Place, request: Request) -> DirectoryPage:
    """The page of all agents."""
    given = {
        name: request.query_params.get(name, "").strip()[:_LONGEST]
        for name in ("q", "pact", "score", "cap", "price", "passed", "sort")
    }
    asked = Asked(**{name: value for name, value in given.items() if value})
    cursor = request.query_params.get("cursor") or None
    with place.source.reading() as (session, at):
        choices = tuple(Named(pact=one, title=place.pact_title(one)) for one in place.pacts(session))
        problem: FormError | None = None
        rows: list[Standing] = []
        wanted, order = AgentFilter(), Order.SCORE
        try:
            wanted, order = _wanted(asked, at.time), _order(asked.sort)
        except FormError as error:
            problem = error
        # A cursor is good for what was asked, not for the second it was asked in.
        filters: dict[str, object] = {**asdict(replace(wanted, passed_since=None)), "passed": asked.passed}
        filters["order"] = order.value
        if problem is None:
            after = start(cursor, "directory", filters, int, str)
            rows = standings.list_standings(session, wanted, limit=LINES + 1, order=order, after=after)
        found = page(
            at,
            rows,
            lambda row: row.agent,
            limit=LINES,
            name="directory",
            filters=filters,
            place=lambda row: [standings.rank_of(row, order), row.agent],
        )
        used = listing.pacts_of_all(session, [row.agent for row in rows[:LINES]])
    return DirectoryPage(
        at=at,
        asked=asked,
        problem=None if problem is None else problem.message,
        field=None if problem is None else problem.field,
        agents=tuple(agent_line(place, row, used.get(row.agent, [])) for row in rows[:LINES]),
        pacts=choices,
        orders=tuple((one.value, words) for one, words in ORDERS.items()),
        more=None if found.next is None else _again(given, found.next),
        is_first=cursor is None,
        is_filtered=any(value for name, value in given.items() if name != "sort"),
    )


def agent_line(place: Place, row: Standing, pacts: list[Hash]) -> AgentLine:
    """An agent in the directory."""
    return AgentLine(
        agent=row.agent,
        score=row.score,
        lower=row.lower,
        upper=row.upper,
        cap=row.cap,
        price=row.price,
        last_pass=row.last_pass,
        jobs=row.jobs,
        running=row.running,
        pacts=tuple(Named(pact=one, title=place.pact_title(one)) for one in pacts[:_MOST_PACTS]),
        more_pacts=max(0, len(pacts) - _MOST_PACTS),
    )


def _again(given: dict[str, str], cursor: str) -> str:
    return "/?" + urlencode({**{name: value for name, value in given.items() if value}, "cursor": cursor})


def _order(sort: str) -> Order:
    try:
        return Order(sort)
    except ValueError as error:
        raise FormError("agents cannot be sorted by that", field="sort") from error


def _wanted(asked: Asked, now: int) -> AgentFilter:
    """What a filled-in form asks for.

    Raises:
        FormError: a field cannot be read.
    """
    return AgentFilter(
        pact=_hash(asked.pact),
        min_score=_score(asked.score),
        min_cap=_usdc("cap", asked.cap),
        max_price=_usdc("price", asked.price),
        passed_since=_since(asked.passed, now),
        between=_between(asked.q),
    )


def _hash(text: str) -> Hash | None:
    if not text:
        return None
    try:
        return parse_hash(text, field="pact")
    except EarnestError as error:
        raise FormError("the pact is not a hash: choose one of the list", field="pact") from error


def _score(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 3):
        raise FormError("the lowest score is a whole number from 0 to 999", field="score")
    return int(text)


def _usdc(field: str, text: str) -> int | None:
    if not text:
        return None
    try:
        return min(parse_usdc(text, field=field), 2**63 - 1)
    except AmountError as error:
        raise FormError(
            f'{field} is not an amount: write it like "{format_usdc(250_000_000)}"', field=field
        ) from error


def _since(text: str, now: int) -> int | None:
    if not text:
        return None
    if text not in DAYS:
        raise FormError(f"the last pass was within {', '.join(DAYS)} days, or any time", field="passed")
    return max(0, now - int(text) * _DAY)


def _between(text: str) -> tuple[Address, Address] | None:
    digits = text.lower().removeprefix("0x").split("…", 1)[0]
    if not digits:
        return None
    if len(digits) > 40 or not set(digits) <= set("0123456789abcdef"):
        raise FormError("search takes an address or how one begins: 0x and hex digits", field="q")
    return "0x" + digits.ljust(40, "0"), "0x" + digits.ljust(40, "f")
