"""The connection: SQLite in WAL with every commit synced, or PostgreSQL; one way to read and one to write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.orm import Session

from oracle.domain.errors import EarnestError

BUSY_TIMEOUT = 30_000  # milliseconds SQLite waits for another writer


class StoreError(EarnestError):
    """The database cannot be opened or does not hold what it should."""


class Database:
    """An open database.

    Args:
        url: SQLAlchemy URL, such as `sqlite:///oracle.sqlite3` or `postgresql+psycopg://user@host/name`.

    Raises:
        StoreError: not a URL, or neither SQLite nor PostgreSQL.
    """

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
        except ArgumentError as error:
            raise StoreError(
                "database.url is not a database URL",
                field="database.url",
                next_step="write it like sqlite:///oracle.sqlite3",
            ) from error
        self.shown = parsed.render_as_string(hide_password=True)
        backend = parsed.get_backend_name()
        if backend not in ("sqlite", "postgresql"):
            raise StoreError(f"{backend} is not supported; use SQLite or PostgreSQL", field="database.url")
        self.engine = create_engine(url, **_options(backend))
        if backend == "sqlite":
            _prepare_sqlite(self.engine)
        self._writing = self.engine.execution_options(earnest_write=True)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session over one consistent view; nothing of it is kept."""
        with Session(self.engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session in one transaction: committed, and synced to disk, on leaving; undone on an exception."""
        with Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    def check(self) -> None:
        """Raises StoreError where the database cannot be reached."""
        try:
            with self.engine.connect():
                pass
        except OperationalError as error:
            raise StoreError(
                f"cannot open the database {self.shown}: {error.orig}",
                field="database.url",
                next_step="check that the folder exists and may be written, or that the server is up",
            ) from error

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _options(backend: str) -> dict[str, Any]:
    if backend == "postgresql":
        # Serializable would retry; every write here locks the row it depends on instead.
        return {"pool_pre_ping": True}
    return {"connect_args": {"timeout": BUSY_TIMEOUT / 1000}}


def _prepare_sqlite(engine: Engine) -> None:
    """WAL, so that readers do not wait; FULL, so that a commit is on disk before the signature leaves."""

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        # The driver's own BEGIN comes too late and is always deferred; ours is below.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        # A writer takes its lock at once: a read that turns into a write could fail midway.
        writes = connection.get_execution_options().get("earnest_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
