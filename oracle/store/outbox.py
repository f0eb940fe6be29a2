"""The outbox: what is to be done on chain, the transactions signed for it, and where they were mined."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session, defer

from oracle.decide.due import Purpose
from oracle.decide.lane import Attempt, Entry, Fees, Mined
from oracle.domain.types import Address, Hash
from oracle.store.among import among
from oracle.store.rows import insert_rows, table_of
from oracle.store.tables import LaneRow, OutboxRow, ReceiptRow, TransactionRow


@dataclass(frozen=True, slots=True)
class Call:
    """A call to be made. `subject` is the job's id."""

    purpose: Purpose
    subject: Hash | None
    target: Address
    data: bytes


@dataclass(frozen=True, slots=True)
class LiveEntry:
    """An outbox row that is neither final nor dropped."""

    id: int
    sender: Address
    call: Call
    nonce: int | None
    gas: int | None
    retry_at: float
    tries: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed transaction as it is stored. Fees in wei per gas."""

    tx_hash: Hash
    raw: bytes
    nonce: int
    fees: Fees
    noop: bool


@dataclass(frozen=True, slots=True)
class MinedIn:
    """Where a transaction was mined, what it used (gas) and paid (wei per gas)."""

    tx_hash: Hash
    block_number: int
    block_hash: Hash
    ok: bool
    gas_used: int
    gas_price: int


_LIVE = (OutboxRow.until_block.is_(None), OutboxRow.dropped.is_(None))
_WAIT_AFTER_FAILURE = 5.0  # seconds, doubled for each transaction that was mined and failed
_MOST_DOUBLINGS = 8


def _unmined() -> ColumnElement[bool]:
    """Whether an outbox row's fate is open: none of its transactions was mined, as far as is stored.

    One that was mined has done what it could. If it failed, or was the no-op in its place, its purpose must
    be open to a new entry now, not when its block is final: a verdict may have minutes left.
    """
    return ~exists().where(
        TransactionRow.entry == OutboxRow.id,
        TransactionRow.abandoned.is_(False),
        ReceiptRow.tx_hash == TransactionRow.tx_hash,
    )


def _mined_up_to(block: int) -> ColumnElement[bool]:
    """Whether one of an outbox row's transactions was mined in this block or before."""
    return exists().where(
        TransactionRow.entry == OutboxRow.id,
        TransactionRow.abandoned.is_(False),
        ReceiptRow.tx_hash == TransactionRow.tx_hash,
        ReceiptRow.block_number <= block,
    )


def next_nonce(session: Session, sender: Address) -> int:
    """The next nonce of a lane; locks the lane until the transaction ends. A new lane starts at 0."""
    row = session.scalars(select(LaneRow).where(LaneRow.sender == sender).with_for_update()).one_or_none()
    if row is None:
        session.add(LaneRow(sender=sender, next_nonce=0))
        session.flush()
        return 0
    return row.next_nonce


def seen_nonce(session: Session, sender: Address) -> int:
    """The next nonce of a lane as it is now; others may change it."""
    return session.scalar(select(LaneRow.next_nonce).where(LaneRow.sender == sender)) or 0


def set_next_nonce(session: Session, sender: Address, nonce: int) -> None:
    """Change the next nonce of a lane that exists."""
    session.execute(update(LaneRow).where(LaneRow.sender == sender).values(next_nonce=nonce))


def enqueue(session: Session, sender: Address, call: Call) -> int | None:
    """Add one call; see `enqueue_all`."""
    return enqueue_all(session, sender, [call])[0]


