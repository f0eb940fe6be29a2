"""The outbox: what is to be done on chain, the transactions signed for it, and where they were mined."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func, select, update
from sqlalchemy.orm import Session

from oracle.decide.due import Purpose
from oracle.decide.lane import Attempt, Entry, Fees, Mined
from oracle.domain.types import Address, Hash
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


def next_nonce(session: Session, sender: Address) -> int:
    """The next nonce of a lane; locks the lane until the transaction ends. A new lane starts at 0."""
    row = session.scalars(select(LaneRow).where(LaneRow.sender == sender).with_for_update()).one_or_none()
    if row is None:
        session.add(LaneRow(sender=sender, next_nonce=0))
        session.flush()
        return 0
    return row.next_nonce


def set_next_nonce(session: Session, sender: Address, nonce: int) -> None:
    """Change the next nonce of a lane that exists."""
    session.execute(update(LaneRow).where(LaneRow.sender == sender).values(next_nonce=nonce))


def enqueue(session: Session, sender: Address, call: Call) -> int | None:
    """Add a call, unless one with its purpose and subject is on its way. Returns the entry's id, or None.

    One for which nothing is signed yet takes over the new call's data: what it was queued with may have
    become void, as when a signer of its verdict changed its key. After transactions that were mined and
    failed the new entry waits, longer each time.
    """
    next_nonce(session, sender)  # locks the lane: two workers must not both find nothing
    same = (OutboxRow.purpose == call.purpose.value, OutboxRow.subject == call.subject)
    known = session.scalars(select(OutboxRow).where(*_LIVE, *same, _unmined())).first()
    if known is None:
        entry = _add(session, sender, call, nonce=None)
        failures = session.scalar(
            select(func.count())
            .select_from(OutboxRow)
            .join(TransactionRow, TransactionRow.entry == OutboxRow.id)
            .join(ReceiptRow, ReceiptRow.tx_hash == TransactionRow.tx_hash)
            .where(*same, ReceiptRow.ok.is_(False))
        )
        if failures:
            wait = _WAIT_AFTER_FAILURE * 2 ** min(failures - 1, _MOST_DOUBLINGS)
            session.execute(
                update(OutboxRow).where(OutboxRow.id == entry).values(retry_at=time.time() + wait)
            )
        return entry
    data = "0x" + call.data.hex()
    if known.nonce is not None or known.data == data:
        return None
    known.data, known.target, known.tries, known.retry_at, known.error = data, call.target, 0, 0.0, None
    return known.id


def add_fill(session: Session, sender: Address, nonce: int) -> int:
    """Add an entry that only uses up a nonce."""
    return _add(session, sender, Call(Purpose.FILL, None, sender, b""), nonce=nonce)


def _add(session: Session, sender: Address, call: Call, nonce: int | None) -> int:
    row = OutboxRow(
        sender=sender,
        purpose=call.purpose.value,
        subject=call.subject,
        target=call.target,
        data="0x" + call.data.hex(),
        nonce=nonce,
        created_at=time.time(),
    )
    session.add(row)
    session.flush()
    return row.id


def live_entries(session: Session, sender: Address) -> list[LiveEntry]:
    """A lane's live entries, oldest first."""
    rows = session.scalars(select(OutboxRow).where(OutboxRow.sender == sender, *_LIVE).order_by(OutboxRow.id))
    return [_live(row) for row in rows]


def pending_purposes(session: Session, subjects: Collection[Hash]) -> dict[Hash, set[Purpose]]:
    """Purposes by subject of what is signed and not known to be mined.

    What is only queued does not count: it is decided anew each turn, and goes out with what holds then.
    """
    query = select(OutboxRow.subject, OutboxRow.purpose).where(
        *_LIVE, OutboxRow.nonce.is_not(None), _unmined(), OutboxRow.subject.in_(subjects)
    )
    found: dict[Hash, set[Purpose]] = {}
    for subject, purpose in session.execute(query):
        if subject is not None:
            found.setdefault(subject, set()).add(Purpose(purpose))
    return found


def lane_entries(
    session: Session, entries: Sequence[LiveEntry], is_wanted: Callable[[LiveEntry], bool]
) -> list[Entry]:
    """Live entries as the lane's decision sees them."""
    attempts = _attempts(session, [entry.id for entry in entries])
    return [
        Entry(
            id=entry.id,
            wanted=is_wanted(entry),
            nonce=entry.nonce,
            attempts=tuple(attempts.get(entry.id, ())),
            retry_at=entry.retry_at,
        )
        for entry in entries
    ]


