"""Which processes live, and which of them leads: told by locks that the system frees when a process dies.

On PostgreSQL these are advisory locks of a connection that stays open: `kill -9` closes it, and the server
frees them at once. A machine that vanishes is noticed when TCP gives up; keepalives make that half a minute.
On SQLite there is one process, and a lock on a file beside the database sees to it.
"""

from __future__ import annotations

import fcntl
import hashlib
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Protocol

from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from oracle.domain.errors import EarnestError

KEEPALIVE = {"keepalives": 1, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 4}
"""libpq's settings; seconds but for the count."""


class PresenceError(EarnestError):
    """Another process runs where only one may."""


class Presence(Protocol):
    """This process among those that share the database."""

    def leads(self) -> bool:
        """Whether this process may act; once it is True for one, it is for no other until that one ends."""
        ...

    def is_dead(self, name: str) -> bool:
        """Whether the process that announced itself by this name is gone."""
        ...

    def close(self) -> None:
        """Be gone."""
        ...


class AlonePresence:
    """The only process on an SQLite file.

    Raises:
        PresenceError: there is another.
    """

    def __init__(self, database: Path) -> None:
        self._file: IO[bytes] = database.with_name(database.name + ".lock").open("ab")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise PresenceError(
                f"another process runs on {database.name}",
                field="database.url",
                next_step="stop it first, or use PostgreSQL, where several processes share the work",
            ) from error

    def leads(self) -> bool:
        """See `Presence`."""
        return True

    def is_dead(self, name: str) -> bool:  # noqa: ARG002 - see `Presence`
        """See `Presence`. Whoever was here before held the lock."""
        return True

    def close(self) -> None:
        """See `Presence`."""
        self._file.close()


class SharedPresence:
    """One of several processes on a PostgreSQL database.

    Args:
        url: The database.
        name: Of this process, and of no other.
    """

    def __init__(self, url: str, name: str) -> None:
        self._engine: Engine = create_engine(
            make_url(url), poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=KEEPALIVE
        )
        self._name = name
        self._guard = threading.Lock()
        self._connection: Connection | None = None
        self._leading = False
        with self._guard:
            self._connected()

    def leads(self) -> bool:
        """See `Presence`. Asks the server each time: a lock dies with its connection.

        Raises:
            DBAPIError: the server cannot be reached; then this process leads no more.
        """
        with self._guard:
            connection = self._connected()
            try:
                if self._leading:
                    connection.execute(text("SELECT 1"))
                else:
                    self._leading = _locked(connection, "leader")
            except DBAPIError:
                self._drop()
                raise
            return self._leading

    def is_dead(self, name: str) -> bool:
        """See `Presence`."""
        if name == self._name:
            return False
        with self._guard, self._engine.connect() as other:
            return _locked(other, f"process/{name}")  # freed with the connection

    def close(self) -> None:
        """See `Presence`."""
        with self._guard:
            self._drop()
        self._engine.dispose()

    def _connected(self) -> Connection:
        if self._connection is None:
            connection = self._engine.connect()
            if not _locked(connection, f"process/{self._name}"):
                connection.close()
                raise PresenceError(f"another process is named {self._name}")
            self._connection = connection
        return self._connection

    def _drop(self) -> None:
        connection, self._connection, self._leading = self._connection, None, False
        if connection is not None:
            with suppress(DBAPIError):  # it is broken already: there is nothing left to free
                connection.close()


def _locked(connection: Connection, name: str) -> bool:
    taken: Any = connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _key(name)})
    return bool(taken)


def _key(name: str) -> int:
    """A signed 64-bit number for a name, as PostgreSQL's advisory locks want it."""
    return int.from_bytes(hashlib.sha256(f"earnest/{name}".encode()).digest()[:8], "big", signed=True)
