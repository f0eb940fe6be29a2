"""Databases for tests: SQLite, or PostgreSQL where ORACLE_TEST_DATABASE=postgresql says so.

Whatever uses a database takes it from the fixture `databases`, so that one setting runs it on the other kind.
"""

from __future__ import annotations

import itertools
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import event

from oracle.store import schema
from oracle.store.database import Database

if TYPE_CHECKING:
    from scripts.local.postgres import Postgres

Kind = Literal["sqlite", "postgresql"]


def kind_under_test() -> Kind:
    """What the environment asks for."""
    wanted = os.environ.get("ORACLE_TEST_DATABASE", "sqlite")
    if wanted == "sqlite":
        return "sqlite"
    if wanted == "postgresql":
        return "postgresql"
    raise ValueError(f"ORACLE_TEST_DATABASE is {wanted}; it may be sqlite or postgresql")


class Databases:
    """Makes databases of the kind under test. `server` is None for SQLite."""

    def __init__(self, folder: Path, server: Postgres | None) -> None:
        self._folder = folder
        self.server = server
        self._numbers = itertools.count(1)
        self._template: str | None = None

    @property
    def kind(self) -> Kind:
        """Which kind."""
        return "sqlite" if self.server is None else "postgresql"

    def empty(self) -> str:
        """The URL of a database without tables."""
        if self.server is not None:
            return self.server.url(self.server.create())
        return f"sqlite:///{self._file(next(self._numbers))}"

    def made(self) -> str:
        """The URL of a database with all tables and no rows. Faster than migrating an empty one."""
        if self._template is None:
            self._template = self._make_template()
        if self.server is not None:
            return self.server.url(self.server.create(self._template))
        path = self._file(next(self._numbers))
        shutil.copy(self._template, path)
        return f"sqlite:///{path}"

    def _make_template(self) -> str:
        name = str(self._file(0)) if self.server is None else self.server.create()
        first = Database(f"sqlite:///{name}" if self.server is None else self.server.url(name))
        schema.upgrade(first)
        if self.server is None:
            with first.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        first.close()
        return name

    def _file(self, number: int) -> Path:
        return self._folder / f"{number}.sqlite3"


def unsynced(database: Database) -> None:
    """Do not wait for the disk: for tests that lose a process but never the machine."""

    @event.listens_for(database.engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        if database.engine.dialect.name == "sqlite":
            connection.execute("PRAGMA synchronous=OFF")
        else:
            connection.execute("SET synchronous_commit=off")
            connection.commit()
