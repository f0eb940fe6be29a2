"""What was read from the chain: blocks, events, and the records they add up to."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from oracle.decide.reorg import BlockId
from oracle.domain.types import Address, Hash
from oracle.store.database import StoreError
from oracle.store.rows import insert_tuples
from oracle.store.tables import Block, Deployment, EventRow, TabEventRow


@dataclass(frozen=True, slots=True)
class Header:
    """A block as stored. `timestamp` in Unix seconds."""

    number: int
    hash: Hash
    parent_hash: Hash
    timestamp: int


_HEAD = (
    select(Block.block_number, Block.hash, Block.parent_hash, Block.timestamp)
    .order_by(Block.block_number.desc())
    .limit(1)
)


def bind_deployment(session: Session, chain_id: int, escrow: Address, first_block: int) -> None:
    """Tie an empty store to one escrow on one chain, or check that it is the one.

    Raises:
        StoreError: the store follows another escrow or another chain.
    """
    row = session.scalars(select(Deployment)).one_or_none()
    if row is None:
        session.add(Deployment(chain_id=chain_id, escrow=escrow, first_block=first_block))
    elif (row.chain_id, row.escrow) != (chain_id, escrow):
        raise StoreError(
            f"the store follows escrow {row.escrow} on chain {row.chain_id}, "
            f"the configuration names {escrow} on chain {chain_id}",
            field="database.url",
            next_step="use another database, or correct the deployment",
        )


def bound_deployment(session: Session) -> tuple[int, Address] | None:
    """Chain id and escrow this store follows; None where it follows none yet."""
    row = session.scalars(select(Deployment)).one_or_none()
    return None if row is None else (row.chain_id, row.escrow)


def cursor(session: Session) -> BlockId | None:
    """The last block read; None before the first."""
    row = session.scalars(select(Block).order_by(Block.block_number.desc()).limit(1)).one_or_none()
    return None if row is None else BlockId(row.block_number, row.hash)


def head(session: Session) -> Header | None:
    """The last block read, as stored; None before the first."""
    row = session.execute(_HEAD).one_or_none()
    return None if row is None else Header(*row)


def now(session: Session) -> int:
    """The time of the last block read, Unix seconds; 0 before the first."""
    return session.scalar(select(Block.timestamp).order_by(Block.block_number.desc()).limit(1)) or 0


def recent_blocks(session: Session, *, below: int, limit: int) -> list[BlockId]:
    """Stored blocks numbered below `below`, highest first."""
    query = (
        select(Block.block_number, Block.hash)
        .where(Block.block_number < below)
        .order_by(Block.block_number.desc())
        .limit(limit)
    )
    return [BlockId(number, hash_) for number, hash_ in session.execute(query)]


def block_hashes(session: Session, numbers: Collection[int]) -> dict[int, Hash]:
    """The hashes of those of these blocks that are stored, by number."""
    query = select(Block.block_number, Block.hash).where(Block.block_number.in_(numbers))
    return dict(session.execute(query).all())


def block_times(session: Session, numbers: Collection[int]) -> dict[int, int]:
    """The times (Unix seconds) of those of these blocks that are stored, by number."""
    query = select(Block.block_number, Block.timestamp).where(Block.block_number.in_(numbers))
    return dict(session.execute(query).all())


def save_blocks(session: Session, headers: Iterable[Header]) -> None:
    """Store headers that are not yet stored."""
    insert_tuples(
        session,
        Block,
        ("block_number", "hash", "parent_hash", "timestamp"),
        [(header.number, header.hash, header.parent_hash, header.timestamp) for header in headers],
    )


def forget_blocks(session: Session, start: int, end: int) -> None:
    """Take away headers of blocks from `start` up to before `end`, unless something happened in them: whoever
    tells of that needs their hash and time.
    """
    number = Block.block_number
    session.execute(
        delete(Block).where(
            number >= start,
            number < end,
            ~exists().where(EventRow.block_number == number),
            ~exists().where(TabEventRow.block_number == number),
        )
    )


def header_at(session: Session, number: int) -> Header | None:
    """A stored header; None where that block's is not kept."""
    row = session.get(Block, number)
    return None if row is None else Header(row.block_number, row.hash, row.parent_hash, row.timestamp)
