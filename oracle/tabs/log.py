"""A party's append-only log of its tabs: SQLite in WAL mode, every commit synced, many entries to one sync.

SQLite's WAL carries a checksum over every frame, so that a record torn by a crash is cut off with the rest of
its transaction; beyond that the last signed root is held against the tree when a tab is read again.
One process writes a log; others may read it.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from oracle.domain.types import Hash
from oracle.tabs.reading import LogError, LogReader, connect
from oracle.tabs.records import SCHEMA, TRIGGERS, VERSION, Entry
from oracle.tabs.writing import Rows

BATCH = 512  # groups of entries in one transaction at most
MANY = 8  # groups in one transaction from which on more are waited for:
LINGER = 0.002  # for so many seconds, about what the sync takes


class LogFullError(LogError):
    """The log has reached its limit of bytes: nothing more is taken, and nothing is lost."""


@dataclass(frozen=True, slots=True)
class LogLimits:
    """Args: `message`: bytes of one stored request or response; `total`: bytes of the whole log."""

    message: int = 1_048_576
    total: int = 64 * 2**30


@dataclass(frozen=True, slots=True)
class _Group:
    """Entries that are stored together, and who waits: a thread, or a coroutine of `loop`."""

    entries: Sequence[Entry]
    waiting: Future[None] | asyncio.Future[None]
    loop: asyncio.AbstractEventLoop | None = None


class TabLog(LogReader):
    """A log that is written, by this process alone.

    Args:
        path: Of the database file; made, for its owner alone, where there is none.
        limits: See `LogLimits`.

    Raises:
        LogError: another process writes it, or it is no log of this version.
    """

    def __init__(self, path: Path, *, limits: LogLimits | None = None) -> None:
        self.limits = limits or LogLimits()
        self._lock = _locked(path)
        try:
            connection = connect(path)
            _prepare(connection)
            self._open(path, connection)
        except sqlite3.DatabaseError as error:
            os.close(self._lock)
            raise LogError(
                f"{path.name} is not a log: {error}",
                field="path",
                next_step="restore the newest backup, and ask the other party for what is missing",
            ) from error
        except LogError:
            os.close(self._lock)
            raise
        self._queue: queue.SimpleQueue[_Group | None] = queue.SimpleQueue()
        self._giving = threading.Lock()
        self._closed = False
        self._size = path.stat().st_size
        self._thread = threading.Thread(target=self._write, name="tab-log", daemon=True)
        self._thread.start()

    @property
    def full(self) -> bool:
        """Whether the limit of bytes is reached."""
        return self._size >= self.limits.total

    def append(self, *entries: Entry) -> Future[None]:
        """Store entries together. The future is done once they are on disk, in the order of the calls.

        Raises (by the future):
            LogFullError: no room is left.
            LogError: an entry does not follow what the log holds (a gap, a repeat), or the disk failed.
        """
        done: Future[None] = Future()
        if not self._give(_Group(entries, done)):
            done.set_exception(LogError("the log is closed"))
        return done

    def store(self, *entries: Entry) -> asyncio.Future[None]:
        """As `append`, for a coroutine: all that one transaction stored is told to its loop in one call.

        What was given is stored, whether or not anybody waits to the end.
        """
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        if not self._give(_Group(entries, done, loop)):
            done.set_exception(LogError("the log is closed"))
        return done

    def close(self) -> None:
        """Store what was given, and close."""
        with self._giving:
            closing, self._closed = not self._closed, True
            if closing:
                self._queue.put(None)
        if closing:
            self._thread.join()
            super().close()
            os.close(self._lock)

    def _give(self, group: _Group) -> bool:
        with self._giving:
            if not self._closed:
                self._queue.put(group)
            return not self._closed

    def _write(self) -> None:
        connection = connect(self.path)
        ids: dict[Hash, int] = {}
        going, many = True, False
        try:
            while going:
                batch = [self._queue.get()]
                if many:
                    time.sleep(LINGER)
                while len(batch) < BATCH and not self._queue.empty():
                    batch.append(self._queue.get())
                going, many = None not in batch, len(batch) >= MANY
                self._commit(connection, [item for item in batch if item is not None], ids)
        finally:
            # Should it end by a defect, nobody may wait for ever.
            with self._giving:
                self._closed = True
            left = []
            while not self._queue.empty():
                if (item := self._queue.get()) is not None:
                    left.append(item)
            _tell(left, LogError("the log is closed"))
            connection.close()

    def _commit(self, connection: sqlite3.Connection, batch: list[_Group], ids: dict[Hash, int]) -> None:
        """One transaction for all; where it fails, one for each, so that only what is wrong is refused."""
        try:
            if self.full:
                raise LogFullError(
                    f"the log holds {self._size} bytes; its limit is {self.limits.total}",
                    field="limits.total",
                    next_step="close the tab and begin a new log, or raise the limit",
                )
            connection.execute("BEGIN IMMEDIATE")
            rows = Rows(self.limits.message)
            for group in batch:
                rows.add(connection, group.entries, ids)
            rows.insert(connection)
            connection.execute("COMMIT")
            pages, page = (
                connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size")
            )
            self._size = pages * page
        except (sqlite3.Error, LogError, OverflowError) as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            ids.clear()
            if len(batch) > 1 and not isinstance(error, LogFullError):
                for group in batch:
                    self._commit(connection, [group], ids)
                return
            _tell(batch, error if isinstance(error, LogError) else LogError(f"the log took nothing: {error}"))
            return
        _tell(batch, None)


def _tell(groups: Sequence[_Group], error: LogError | None) -> None:
    """Say how it ended, to each loop once."""
    loops: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None] | Future[None]]] = {}
    for group in groups:
        if group.loop is None:
            _end(group.waiting, error)
        else:
            loops.setdefault(group.loop, []).append(group.waiting)
    for loop, waiting in loops.items():
        try:
            loop.call_soon_threadsafe(_end_all, waiting, error)
        except RuntimeError:  # the loop is closed: nobody of it waits any more
            continue


def _end_all(waiting: Sequence[asyncio.Future[None] | Future[None]], error: LogError | None) -> None:
    for each in waiting:
        _end(each, error)


def _end(waiting: asyncio.Future[None] | Future[None], error: LogError | None) -> None:
    if waiting.done():  # who waited was cancelled
        return
    if error is None:
        waiting.set_result(None)
    else:
        waiting.set_exception(error)


def _locked(path: Path) -> int:
    """Hold the log for this process; the kernel lets go of it with the process, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    held = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(held)
        raise LogError(
            f"another process writes the log {path.name}",
            field="path",
            next_step="run one process for a log, or give each its own",
        ) from error
    return held


def _prepare(connection: sqlite3.Connection) -> None:
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
        connection.executescript(f"BEGIN; {SCHEMA} {TRIGGERS} PRAGMA user_version = {VERSION}; COMMIT;")
