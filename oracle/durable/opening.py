"""Durable runs and presence for a database, whichever kind it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import make_url

from oracle.durable.dbos_runs import DbosRuns, own_name
from oracle.durable.port import Runs
from oracle.durable.presence import AlonePresence, Presence, SharedPresence


@contextmanager
def durable(url: str, *, workers: int) -> Iterator[tuple[Runs, Presence]]:
    """Runs that survive this process, and where it stands among others on the same database.

    The runs are closed by whoever opens them; the presence ends with the context, after them.

    Args:
        url: The oracle's database.
        workers: Runs this process is in at a time.

    Raises:
        PresenceError: another process runs on this SQLite database.
    """
    parsed = make_url(url)
    name = own_name(url)
    presence: Presence
    if parsed.get_backend_name() == "sqlite":
        presence = AlonePresence(Path(parsed.database or ""))
    else:
        presence = SharedPresence(url, name)
    with closing(presence):
        yield DbosRuns(url, name=name, presence=presence, workers=workers), presence
