"""`oracle status`: where the daemon is, and what it has to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click
from sqlalchemy.orm import Session

from oracle.cli.output import json_option, print_json
from oracle.cli.run import config_option
from oracle.config import load_settings
from oracle.store import chain, jobs, outbox
from oracle.store.database import Database
from oracle.store.schema import require_current

_SHOWN = 20  # newest transactions shown


@click.command()
@config_option
@json_option
def status(config: Path, *, as_json: bool) -> None:
    """Show how far the chain was read, how many jobs are in each state, and the newest transactions.

    Reads the database only: works while the daemon runs, and while it does not.
    """
    database = Database(load_settings(config).database_url())
    try:
        database.check()
        require_current(database)
        with database.read() as session:
            found = _status(session)
    finally:
        database.close()
    if as_json:
        print_json(found)
        return
    block = found["block"]
    click.echo(f"Block   {block if block is not None else 'none read yet'}")
    counts = ", ".join(f"{count} {state}" for state, count in found["jobs"].items())
    click.echo(f"Jobs    {counts or 'none'}")
    for entry in found["transactions"]:
        click.echo(
            f"{entry['standing']:8}{entry['purpose']:8}{entry['job'] or '':68}"
            f"nonce {entry['nonce'] if entry['nonce'] is not None else '-'}"
            + (f"  {entry['error']}" if entry["error"] else "")
        )


def _status(session: Session) -> dict[str, Any]:
    cursor = chain.cursor(session)
    return {
        "block": None if cursor is None else cursor.number,
        "block_hash": None if cursor is None else cursor.hash,
        "jobs": {state.word: count for state, count in sorted(jobs.count_by_state(session).items())},
        "transactions": [
            {
                "standing": standing,
                "purpose": entry.call.purpose.value,
                "job": entry.call.subject,
                "nonce": entry.nonce,
                "tries": entry.tries,
                "error": entry.error,
            }
            for entry, standing in outbox.list_entries(session, limit=_SHOWN)
        ],
    }