def enqueue_all(session: Session, sender: Address, calls: Sequence[Call]) -> list[int | None]:
    """Add calls, unless one of the same purpose and subject is on its way. For each its entry, or None.

    One for which nothing is signed yet takes over the new call's data: what it was queued with may have
    become void, as when a signer of its verdict changed its key. After transactions that were mined and
    failed the new entry waits, longer each time.
    """
    next_nonce(session, sender)  # locks the lane: two workers must not both find nothing
    subjects = {call.subject for call in calls}
    query = select(OutboxRow).where(*_LIVE, _unmined(), among(session, OutboxRow.subject, subjects))
    known = {(row.purpose, row.subject): row for row in session.scalars(query)}
    failures = _failures(session, subjects)
    changed: list[OutboxRow | None] = []
    for call in calls:
        same = (call.purpose.value, call.subject)
        row = known.get(same)
        data = "0x" + call.data.hex()
        if row is None:
            row = known[same] = _row(sender, call, nonce=None)
            if failed := failures.get(same):
                row.retry_at = time.time() + _WAIT_AFTER_FAILURE * 2 ** min(failed - 1, _MOST_DOUBLINGS)
            session.add(row)
        elif row.nonce is not None or row.data == data:
            changed.append(None)
            continue
        else:
            row.data, row.target, row.tries, row.retry_at, row.error = data, call.target, 0, 0.0, None
        changed.append(row)
    session.flush()
    return [None if row is None else row.id for row in changed]


def _failures(session: Session, subjects: Collection[Hash | None]) -> dict[tuple[str, Hash | None], int]:
    """How many transactions were mined and failed, by purpose and subject."""
    query = (
        select(OutboxRow.purpose, OutboxRow.subject, func.count())
        .join(TransactionRow, TransactionRow.entry == OutboxRow.id)
        .join(ReceiptRow, ReceiptRow.tx_hash == TransactionRow.tx_hash)
        .where(among(session, OutboxRow.subject, subjects), ReceiptRow.ok.is_(False))
        .group_by(OutboxRow.purpose, OutboxRow.subject)
    )
    return {(purpose, subject): count for purpose, subject, count in session.execute(query)}


def add_fill(session: Session, sender: Address, nonce: int) -> int:
    """Add an entry that only uses up a nonce."""
    row = _row(sender, Call(Purpose.FILL, None, sender, b""), nonce=nonce)
    session.add(row)
    session.flush()
    return row.id


def _row(sender: Address, call: Call, nonce: int | None) -> OutboxRow:
    return OutboxRow(
        sender=sender,
        purpose=call.purpose.value,
        subject=call.subject,
        target=call.target,
        data="0x" + call.data.hex(),
        nonce=nonce,
        created_at=time.time(),
    )


def live_entries(
    session: Session,
    sender: Address,
    *,
    nonce_latest: int = 0,
    finalized: int | None = None,
    queued: int | None = None,
) -> list[LiveEntry]:
    """A lane's live entries with which something may be to be done, oldest first.

    Args:
        nonce_latest: Mined nonces from this one on are listed too: nothing else may be sent there.
        finalized: Entries mined above this block are left out: they only wait. None lists all.
        queued: Most entries without a nonce to list, those that need not wait first; None: all.
    """
    own = select(OutboxRow).where(OutboxRow.sender == sender, *_LIVE)
    holding = own.where(OutboxRow.nonce.is_not(None))
    if finalized is not None:
        holding = holding.where(or_(OutboxRow.nonce >= nonce_latest, _unmined(), _mined_up_to(finalized)))
    waiting = own.where(OutboxRow.nonce.is_(None)).order_by(OutboxRow.retry_at, OutboxRow.id).limit(queued)
    rows = [*session.scalars(holding), *session.scalars(waiting)]
    return sorted(map(_live, rows), key=lambda entry: entry.id)


def pending_purposes(session: Session) -> dict[Hash, set[Purpose]]:
    """Purposes by subject of what is signed and not known to be mined.

    What is only queued does not count: it is decided anew each turn, and goes out with what holds then.
    """
    query = select(OutboxRow.subject, OutboxRow.purpose).where(
        *_LIVE, OutboxRow.nonce.is_not(None), OutboxRow.subject.is_not(None), _unmined()
    )
    found: dict[Hash, set[Purpose]] = {}
    for subject, purpose in session.execute(query):
        if subject is not None:
            found.setdefault(subject, set()).add(Purpose(purpose))
    return found


