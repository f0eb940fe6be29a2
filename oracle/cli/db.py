"""`oracle db`: the database's schema, copies of it, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import rich_click as click

from oracle.cli.output import json_option, print_json
from oracle.cli.run import config_option
from oracle.config import load_settings
from oracle.store import backup as copies
from oracle.store import schema
from oracle.store.database import Database
from oracle.store.holds import release_holds


@click.group()
def db() -> None:
    """Bring the database to the version this program needs; back it up and restore it."""


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
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
@config_option
@json_option
def backup(target: Path, config: Path, *, as_json: bool) -> None:
    """Copy the database to TARGET, a new file, while the daemon may run."""
    copies.backup(load_settings(config).database_url(), target)
    if as_json:
        print_json({"backup": str(target), "bytes": target.stat().st_size})
    else:
        click.echo(f"{target}: {target.stat().st_size} bytes. Evidence needs a backup of its own.")


@db.command()
@click.argument("source", type=click.Path(path_type=Path, dir_okay=False))
@config_option
@json_option
def restore(source: Path, config: Path, *, as_json: bool) -> None:
    """Put the copy SOURCE in place of a database that is empty or gone.

    What was signed after the copy was made is not in its journal. So nothing new will be signed for
    deliveries from before the next start, until you run `oracle db release-signing`.
    """
    before, after = copies.restore(load_settings(config).database_url(), source)
    if as_json:
        print_json({"restored": str(source), "before": before, "after": after})
        return
    click.echo(f"Restored from {source} of revision {before}, now at {after}.")
    click.echo("Signing is held back for deliveries from before the next start: docs/databases.md says why.")


@db.command("release-signing")
@click.option(
    "--nothing-was-signed-since",
    is_flag=True,
    help="You know that no key signed anything after the backup was made.",
)
@config_option
@json_option
def release_signing(config: Path, *, nothing_was_signed_since: bool, as_json: bool) -> None:
    """Sign again for deliveries from before a restore.

    A second, different attestation of a key costs its stake. Do this only where the lost database signed
    nothing after the backup was made: its log has no `attested` after that time.
    """
    if not nothing_was_signed_since:
        raise click.UsageError("add --nothing-was-signed-since if no `attested` was logged after the backup")
    with _database(config) as database, database.write() as session:
        ended = release_holds(session)
    if as_json:
        print_json({"released": ended})
    else:
        click.echo(f"{ended} hold(s) released.")


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
