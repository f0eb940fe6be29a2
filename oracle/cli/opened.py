"""The daemon's store, opened by a command. Works while the daemon runs, and while it does not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy.orm import Session

from oracle.config import Settings
from oracle.store.database import Database
from oracle.store.schema import require_current


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """The store, closed on leaving.

    Raises:
        StoreError: the database cannot be opened, or is of another revision.
    """
    with closing(Database(settings.database_url())) as database:
        database.check()
        require_current(database)
        yield database


@contextmanager
def reading(settings: Settings) -> Iterator[Session]:
    """One consistent view of the store.

    Raises:
        StoreError: the database cannot be opened, or is of another revision.
    """
    with opened(settings) as database, database.read() as session:
        yield session
