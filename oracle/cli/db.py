"""`oracle db`: the database's schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import rich_click as click

from oracle.cli.output import json_option, print_json
from oracle.cli.run import config_option
from oracle.config import load_settings
from oracle.store import schema
from oracle.store.database import Database


@click.group()
def db() -> None:
    """Bring the database to the version this program needs."""


@db.command()
@config_option
@json_option
def upgrade(config: Path, *, as_json: bool) -> None:
    """Make the tables, or migrate them. Doing it again changes nothing."""
    with _database(config) as database:
        before, after = schema.upgrade(database)
    if as_json:
        print_json({"before": before, "after": after})
    elif before == after:
        click.echo(f"{database.shown} is at revision {after} already.")
    else:
        click.echo(f"{database.shown}: from {before or 'nothing'} to revision {after}.")


@db.command()
@config_option
@json_option
def version(config: Path, *, as_json: bool) -> None:
    """Show the database's revision and the one this program needs."""
    with _database(config) as database:
        has, needs = schema.current(database), schema.needed()
    if as_json:
        print_json({"has": has, "needs": needs})
    else:
        click.echo(f"{database.shown} is at revision {has or 'none'}; this program needs {needs}.")


@contextmanager
def _database(config: Path) -> Iterator[Database]:
    database = Database(load_settings(config).database_url())
    try:
        database.check()
        yield database
    finally:
        database.close()
