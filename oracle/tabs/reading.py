"""Reading a party's log of its tabs, beside the process that writes it."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from oracle.domain.errors import EarnestError
from oracle.domain.tab import Call, Receipt, Tally
from oracle.domain.types import Hash, Party
from oracle.tabs.records import ABANDONED, VERSION, Answer, Asked, Head, Note, Signed
from oracle.tabs.tree import Frontier

PAGE = 1_000  # rows read at a time
_ASKED = "SELECT number, request, price, time, signature, message FROM calls WHERE tab = ? AND number = ?"
_NOTED = "SELECT 1 FROM notes WHERE tab = ? AND number = ? AND kind = ?"
_PENDING = (
    "SELECT number, request, price, time, signature, message FROM calls c WHERE tab = ? AND NOT EXISTS"
    " (SELECT 1 FROM receipts r WHERE r.tab = c.tab AND r.number = c.number) AND NOT EXISTS"
    " (SELECT 1 FROM notes n WHERE n.tab = c.tab AND n.number = c.number AND n.kind = ?) ORDER BY number"
)
_ANSWERS = (
    "SELECT r.idx, r.response, r.price, r.time, r.status, r.amount, r.root, r.signature, r.message,"
    " c.number, c.request, c.price, c.time, c.signature FROM receipts r JOIN calls c"
    " ON c.tab = r.tab AND c.number = r.number WHERE r.tab = ? AND r.idx >= ? AND r.idx < ? ORDER BY r.idx"
)


class LogError(EarnestError):
    """The log cannot be opened, does not hold what it should, or took no more."""


class LogReader:
    """A log that is only read.

    Args:
        path: Of the database file.

    Raises:
        LogError: there is none, or it is no log of this version.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise LogError(f"there is no log {path.name}", field="path", next_step="name the log of the tab")
        self._open(path, connect(path, read_only=True))

    def _open(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._reader = connection
        self._reading = threading.Lock()
        self._ids: dict[Hash, int] = {}
        found = self._rows("PRAGMA user_version")[0][0]
        if found != VERSION:
            self._reader.close()
            raise LogError(f"{path.name} is a log of version {found}; this is {VERSION}", field="path")

    def close(self) -> None:
        """Let go of the file."""
        with self._reading:
            self._reader.close()

    def tabs(self) -> list[Hash]:
        """Every tab there is something of."""
        return [hex_of(row[0]) for row in self._rows("SELECT tab FROM tabs ORDER BY id")]

    def head(self, tab: Hash) -> Head:
        """Where the log stands on a tab; one that nothing is known of stands at nothing.

        Raises:
            LogError: the tree is not the one the provider signed last: the file was damaged or changed.
        """
        rows = self._rows("SELECT count, amount, peaks, next_number FROM tabs WHERE tab = ?", raw_of(tab))
        if not rows:
            return Head(0, 0, Frontier(), 0)
        count, amount, peaks, next_number = rows[0]
        head = Head(count, amount, Frontier.unpack(count, peaks), next_number)
        if count and self.given(tab, count).tally != head.tally(tab):
            raise LogError(
                f"the log of tab {tab} does not end with the root that was signed",
                field="root",
                next_step="verify it by `oracle tab verify`, and restore a backup",
            )
        return head

    def given(self, tab: Hash, count: int) -> Signed:
        """The tally that the provider signed after `count` interactions.

        Raises:
            LogError: there were not so many.
        """
        rows = self._rows(
            "SELECT amount, root, signature FROM receipts WHERE tab = ? AND idx = ?", self._id(tab), count - 1
        )
        if not rows:
            raise LogError(f"there is no receipt {count - 1} of tab {tab}", field="index")
        amount, root, signature = rows[0]
        return Signed(
            Party.PROVIDER, Tally(tab=tab, count=count, amount=amount, root=hex_of(root)), signature
        )

    def signed(self, tab: Hash, *, up_to: int | None = None) -> Signed | None:
        """The newest tally under the buyer's signature, of at most `up_to` interactions."""
        rows = self._rows(
            "SELECT count, amount, root, signature FROM tallies WHERE tab = ? AND party = 'buyer'"
            " AND count <= ? ORDER BY count DESC LIMIT 1",
            self._id(tab),
            2**63 - 1 if up_to is None else up_to,
        )
        if not rows:
            return None
        count, amount, root, signature = rows[0]
        return Signed(Party.BUYER, Tally(tab=tab, count=count, amount=amount, root=hex_of(root)), signature)

    def answer(self, tab: Hash, number: int) -> Answer | None:
        """The answer to a call, if it was given."""
        found = self._rows("SELECT idx FROM receipts WHERE tab = ? AND number = ?", self._id(tab), number)
        return next(self.answers(tab, found[0][0], found[0][0] + 1), None) if found else None

    def answers(self, tab: Hash, first: int = 0, end: int | None = None) -> Iterator[Answer]:
        """Interactions in order of their index, from `first` to before `end`."""
        last = 2**63 - 1 if end is None else end
        while rows := self._rows(_ANSWERS, self._id(tab), first, min(first + PAGE, last)):
            for row in rows:
                yield _answer(tab, row)
            first += len(rows)

    def asked(self, tab: Hash, number: int) -> Asked | None:
        """A call as it was stored."""
        rows = self._rows(_ASKED, self._id(tab), number)
        return _asked(tab, rows[0]) if rows else None

    def pending(self, tab: Hash) -> list[Asked]:
        """Calls that were neither answered nor abandoned."""
        rows = self._rows(_PENDING, self._id(tab), ABANDONED)
        return [_asked(tab, row) for row in rows]

    def abandoned(self, tab: Hash, number: int) -> bool:
        """Whether a call was called off."""
        return bool(self._rows(_NOTED, self._id(tab), number, ABANDONED))

    def notes(self, tab: Hash) -> list[Note]:
        """Everything noted about calls, in order."""
        rows = self._rows(
            "SELECT number, kind, time, document FROM notes WHERE tab = ? ORDER BY id", self._id(tab)
        )
        return [Note(tab, *row) for row in rows]

    def _id(self, tab: Hash) -> int:
        found = self._ids.get(tab)
        if found is None:
            rows = self._rows("SELECT id FROM tabs WHERE tab = ?", raw_of(tab))
            if not rows:
                return -1
            found = self._ids[tab] = rows[0][0]
        return found

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            with self._reading:
                return self._reader.execute(statement, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise LogError(
                f"{self.path.name} cannot be read: {error}",
                field="path",
                next_step="restore the newest backup, and ask the other party for what is missing",
            ) from error


def _asked(tab: Hash, row: tuple[Any, ...]) -> Asked:
    number, request, price, time, signature, message = row
    call = Call(tab=tab, number=number, request=hex_of(request), price=price, time=time)
    return Asked(call, signature, message)


def _answer(tab: Hash, row: tuple[Any, ...]) -> Answer:
    index, response, price, time, status, amount, root, signature, message, *asked = row
    number, request, most, asked_at, call_signature = asked
    name = hex_of(request)
    return Answer(
        Call(tab=tab, number=number, request=name, price=most, time=asked_at),
        call_signature,
        Receipt(
            tab=tab,
            index=index,
            request=name,
            response=hex_of(response),
            price=price,
            time=time,
            status=status,
        ),
        Tally(tab=tab, count=index + 1, amount=amount, root=hex_of(root)),
        signature,
        message,
    )


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection as a log is read and written by; the file is made, for its owner alone, to be written."""
    if not read_only and not path.exists():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    mode = "ro" if read_only else "rw"
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA busy_timeout = 30000")
    if not read_only:
        # FULL: a commit is on disk before it returns. Pages are folded in rarely: about every 700 commits.
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 4000"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection


def raw_of(value: Hash) -> bytes:
    """A hash as the columns hold it."""
    return bytes.fromhex(value[2:])


def hex_of(value: bytes) -> Hash:
    """A column as a hash."""
    return "0x" + value.hex()
