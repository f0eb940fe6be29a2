"""Undoing orphaned blocks: one rule for every table, so that none can be missed."""

from __future__ import annotations

from typing import cast

from sqlalchemy import Table, delete, update
from sqlalchemy.orm import Session

from oracle.store.tables import Base, FromBlock, UntilBlock


def derived_tables() -> tuple[list[Table], list[Table]]:
    """Tables whose rows begin with a block, and tables whose rows a block may end."""
    tables = {mapper.class_: cast("Table", mapper.local_table) for mapper in Base.registry.mappers}
    return (
        [table for row, table in tables.items() if issubclass(row, FromBlock)],
        [table for row, table in tables.items() if issubclass(row, UntilBlock)],
    )


def roll_back(session: Session, to_block: int) -> None:
    """Undo everything that follows from blocks above `to_block`, in the caller's transaction."""
    begins, ends = derived_tables()
    for table in begins:
        session.execute(delete(table).where(table.c.block_number > to_block))
    for table in ends:
        session.execute(update(table).where(table.c.until_block > to_block).values(until_block=None))
    session.expire_all()
