"""`oracle status`: where the daemon is, and what it has to do."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import rich_click as click
from sqlalchemy.orm import Session

from oracle.cli.opened import reading
from oracle.cli.output import json_option, print_json
from oracle.cli.run import config_option
from oracle.cli.tx import entry_json, entry_line
from oracle.config import load_settings
from oracle.store import history, overview

_SHOWN = 20  # newest transactions shown


@click.command()
@config_option
@json_option
def status(config: Path, *, as_json: bool) -> None:
    """Show how far the chain was read, how many jobs are in each state, and the newest transactions.

    Reads the database only: works while the daemon runs, and while it does not.
    """
    with reading(load_settings(config)) as session:
        found = _status(session)
        newest = history.outbox_entries(session, limit=_SHOWN)
    if as_json:
        print_json(found | {"transactions": [entry_json(entry) for entry in newest]})
        return
    block, age = found["block"], found["block_age"]
    click.echo(f"Block         {'none read yet' if block is None else f'{block}, {age:.0f} s old'}")
    for name, title in (
        ("jobs", "Jobs"),
        ("evaluations", "Evaluations"),
        ("outbox", "Outbox"),
        ("incidents", "Incidents"),
    ):
        counts = ", ".join(f"{count} {state}" for state, count in found[name].items())
        click.echo(f"{title:14}{counts or 'none'}")
    click.echo(f"Signed        {found['signed']} attestations by the keys of this store")
    for entry in newest:
        click.echo(entry_line(entry))


def _status(session: Session) -> dict[str, Any]:
    seen = overview.overview(session)
    return {
        "block": seen.block,
        "block_hash": seen.block_hash,
        "block_age": None if seen.block_time is None else max(0.0, round(time.time() - seen.block_time, 1)),
        "jobs": seen.jobs,
        "evaluations": seen.evaluations,
        "outbox": seen.outbox,
        "signed": seen.signed,
        "incidents": seen.incidents,
    }
