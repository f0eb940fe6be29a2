"""A party's append-only log of its tabs: SQLite in WAL mode, every commit synced, many entries to one sync.

SQLite's WAL carries a checksum over every frame, so that a record torn by a crash is cut off with the rest of
its transaction; beyond that the last signed root is held against the tree when a tab is read again.
One process writes a log; others may read it.
"""

from __future__ import annotations

import fcntl
import os
import queue
import sqlite3
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from oracle.domain.types import Hash
from oracle.tabs.reading import LogError, LogReader, connect, raw_of
from oracle.tabs.records import SCHEMA, TRIGGERS, VERSION, Asked, Entry, Note, Served, Signed

BATCH = 512  # groups of entries in one transaction at most


class LogFullError(LogError):
    """The log has reached its limit of bytes: nothing more is taken, and nothing is lost."""


@dataclass(frozen=True, slots=True)
class LogLimits:
    """Args: `message`: bytes of one stored request or response; `total`: bytes of the whole log."""

    message: int = 1_048_576
    total: int = 64 * 2**30


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
        self._queue: queue.SimpleQueue[tuple[Sequence[Entry], Future[None]] | None] = queue.SimpleQueue()
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
        with self._giving:
            if not self._closed:
                self._queue.put((entries, done))
                return done
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

    def _write(self) -> None:
        connection = connect(self.path)
        ids: dict[Hash, int] = {}
        going = True
        try:
            while going:
                batch = [self._queue.get()]
                while len(batch) < BATCH and not self._queue.empty():
                    batch.append(self._queue.get())
                going = None not in batch
                self._store(connection, [item for item in batch if item is not None], ids)
        finally:
            # Should it end by a defect, nobody may wait for ever.
            with self._giving:
                self._closed = True
            while not self._queue.empty():
                if (item := self._queue.get()) is not None:
                    item[1].set_exception(LogError("the log is closed"))
            connection.close()

    def _store(
        self,
        connection: sqlite3.Connection,
        batch: list[tuple[Sequence[Entry], Future[None]]],
        ids: dict[Hash, int],
    ) -> None:
        """One transaction for all; where it fails, one for each, so that only what is wrong is refused."""
        try:
            if self.full:
                raise LogFullError(
                    f"the log holds {self._size} bytes; its limit is {self.limits.total}",
                    field="limits.total",
                    next_step="close the tab and begin a new log, or raise the limit",
                )
            connection.execute("BEGIN IMMEDIATE")
            for entries, _ in batch:
                _insert(connection, entries, ids, self.limits)
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
                for item in batch:
                    self._store(connection, [item], ids)
                return
            refusal = error if isinstance(error, LogError) else LogError(f"the log took nothing: {error}")
            for _, done in batch:
                done.set_exception(refusal)
            return
        for _, done in batch:
            done.set_result(None)


def _insert(
    connection: sqlite3.Connection, entries: Sequence[Entry], ids: dict[Hash, int], limits: LogLimits
) -> None:
    for entry in entries:
        match entry:
            case Asked(call, signature, message):
                _fits(message, limits)
                tab = _tab_id(connection, call.tab, ids)
                connection.execute(
                    "INSERT INTO calls VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (tab, call.number, raw_of(call.request), call.price, call.time, signature, message),
                )
                _use_number(connection, tab, call.number)
            case Served(number, receipt, tally, signature, message, frontier):
                _fits(message, limits)
                tab = _tab_id(connection, receipt.tab, ids)
                connection.execute(
                    "INSERT INTO receipts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        tab,
                        number,
                        receipt.index,
                        raw_of(receipt.response),
                        receipt.price,
                        receipt.time,
                        receipt.status,
                        tally.amount,
                        raw_of(tally.root),
                        signature,
                        message,
                    ),
                )
                moved = connection.execute(
                    "UPDATE tabs SET count = ?, amount = ?, peaks = ?"
                    " WHERE id = ? AND count = ? AND amount = ?",
                    (
                        tally.count,
                        tally.amount,
                        frontier.packed(),
                        tab,
                        receipt.index,
                        tally.amount - receipt.price,
                    ),
                )
                if moved.rowcount != 1:
                    raise LogError(
                        f"receipt {receipt.index} does not follow what the log of tab {receipt.tab} holds",
                        field="index",
                    )
            case Signed(party, tally, signature):
                connection.execute(
                    "INSERT OR IGNORE INTO tallies VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        _tab_id(connection, tally.tab, ids),
                        party.value,
                        tally.count,
                        tally.amount,
                        raw_of(tally.root),
                        signature,
                    ),
                )
            case Note(tab_hash, number, kind, time, document):
                tab = _tab_id(connection, tab_hash, ids)
                connection.execute(
                    "INSERT INTO notes (tab, number, kind, time, document) VALUES (?, ?, ?, ?, ?)",
                    (tab, number, kind, time, document),
                )
                _use_number(connection, tab, number)


def _use_number(connection: sqlite3.Connection, tab: int, number: int) -> None:
    connection.execute(
        "UPDATE tabs SET next_number = max(next_number, ?) WHERE id = ?", (min(number + 1, 2**63 - 1), tab)
    )


def _fits(message: bytes, limits: LogLimits) -> None:
    if len(message) > limits.message:
        raise LogError(
            f"a message has {len(message)} bytes; the limit is {limits.message}", field="limits.message"
        )


def _tab_id(connection: sqlite3.Connection, tab: Hash, ids: dict[Hash, int]) -> int:
    if tab not in ids:
        connection.execute("INSERT OR IGNORE INTO tabs VALUES (NULL, ?, 0, 0, x'', 0)", (raw_of(tab),))
        ids[tab] = connection.execute("SELECT id FROM tabs WHERE tab = ?", (raw_of(tab),)).fetchone()[0]
    return ids[tab]


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
