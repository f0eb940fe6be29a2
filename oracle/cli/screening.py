"""`oracle screening`: results of public benchmarks, shown beside an agent's score and never in it."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import rich_click as click

from oracle.cli.opened import opened, reading
from oracle.cli.output import json_option, print_json
from oracle.cli.run import config_option
from oracle.config import load_settings
from oracle.domain.errors import EarnestError
from oracle.score.agent import parse_agent
from oracle.store import screening as store
from oracle.store.screening import Screening

_LONGEST = {"benchmark": 200, "result": 200, "source": 2_000, "scope": 2_000}
_MOST = 200


class ScreeningError(EarnestError):
    """A result that cannot be shown as what it is."""


@click.group()
def screening() -> None:
    """Attach results of public benchmarks to an agent, with source, date and scope.

    They are shown as what they are. No score, no coverage and no policy reads them.
    """


@screening.command()
@click.argument("agent")
@click.option("--benchmark", required=True, help="Its name and version.")
@click.option("--result", required=True, help="As the source writes it.")
@click.option("--source", required=True, help="An https address where it can be looked up.")
@click.option("--date", "measured_on", required=True, help="The day it was measured, YYYY-MM-DD.")
@click.option("--scope", required=True, help="What was measured, and what was not.")
@config_option
@json_option
def add(
    *,
    agent: str,
    benchmark: str,
    result: str,
    source: str,
    measured_on: str,
    scope: str,
    config: Path,
    as_json: bool,
) -> None:
    """Attach a result to AGENT: a provider's ADDRESS, or ADDRESS:ID with an ERC-8004 id."""
    provider, agent_id = parse_agent(agent)
    told = {"benchmark": benchmark, "result": result, "source": source, "scope": scope}
    for field, text in told.items():
        if not 0 < len(text.strip()) <= _LONGEST[field] or not text.isprintable():
            raise ScreeningError(
                f"{field} is empty, has more than {_LONGEST[field]} characters, or unprintable ones",
                field=field,
            )
    _check_source(source)
    one = Screening(0, provider, agent_id, benchmark, result, source, _day(measured_on), scope, time.time())
    with opened(load_settings(config)) as database, database.write() as session:
        number = store.add(session, one)
    if as_json:
        print_json({"id": number})
    else:
        click.echo(f"{number}: {benchmark}, {result}. Shown under /v1/agents/{provider}/screening.")


@screening.command(name="list")
@click.argument("agent")
@config_option
@json_option
def list_(agent: str, config: Path, *, as_json: bool) -> None:
    """Show what is attached to AGENT."""
    provider, _ = parse_agent(agent)
    with reading(load_settings(config)) as session:
        found = store.of_agent(session, provider, limit=_MOST)
    if as_json:
        print_json({"items": [_shown(one) for one in found]})
        return
    for one in found:
        click.echo(f"{one.id}: {one.benchmark}, {one.result}, {one.measured_on}, {one.source}")
        click.echo(f"  {one.scope}")


@screening.command()
@click.argument("number", type=int)
@config_option
@json_option
def remove(number: int, config: Path, *, as_json: bool) -> None:
    """Take the result NUMBER away."""
    with opened(load_settings(config)) as database, database.write() as session:
        if not store.remove(session, number):
            raise ScreeningError(f"there is no result {number}", field="number")
    if as_json:
        print_json({"removed": number})
    else:
        click.echo(f"{number} is gone.")


def _check_source(source: str) -> None:
    try:
        parts = urlsplit(source)
    except ValueError as error:
        raise ScreeningError("source is not a URL", field="source") from error
    if parts.scheme != "https" or not parts.hostname or parts.username is not None:
        raise ScreeningError(
            "source is not an https address without credentials",
            field="source",
            next_step="name the page that publishes the result",
        )


def _day(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise ScreeningError(
            f"date is {text[:40]!r}, not a day", field="date", next_step="write it like 2026-11-21"
        ) from error
    return day.isoformat()


def _shown(one: Screening) -> dict[str, Any]:
    return {
        "id": one.id,
        "agent": one.agent,
        "agent_id": None if one.agent_id is None else str(one.agent_id),
        "benchmark": one.benchmark,
        "result": one.result,
        "source": one.source,
        "measured_on": one.measured_on,
        "scope": one.scope,
    }
