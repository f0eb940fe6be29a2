"""What a tab's log holds, and its tables. All rows but the heads of tabs are written once."""

from __future__ import annotations

from dataclasses import dataclass

from oracle.domain.tab import Call, Receipt, Tally
from oracle.domain.types import Hash, Party
from oracle.tabs.tree import Frontier

VERSION = 1

SCHEMA = """
CREATE TABLE tabs (
    id INTEGER PRIMARY KEY, tab BLOB NOT NULL UNIQUE,
    count INTEGER NOT NULL, amount INTEGER NOT NULL, peaks BLOB NOT NULL, next_number INTEGER NOT NULL
) STRICT;
CREATE TABLE calls (
    tab INTEGER NOT NULL, number INTEGER NOT NULL, request BLOB NOT NULL, price INTEGER NOT NULL,
    time INTEGER NOT NULL, signature BLOB NOT NULL, message BLOB NOT NULL, PRIMARY KEY (tab, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE receipts (
    tab INTEGER NOT NULL, number INTEGER NOT NULL, idx INTEGER NOT NULL, response BLOB NOT NULL,
    price INTEGER NOT NULL, time INTEGER NOT NULL, status INTEGER NOT NULL, amount INTEGER NOT NULL,
    root BLOB NOT NULL, signature BLOB NOT NULL, message BLOB NOT NULL, PRIMARY KEY (tab, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX receipts_by_index ON receipts (tab, idx);
CREATE TABLE tallies (
    tab INTEGER NOT NULL, party TEXT NOT NULL, count INTEGER NOT NULL, amount INTEGER NOT NULL,
    root BLOB NOT NULL, signature BLOB NOT NULL, PRIMARY KEY (tab, party, count)
) STRICT, WITHOUT ROWID;
CREATE TABLE notes (
    id INTEGER PRIMARY KEY, tab INTEGER NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL,
    time INTEGER NOT NULL, document BLOB NOT NULL
) STRICT;
CREATE INDEX notes_by_call ON notes (tab, number);
"""
KEPT = ("calls", "receipts", "tallies", "notes")
TRIGGERS = "".join(
    f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table}"
    f" BEGIN SELECT RAISE(ABORT, 'the log of a tab is append-only'); END;"
    for table in KEPT
    for verb in ("UPDATE", "DELETE")
)

ABANDONED = "abandoned"  # the provider will not take the call up any more
UNANSWERED = "unanswered"  # it took the call and did not answer in time: the buyer's complaint
CONTRADICTION = "contradiction"  # it signed two different things: what it signed is the document


@dataclass(frozen=True, slots=True)
class Asked:
    """A call with the buyer's signature and the request's message (`exchange.Request.encode`)."""

    call: Call
    signature: bytes
    message: bytes


@dataclass(frozen=True, slots=True)
class Served:
    """A receipt, the provider's tally and signature with it, and the response's message.

    Args:
        number: Of the call it answers.
        frontier: The tree that ends with it; not kept, but for the last one.
    """

    number: int
    receipt: Receipt
    tally: Tally
    signature: bytes
    message: bytes
    frontier: Frontier


@dataclass(frozen=True, slots=True)
class Signed:
    """A tally under one party's signature."""

    party: Party
    tally: Tally
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """Something about a call that is no receipt.

    Args:
        kind: `ABANDONED`, `UNANSWERED` or `CONTRADICTION`.
        time: Unix seconds by this side's clock.
        document: Evidence as bytes; may be empty.
    """

    tab: Hash
    number: int
    kind: str
    time: int
    document: bytes = b""


Entry = Asked | Served | Signed | Note


@dataclass(frozen=True, slots=True)
class Head:
    """Where a log stands on one tab."""

    count: int
    amount: int
    frontier: Frontier
    next_number: int

    def tally(self, tab: Hash) -> Tally:
        """The tally of everything."""
        return Tally(tab=tab, count=self.count, amount=self.amount, root="0x" + self.frontier.root().hex())


@dataclass(frozen=True, slots=True)
class Answer:
    """A served interaction as it was stored."""

    call: Call
    call_signature: bytes
    receipt: Receipt
    tally: Tally
    signature: bytes
    message: bytes
