"""How entries become rows: many of them in one statement, because each statement costs its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field

from oracle.domain.types import Hash
from oracle.tabs.reading import LogError, raw_of
from oracle.tabs.records import Asked, Entry, Note, Served, Signed
from oracle.tabs.tree import Frontier


@dataclass(slots=True)
class _Move:
    """How receipts take a tab further: from what the log must hold to what it holds then."""

    tab: Hash
    from_count: int
    from_amount: int
    count: int
    amount: int
    frontier: Frontier


@dataclass(slots=True)
class Rows:
    """The rows of entries, in their order.

    Args:
        message: Bytes of one stored request or response at most.
    """

    message: int
    calls: list[tuple[object, ...]] = field(default_factory=list)
    receipts: list[tuple[object, ...]] = field(default_factory=list)
    tallies: list[tuple[object, ...]] = field(default_factory=list)
    notes: list[tuple[object, ...]] = field(default_factory=list)
    moves: dict[int, _Move] = field(default_factory=dict)
    numbers: dict[int, int] = field(default_factory=dict)

    def add(self, connection: sqlite3.Connection, entries: Iterable[Entry], ids: dict[Hash, int]) -> None:
        """Take entries; a tab that is new gets its row at once.

        Args:
            ids: Of tabs whose row is known.

        Raises:
            LogError: a message is too large, or a receipt does not follow the one before it.
        """
        for entry in entries:
            match entry:
                case Asked(call, signature, message):
                    self._fits(message)
                    tab = _tab_id(connection, call.tab, ids)
                    self.calls.append(
                        (tab, call.number, raw_of(call.request), call.price, call.time, signature, message)
                    )
                    self._use(tab, call.number)
                case Served():
                    self._serve(_tab_id(connection, entry.receipt.tab, ids), entry)
                case Signed(party, tally, signature):
                    tab = _tab_id(connection, tally.tab, ids)
                    self.tallies.append(
                        (tab, party.value, tally.count, tally.amount, raw_of(tally.root), signature)
                    )
                case Note(tab_hash, number, kind, time, document):
                    tab = _tab_id(connection, tab_hash, ids)
                    self.notes.append((tab, number, kind, time, document))
                    self._use(tab, number)

    def insert(self, connection: sqlite3.Connection) -> None:
        """Write them.

        Raises:
            LogError: a receipt does not follow what the log holds.
            sqlite3.Error: a row repeats one, or the disk failed.
        """
        for statement, rows in (
            ("INSERT INTO calls VALUES (?, ?, ?, ?, ?, ?, ?)", self.calls),
            ("INSERT INTO receipts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", self.receipts),
            ("INSERT OR IGNORE INTO tallies VALUES (?, ?, ?, ?, ?, ?)", self.tallies),
            ("INSERT INTO notes (tab, number, kind, time, document) VALUES (?, ?, ?, ?, ?)", self.notes),
        ):
            if rows:
                connection.executemany(statement, rows)
        for tab, move in self.moves.items():
            moved = connection.execute(
                "UPDATE tabs SET count = ?, amount = ?, peaks = ? WHERE id = ? AND count = ? AND amount = ?",
                (move.count, move.amount, move.frontier.packed(), tab, move.from_count, move.from_amount),
            )
            if moved.rowcount != 1:
                raise _does_not_follow(move.from_count, move.tab)
        for tab, number in self.numbers.items():
            connection.execute(
                "UPDATE tabs SET next_number = max(next_number, ?) WHERE id = ?",
                (min(number + 1, 2**63 - 1), tab),
            )

    def _serve(self, tab: int, entry: Served) -> None:
        receipt, tally = entry.receipt, entry.tally
        self._fits(entry.message)
        self.receipts.append(
            (
                tab,
                entry.number,
                receipt.index,
                raw_of(receipt.response),
                receipt.price,
                receipt.time,
                receipt.status,
                tally.amount,
                raw_of(tally.root),
                entry.signature,
                entry.message,
            )
        )
        before = tally.amount - receipt.price
        move = self.moves.get(tab)
        if move is None:
            self.moves[tab] = _Move(
                receipt.tab, receipt.index, before, tally.count, tally.amount, entry.frontier
            )
        elif (move.count, move.amount) != (receipt.index, before):
            raise _does_not_follow(receipt.index, receipt.tab)
        else:
            move.count, move.amount, move.frontier = tally.count, tally.amount, entry.frontier

    def _use(self, tab: int, number: int) -> None:
        self.numbers[tab] = max(number, self.numbers.get(tab, 0))

    def _fits(self, message: bytes) -> None:
        if len(message) > self.message:
            raise LogError(
                f"a message has {len(message)} bytes; the limit is {self.message}", field="limits.message"
            )


def _does_not_follow(index: int, tab: Hash) -> LogError:
    return LogError(f"receipt {index} does not follow what the log of tab {tab} holds", field="index")


def _tab_id(connection: sqlite3.Connection, tab: Hash, ids: dict[Hash, int]) -> int:
    if tab not in ids:
        connection.execute("INSERT OR IGNORE INTO tabs VALUES (NULL, ?, 0, 0, x'', 0)", (raw_of(tab),))
        ids[tab] = connection.execute("SELECT id FROM tabs WHERE tab = ?", (raw_of(tab),)).fetchone()[0]
    return ids[tab]
