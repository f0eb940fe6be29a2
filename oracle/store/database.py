"""The connection: SQLite in WAL with every commit synced, or PostgreSQL; one way to read and one to write."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DisconnectionError, OperationalError
from sqlalchemy.orm import Session

from oracle.domain.errors import EarnestError

BUSY_TIMEOUT = 30_000  # milliseconds SQLite waits for another writer
CACHE = 8_000  # KiB of pages a connection to SQLite may keep
CACHE_OF_MANY = 32_000  # the same while many rows are written: what does not fit is written twice
# Bytes of a page of databases made from now on; older ones keep theirs, of 4 KiB. A sync writes row after
# row, and a page takes nearly as long to write, however much it holds.
PAGE = 8_192
# Pages in SQLite's log until they are moved into the database: 64 MB, or half of it in an older one. Those of
# indexes, which a first sync changes again and again, are moved once for several of its transactions.
CHECKPOINT = 8_000
_FRESH = 2.0  # seconds for which a connection is taken for up without asking


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
        # What is stored is no part of an error: it would fill the log.
        self.engine = create_engine(url, hide_parameters=True, **_options(backend))
        if backend == "sqlite":
            _prepare_sqlite(self.engine)
            self._reading = self.engine
        else:
            _prepare_postgresql(self.engine)
            self._reading = self.engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        self._writing = self.engine.execution_options(earnest_write=True)
        self._writing_many = self.engine.execution_options(earnest_write=True, earnest_many=True)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session over one consistent view; nothing of it is kept."""
        with Session(self._reading) as session:
            yield session

    @contextmanager
    def write(self, *, many: bool = False) -> Iterator[Session]:
        """A session in one transaction: committed, and synced to disk, on leaving; undone on an exception.

        Args:
            many: Rows come by the ten thousand: SQLite may use more memory until they are committed.
        """
        engine = self._writing_many if many else self._writing
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    def check(self) -> None:
        """Raises StoreError where the database cannot be reached, or may lose what it says it stored."""
        try:
            with self.engine.connect() as connection:
                synced = self.engine.dialect.name == "sqlite" or connection.scalar(text("SHOW fsync")) == "on"
        except OperationalError as error:
            raise StoreError(
                f"cannot open the database {self.shown}: {error.orig}",
                field="database.url",
                next_step="check that the folder exists and may be written, or that the server is up",
            ) from error
        if not synced:
            raise StoreError(
                f"{self.shown} runs with fsync = off: after a power cut the signing journal could be gone",
                field="database.url",
                next_step="set fsync = on in postgresql.conf and restart the server",
            )

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _options(backend: str) -> dict[str, Any]:
    if backend == "postgresql":
        # Serializable would retry; every write here locks the row it depends on instead.
        # Planned once for a connection, and the same few connections are used as long as they suffice.
        return {"pool_use_lifo": True, "connect_args": {"prepare_threshold": 0}}
    return {"connect_args": {"timeout": BUSY_TIMEOUT / 1000}}


def _prepare_postgresql(engine: Engine) -> None:
    """A commit is on disk when it returns, even where the server's default is otherwise."""

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.execute(
            "SELECT set_config('synchronous_commit', 'on', false)"
            " WHERE current_setting('synchronous_commit') = 'off'"
        )
        connection.commit()

    @event.listens_for(engine, "checkin")
    def returned(_connection: Any, record: Any) -> None:
        record.info["idle_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ping(connection: Any, record: Any, _fairy: Any) -> None:
        """One that was used a moment ago is up: asking each time would double the requests."""
        if time.monotonic() - record.info.get("idle_since", math.inf) < _FRESH:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError("the server closed this connection") from error


def _prepare_sqlite(engine: Engine) -> None:
    """WAL, so that readers do not wait; FULL, so that a commit is on disk before the signature leaves."""

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        # The driver's own BEGIN comes too late and is always deferred; ours is below.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT}",
            f"page_size={PAGE}",  # before the file is made by the next one
            "journal_mode=WAL",
            "synchronous=FULL",
            f"cache_size=-{CACHE}",
            f"wal_autocheckpoint={CHECKPOINT}",
            "foreign_keys=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        # A writer takes its lock at once: a read that turns into a write could fail midway.
        options = connection.get_execution_options()
        if options.get("earnest_many", False):
            connection.exec_driver_sql(f"PRAGMA cache_size=-{CACHE_OF_MANY}")
            connection.info["earnest_many"] = True
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("earnest_write", False) else "BEGIN")

    @event.listens_for(engine, "checkin")
    def returned(connection: Any, record: Any) -> None:
        if record.info.pop("earnest_many", False) and connection is not None:
            connection.execute(f"PRAGMA cache_size=-{CACHE}")