def lane_entries(session: Session, entries: Sequence[LiveEntry], wanted: Collection[int]) -> list[Entry]:
    """Live entries as the lane's decision sees them; `wanted` are those whose purpose still stands."""
    attempts = _attempts(session, [entry.id for entry in entries])
    return [
        Entry(
            id=entry.id,
            wanted=entry.id in wanted,
            nonce=entry.nonce,
            attempts=tuple(attempts.get(entry.id, ())),
            retry_at=entry.retry_at,
        )
        for entry in entries
    ]


def _attempts(session: Session, entries: Collection[int]) -> dict[int, list[Attempt]]:
    query = (
        select(TransactionRow)
        .options(defer(TransactionRow.raw))
        .where(among(session, TransactionRow.entry, entries), TransactionRow.abandoned.is_(False))
        .order_by(TransactionRow.entry, TransactionRow.sequence)
    )
    rows = list(session.scalars(query))
    receipts = select(ReceiptRow.tx_hash, ReceiptRow.block_number, ReceiptRow.ok).where(
        among(session, ReceiptRow.tx_hash, [row.tx_hash for row in rows])
    )
    mined = {tx_hash: Mined(block, ok) for tx_hash, block, ok in session.execute(receipts)}
    found: dict[int, list[Attempt]] = {}
    for row in rows:
        found.setdefault(row.entry, []).append(
            Attempt(
                tx_hash=row.tx_hash,
                fees=Fees(row.max_fee, row.priority_fee),
                noop=row.noop,
                signed_at=row.signed_at,
                sent_at=row.sent_at,
                underpriced=row.underpriced,
                mined=mined.get(row.tx_hash),
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class Stored:
    """A signed transaction with the entry it is for, and the gas limit it took."""

    entry: int
    signed: Signed
    gas: int


def save_signed(session: Session, made: Sequence[Stored], now: float) -> None:
    """Store signed transactions of entries, and the nonces they took. Bytes that are stored already stay."""
    entries = [item.entry for item in made]
    counts = select(TransactionRow.entry, func.count()).where(TransactionRow.entry.in_(entries))
    sequences = dict(session.execute(counts.group_by(TransactionRow.entry)).all())
    hashes = select(TransactionRow.tx_hash).where(
        TransactionRow.tx_hash.in_([item.signed.tx_hash for item in made])
    )
    known = set(session.scalars(hashes))
    fresh = [item for item in made if item.signed.tx_hash not in known]
    insert_rows(
        session,
        TransactionRow,
        [
            {
                "tx_hash": item.signed.tx_hash,
                "entry": item.entry,
                "sequence": sequences.get(item.entry, 0),
                "nonce": item.signed.nonce,
                "noop": item.signed.noop,
                "max_fee": item.signed.fees.max_fee,
                "priority_fee": item.signed.fees.priority_fee,
                "raw": "0x" + item.signed.raw.hex(),
                "signed_at": now,
                "underpriced": False,
                "abandoned": False,
            }
            for item in fresh
        ],
    )
    _change(
        session,
        {"nonce": bindparam("took"), "gas": bindparam("limit"), "tries": 0, "retry_at": 0.0},
        [{"entry": item.entry, "took": item.signed.nonce, "limit": item.gas} for item in fresh],
    )


def raw_transactions(session: Session, hashes: Collection[Hash]) -> dict[Hash, bytes]:
    """The stored bytes of transactions, by hash."""
    query = select(TransactionRow.tx_hash, TransactionRow.raw).where(TransactionRow.tx_hash.in_(hashes))
    return {tx_hash: bytes.fromhex(raw[2:]) for tx_hash, raw in session.execute(query)}


def mark_sent(session: Session, sent: Mapping[Hash, bool], now: float) -> None:
    """Store that transactions were handed to a node, and for each whether it found it underpriced."""
    table = table_of(TransactionRow)
    if sent:
        session.connection().execute(
            update(table)
            .where(table.c.tx_hash == bindparam("sent"))
            .values(sent_at=now, underpriced=bindparam("refused")),
            [{"sent": tx_hash, "refused": underpriced} for tx_hash, underpriced in sent.items()],
        )


def attempts_of(session: Session, entry: int) -> list[Hash]:
    """Hashes of an entry's transactions that may still be mined."""
    return attempts_of_all(session, [entry]).get(entry, [])


def attempts_of_all(session: Session, entries: Collection[int]) -> dict[int, list[Hash]]:
    """The same for many, by entry."""
    query = select(TransactionRow.entry, TransactionRow.tx_hash).where(
        TransactionRow.entry.in_(entries), TransactionRow.abandoned.is_(False)
    )
    found: dict[int, list[Hash]] = {}
    for entry, tx_hash in session.execute(query):
        found.setdefault(entry, []).append(tx_hash)
    return found


def save_receipts(session: Session, found: Sequence[MinedIn]) -> None:
    """Store where transactions were mined; each block must be stored, or final."""
    table = table_of(ReceiptRow)
    hashes = [mined.tx_hash for mined in found]
    session.connection().execute(delete(table).where(table.c.tx_hash.in_(hashes)))
    insert_rows(
        session,
        ReceiptRow,
        [
            {
                "tx_hash": mined.tx_hash,
                "block_number": mined.block_number,
                "block_hash": mined.block_hash,
                "ok": mined.ok,
                "gas_used": mined.gas_used,
                "gas_price": mined.gas_price,
            }
            for mined in found
        ],
    )


def finish(session: Session, final: Collection[tuple[int, int, str | None]]) -> None:
    """Mark entries as final: of each its id, the block, and why it failed if it did."""
    _change(
        session,
        {"until_block": bindparam("block"), "error": bindparam("why")},
        [{"entry": entry, "block": block, "why": error} for entry, block, error in final],
    )


def requeue(session: Session, entry: int) -> None:
    """Take an entry's nonce back: its transactions can never be mined."""
    session.execute(update(TransactionRow).where(TransactionRow.entry == entry).values(abandoned=True))
    session.execute(update(OutboxRow).where(OutboxRow.id == entry).values(nonce=None, gas=None))


def drop(session: Session, entries: Collection[int], reason: str) -> None:
    """Forget entries for which nothing was signed."""
    _change(session, {"dropped": reason}, [{"entry": entry} for entry in entries])


def postpone(session: Session, failed: Collection[tuple[int, float, str]]) -> None:
    """Store when entries are tried again, Unix seconds, and why they could not be signed or sent."""
    _change(
        session,
        {
            "retry_at": bindparam("again_at"),
            "error": bindparam("why"),
            "tries": table_of(OutboxRow).c.tries + 1,
        },
        [{"entry": entry, "again_at": again_at, "why": error} for entry, again_at, error in failed],
    )


def _change(session: Session, values: dict[str, Any], entries: list[dict[str, Any]]) -> None:
    """Change the rows with the ids `entry`, past the unit of work."""
    table = table_of(OutboxRow)
    if entries:
        session.connection().execute(
            update(table).where(table.c.id == bindparam("entry")).values(values), entries
        )


def list_entries(session: Session, *, limit: int) -> list[tuple[LiveEntry, str]]:
    """The newest entries with a word for where each stands: queued, pending, mined, final or dropped."""
    rows = list(session.scalars(select(OutboxRow).order_by(OutboxRow.id.desc()).limit(limit)))
    mined = {
        entry
        for entry, attempts in _attempts(session, [row.id for row in rows]).items()
        if any(attempt.mined for attempt in attempts)
    }
    return [(_live(row), _standing(row, mined=row.id in mined)) for row in rows]


def _standing(row: OutboxRow, *, mined: bool) -> str:
    if row.dropped is not None:
        return "dropped"
    if row.until_block is not None:
        return "final"
    if mined:
        return "mined"
    return "queued" if row.nonce is None else "pending"


def _live(row: OutboxRow) -> LiveEntry:
    return LiveEntry(
        id=row.id,
        sender=row.sender,
        call=Call(Purpose(row.purpose), row.subject, row.target, bytes.fromhex(row.data[2:])),
        nonce=row.nonce,
        gas=row.gas,
        retry_at=row.retry_at,
        tries=row.tries,
        error=row.error,
    )
