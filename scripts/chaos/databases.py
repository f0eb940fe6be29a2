"""What goes wrong with one evaluator's database: somebody holds it, or there is no room left."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import make_url

_LOCK_SECONDS = 1.0  # that the driver waits for a lock of its own
# What PostgreSQL itself says when a volume is full: error 53100.
_NO_ROOM = """
CREATE OR REPLACE FUNCTION chaos_no_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
END $$
"""
_TABLES = """
SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
"""


@dataclass
class Hindrance:
    """Holds or fills a database from outside of the processes that use it.

    Args:
        url: SQLAlchemy's.
        file: Of SQLite.
    """

    url: str
    file: Path
    _lock: sqlite3.Connection | psycopg.Connection[tuple[object, ...]] | None = None

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file."""
        return self.url.startswith("sqlite")

    def lock(self) -> bool:
        """Take what every writer needs. Whether it is held now."""
        self.unlock()
        self._lock = self._locked_file() if self.is_sqlite else self._locked_tables()
        return self._lock is not None

    def unlock(self) -> None:
        """Give it back."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _locked_file(self) -> sqlite3.Connection | None:
        holder = sqlite3.connect(self.file, isolation_level=None, timeout=_LOCK_SECONDS)
        try:
            holder.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            holder.close()  # it is being written to this very moment
            return None
        return holder

    def _locked_tables(self) -> psycopg.Connection[tuple[object, ...]] | None:
        try:
            holder = self._connect()
        except psycopg.OperationalError:
            return None  # the server is down
        try:
            holder.execute("LOCK TABLE outbox, evaluations, attestations IN EXCLUSIVE MODE")
        except psycopg.OperationalError:
            holder.close()
            return None
        return holder

    def fill(self, *, on: bool) -> bool:
        """PostgreSQL only: from now on nothing can be inserted or updated, or it can again.

        Returns:
            Whether there is no room in any table now; for `on=False` whether there is in all of them.

        Raises:
            ValueError: the database is a file; the evaluator's process limits its pages.
        """
        if self.is_sqlite:
            raise ValueError("a file is limited by the process that uses it")
        try:
            with closing(self._connect()) as connection:
                connection.autocommit = True
                connection.execute(_NO_ROOM)
                tables = connection.execute(_TABLES).fetchall()
                done = [_fill_table(connection, str(s), str(t), on=on) for s, t in tables]
        except psycopg.OperationalError:
            return False  # the server is down
        return any(done) if on else all(done)

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        url = make_url(self.url).set(drivername="postgresql")
        connection = psycopg.connect(url.render_as_string(hide_password=False))
        connection.execute(f"SET lock_timeout = '{_LOCK_SECONDS}s'")
        connection.commit()
        return connection


def _fill_table(
    connection: psycopg.Connection[tuple[object, ...]], schema: str, table: str, *, on: bool
) -> bool:
    """Whether it could be done: somebody may hold the table."""
    name = sql.Identifier(schema, table)
    make = sql.SQL(
        "CREATE OR REPLACE TRIGGER chaos BEFORE INSERT OR UPDATE ON {} EXECUTE FUNCTION chaos_no_room()"
    )
    statement = make if on else sql.SQL("DROP TRIGGER IF EXISTS chaos ON {}")
    try:
        connection.execute(statement.format(name))
    except psycopg.OperationalError:
        return False
    return True
