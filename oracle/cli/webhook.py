"""`oracle webhook`: who is told of changes, and how that goes."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rich_click as click

from oracle.api.signing import ResponseKey
from oracle.cli.opened import opened
from oracle.cli.output import FOUND_PROBLEMS_EXIT_CODE, json_option, print_json
from oracle.cli.run import config_option
from oracle.cli.values import ADDRESS
from oracle.config import Settings, load_settings
from oracle.configuration.base import ConfigError
from oracle.domain.errors import EarnestError
from oracle.domain.types import ZERO_HASH, Address
from oracle.store import feed
from oracle.store import webhooks as store
from oracle.store.database import Database
from oracle.store.webhooks import Webhook
from oracle.webhooks.changes import ChangeKind, make_change, message_id
from oracle.webhooks.sending import NotTakenError, Sender, way_of
from oracle.webhooks.signing import WebhookKeys

_LONGEST_URL = 2_000
_MOST_AGENTS = 1_000
_KINDS = [kind.value for kind in ChangeKind]


class UnknownWebhookError(EarnestError):
    """No subscription has this id."""


@click.group()
def webhook() -> None:
    """Have changes sent to an address of yours, signed, until they are taken.

    The daemon sends them, where its configuration has [api]. docs/api.md says what they look like.
    """


@webhook.command()
@click.argument("url")
@click.option(
    "--kind",
    "kinds",
    type=click.Choice(_KINDS),
    multiple=True,
    metavar="KIND",
    help=f"What to tell: {', '.join(_KINDS)}; all by default. Give it once for each.",
)
@click.option("--agent", "agents", type=ADDRESS, multiple=True, help="Only of these agents; all by default.")
@config_option
@json_option
def add(
    url: str, kinds: tuple[str, ...], agents: tuple[Address, ...], config: Path, *, as_json: bool
) -> None:
    """Send changes from now on to URL. Shows the secret that deliveries are signed with."""
    if len(url) > _LONGEST_URL or not url.isprintable():
        raise ConfigError(
            f"the URL has more than {_LONGEST_URL} characters, or unprintable ones", field="url"
        )
    if len(agents) > _MOST_AGENTS:
        raise ConfigError(f"more than {_MOST_AGENTS} agents", field="agent", next_step="name none, for all")
    with _hooks(config) as (settings, database, keys):
        way_of(settings.webhooks).check(url)
        made = Webhook(
            "wh_" + secrets.token_hex(12),
            url,
            frozenset(kinds or _KINDS),
            frozenset(agents),
            time.time(),
            None,
        )
        with database.write() as session:
            feed.begin(session)
            store.add(session, made)
        secret = keys.secret(made.id)
    if as_json:
        print_json({"id": made.id, "secret": secret, "key": keys.public})
        return
    click.echo(f"{made.id} is told of {', '.join(sorted(made.kinds))}.")
    click.echo(f"Secret: {secret}")
    click.echo("Check deliveries with it (Standard Webhooks); `oracle webhook secret` shows it again.")


@webhook.command(name="list")
@config_option
@json_option
def list_(config: Path, *, as_json: bool) -> None:
    """Show who is told, what is due, taken and dead, and the last error."""
    with _hooks(config) as (_settings, database, _keys), database.read() as session:
        found = [(one, store.tally(session, one.id)) for one in store.every(session)]
    if as_json:
        print_json({"webhooks": [_told(one, tally) for one, tally in found]})
        return
    if not found:
        click.echo("Nobody is told. Next: oracle webhook add URL")
    for one, tally in found:
        click.echo(f"{one.id}  {one.url}")
        whom = f"{len(one.agents)} agents" if one.agents else "all agents"
        click.echo(f"  {', '.join(sorted(one.kinds))} of {whom}")
        click.echo(f"  {tally.due} due, {tally.done} taken, {tally.dead} dead")
        if one.stopped is not None:
            click.echo(f"  stopped: {one.stopped}")
        elif tally.error is not None:
            click.echo(f"  last error: {tally.error}")


@webhook.command()
@click.argument("id")
@config_option
@json_option
def remove(id: str, config: Path, *, as_json: bool) -> None:  # noqa: A002 - the argument's name
    """Send nothing more to the subscription ID, and forget what was due."""
    with _hooks(config) as (_settings, database, _keys), database.write() as session:
        if not store.remove(session, id):
            raise _unknown(id)
    if as_json:
        print_json({"removed": id})
    else:
        click.echo(f"{id} is told nothing more.")


@webhook.command()
@click.argument("id")
@config_option
@json_option
def secret(id: str, config: Path, *, as_json: bool) -> None:  # noqa: A002 - the argument's name
    """Show the secret of the subscription ID again."""
    with _hooks(config) as (_settings, database, keys):
        found = _found(database, id)
    if as_json:
        print_json({"id": found.id, "secret": keys.secret(found.id), "key": keys.public})
    else:
        click.echo(keys.secret(found.id))


@webhook.command()
@click.argument("id")
@config_option
@json_option
@click.pass_context
def test(context: click.Context, id: str, config: Path, *, as_json: bool) -> None:  # noqa: A002
    """Send one delivery of the type webhook.test to the subscription ID now.

    Exit code 1: it was not taken.
    """
    with _hooks(config) as (settings, database, keys):
        found = _found(database, id)
        now = time.time()
        change = make_change(
            ChangeKind.WEBHOOK, "test", data={"webhook": found.id}, time=now, height=-1,
            height_hash=ZERO_HASH, of=f"{found.id} {now}",
        )  # fmt: skip
        body, message = change.body.encode(), message_id(found.id, change.name)
        sender = Sender(way_of(settings.webhooks))
        try:
            status = asyncio.run(
                sender.send(found.url, keys.headers(found.id, message, int(now), body), body)
            )
        except NotTakenError as error:
            if as_json:
                print_json({"taken": False, "error": error.message})
            else:
                click.echo(f"Not taken: {error.message}")
            context.exit(FOUND_PROBLEMS_EXIT_CODE)
        finally:
            sender.close()
    if as_json:
        print_json({"taken": True, "status": status, "message": message})
    else:
        click.echo(f"Taken: {status}, message {message}.")


def _told(one: Webhook, tally: store.Tally) -> dict[str, Any]:
    return {
        "id": one.id,
        "url": one.url,
        "kinds": sorted(one.kinds),
        "agents": sorted(one.agents),
        "stopped": one.stopped,
        "due": tally.due,
        "done": tally.done,
        "dead": tally.dead,
        "error": tally.error,
    }


def _found(database: Database, id_: str) -> Webhook:
    with database.read() as session:
        found = store.get(session, id_)
    if found is None:
        raise _unknown(id_)
    return found


def _unknown(id_: str) -> UnknownWebhookError:
    return UnknownWebhookError(
        f"there is no subscription {id_[:60]!r}", field="id", next_step="see: oracle webhook list"
    )


@contextmanager
def _hooks(config: Path) -> Iterator[tuple[Settings, Database, WebhookKeys]]:
    settings = load_settings(config)
    if settings.api is None:
        raise ConfigError(
            "webhooks are sent by a daemon that serves the API, and there is no section [api]",
            field="api",
            next_step=f"add [api] to {config}; see docs/api.md",
        )
    keys = WebhookKeys(ResponseKey.from_file(settings.path(settings.api.key)))
    with opened(settings) as database:
        yield settings, database, keys