def _attempts(session: Session, entries: Collection[int]) -> dict[int, list[Attempt]]:
    query = (
        select(TransactionRow)
        .where(TransactionRow.entry.in_(entries), TransactionRow.abandoned.is_(False))
        .order_by(TransactionRow.entry, TransactionRow.sequence)
    )
    rows = list(session.scalars(query))
    receipts = select(ReceiptRow).where(ReceiptRow.tx_hash.in_([row.tx_hash for row in rows]))
    mined = {
        receipt.tx_hash: Mined(receipt.block_number, receipt.ok) for receipt in session.scalars(receipts)
    }
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


def save_signed(session: Session, entry: int, signed: Signed, gas: int, now: float) -> None:
    """Store a signed transaction of an entry, and the nonce and gas limit it took."""
    sequence = session.scalar(
        select(func.count()).select_from(TransactionRow).where(TransactionRow.entry == entry)
    )
    session.add(
        TransactionRow(
            tx_hash=signed.tx_hash,
            entry=entry,
            sequence=sequence,
            nonce=signed.nonce,
            noop=signed.noop,
            max_fee=signed.fees.max_fee,
            priority_fee=signed.fees.priority_fee,
            raw="0x" + signed.raw.hex(),
            signed_at=now,
        )
    )
    session.execute(
        update(OutboxRow)
        .where(OutboxRow.id == entry)
        .values(nonce=signed.nonce, gas=gas, tries=0, retry_at=0.0)
    )


def transaction_known(session: Session, tx_hash: Hash) -> bool:
    """Whether these very bytes are stored already."""
    return session.get(TransactionRow, tx_hash) is not None


def raw_transaction(session: Session, tx_hash: Hash) -> bytes | None:
    """The stored bytes of a transaction."""
    raw = session.scalar(select(TransactionRow.raw).where(TransactionRow.tx_hash == tx_hash))
    return None if raw is None else bytes.fromhex(raw[2:])


def mark_sent(session: Session, tx_hash: Hash, now: float, *, underpriced: bool = False) -> None:
    """Store that a transaction was handed to a node."""
    session.execute(
        update(TransactionRow)
        .where(TransactionRow.tx_hash == tx_hash)
        .values(sent_at=now, underpriced=underpriced)
    )


def attempts_of(session: Session, entry: int) -> list[Hash]:
    """Hashes of an entry's transactions that may still be mined."""
    query = select(TransactionRow.tx_hash).where(
        TransactionRow.entry == entry, TransactionRow.abandoned.is_(False)
    )
    return list(session.scalars(query))


def save_receipt(session: Session, mined: MinedIn) -> None:
    """Store where a transaction was mined; the block must be stored, or final."""
    session.merge(
        ReceiptRow(
            tx_hash=mined.tx_hash,
            block_number=mined.block_number,
            block_hash=mined.block_hash,
            ok=mined.ok,
            gas_used=mined.gas_used,
            gas_price=mined.gas_price,
        )
    )


def finish(session: Session, entry: int, block_number: int, error: str | None) -> None:
    """Mark an entry as final in a block."""
    session.execute(
        update(OutboxRow).where(OutboxRow.id == entry).values(until_block=block_number, error=error)
    )


def requeue(session: Session, entry: int) -> None:
    """Take an entry's nonce back: its transactions can never be mined."""
    session.execute(update(TransactionRow).where(TransactionRow.entry == entry).values(abandoned=True))
    session.execute(update(OutboxRow).where(OutboxRow.id == entry).values(nonce=None, gas=None))


def drop(session: Session, entry: int, reason: str) -> None:
    """Forget an entry for which nothing was signed."""
    session.execute(update(OutboxRow).where(OutboxRow.id == entry).values(dropped=reason))


def postpone(session: Session, entry: int, retry_at: float, error: str) -> None:
    """Store why an entry could not be signed or sent, and when it is tried again."""
    session.execute(
        update(OutboxRow)
        .where(OutboxRow.id == entry)
        .values(retry_at=retry_at, error=error, tries=OutboxRow.tries + 1)
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
