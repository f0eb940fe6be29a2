"""`oracle tab show`: where a tab stands, and what happened to it."""

from __future__ import annotations

from dataclasses import asdict, fields
from enum import IntEnum
from typing import Any

import rich_click as click

from oracle.chain.tabs import TabView
from oracle.cli.chain import ChainOptions, chain_options
from oracle.cli.output import json_option, print_json
from oracle.cli.tab_follows import follows_as_json, print_follows, what_follows
from oracle.cli.tab_found import FoundTab, find_tab
from oracle.cli.values import HASH
from oracle.domain.amounts import format_usdc
from oracle.domain.fields import show_time
from oracle.domain.tab_events import PeriodJudged, PeriodSettled, Presented
from oracle.domain.tab_terms import Phase
from oracle.domain.types import Hash, checksum

_AMOUNTS = frozenset({"balance", "settled_amount", "amount", "payable"})


@click.command()
@click.argument("tab", type=HASH)
@chain_options()
@json_option
def show(*, tab: Hash, chain: ChainOptions, as_json: bool) -> None:
    """Say where TAB stands, what was settled, what comes next, and who gets how much if nobody acts.

    The last is what the lens on tabs says, where the deployment has one (companion TabLens).
    """
    with chain.connect() as connection:
        found = find_tab(connection, tab)
        follows = what_follows(connection, found)
        now = connection.now()
    if as_json:
        print_json(
            {
                "tab": tab,
                "terms": {name: _plain(value) for name, value in asdict(found.terms).items()},
                "state": {each.name: _state(found.view, each.name) for each in fields(found.view)},
                "periods": [_period(event) for event in _settled(found)],
                "next": next_step(found, now),
                "if_nobody_acts": follows_as_json(follows),
            }
        )
        return
    terms, view = found.terms, found.view
    for label, value in (
        ("buyer", checksum(terms.buyer)),
        ("provider", checksum(terms.provider)),
        ("committee", terms.committee),
        ("pact", found.agreement.opening.pact),
        ("phase", view.phase.name.lower() + (", notice was given" if view.closing else "")),
        ("balance", f"{format_usdc(view.balance)} of a deposit of {format_usdc(terms.deposit)}"),
        ("credit", format_usdc(terms.credit)),
        ("bond", format_usdc(terms.bond)),
        ("settled", f"{view.settled_count:,} interactions, {format_usdc(view.settled_amount)}"),
        ("periods", f"{view.period} of at most {terms.periods}"),
    ):
        click.echo(f"{label:>10}  {value}")
    for event in found.history:
        line = _line(event.event)
        if line is not None:
            click.echo(f"{'block':>10}  {event.block_number}: {line}")
    click.echo(f"{'next':>10}  {next_step(found, now)}")
    print_follows(follows, now)


def next_step(found: FoundTab, now: int) -> str:
    """What may happen next, and when."""
    view, terms = found.view, found.terms
    match view.phase:
        case Phase.OPEN:
            if now >= view.end:
                return f"close it: oracle tab close {found.id}"
            if now < view.begin:
                return f"a period may be presented from {show_time(view.begin)} on"
            return "a period may be presented: oracle tab export, then oracle tab present"
        case Phase.PRESENTED:
            judge_by = view.deadline + terms.verdict
            if now < view.deadline:
                return f"a higher count may replace the tally until {show_time(view.deadline)}"
            if now < judge_by:
                return f"the committee judges it before {show_time(judge_by)}"
            return f"nobody judged it: oracle tab settle {found.id}"
        case Phase.JUDGED:
            if now < view.deadline:
                return f"it can be disputed until {show_time(view.deadline)}"
            return f"oracle tab settle {found.id}"
        case Phase.DISPUTED:
            return f"the arbiter rules before {show_time(view.deadline)}"
        case Phase.RULED | Phase.OWING:
            return f"oracle tab settle {found.id}"
        case _:
            return "nothing: it is closed" if view.phase is Phase.CLOSED else "nothing: it is not open"


def _settled(found: FoundTab) -> list[PeriodSettled]:
    return [each.event for each in found.history if isinstance(each.event, PeriodSettled)]


def _period(event: PeriodSettled) -> dict[str, Any]:
    return {
        "period": event.period,
        "outcome": event.outcome.word,
        "payable": str(event.payable),
        "paid": str(event.paid),
    }


def _line(event: object) -> str | None:
    match event:
        case Presented():
            return (
                f"period {event.period} presented: {event.count:,} calls, {format_usdc(event.amount)} in all"
            )
        case PeriodJudged():
            return f"period {event.period} judged {event.outcome.word}, payable {format_usdc(event.payable)}"
        case PeriodSettled():
            return f"period {event.period} settled {event.outcome.word}, paid {format_usdc(event.paid)}"
        case _:
            return None


def _state(view: TabView, name: str) -> Any:
    value = getattr(view, name)
    return str(value) if name in _AMOUNTS else _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, IntEnum):
        return value.name.lower()
    return value
