"""What all tables share, and how a table says that its rows follow from blocks."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Integer, MetaData, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# Alembic needs names it can find again, on both databases.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# SQLite gives out row ids only for INTEGER; PostgreSQL wants 64 bits.
RowId = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """All tables."""

    metadata = MetaData(naming_convention=NAMING)


class FromBlock:
    """A row that exists because of a block: a rollback below the block deletes it."""

    block_number: Mapped[int] = mapped_column(BigInteger, index=True)


class UntilBlock:
    """A row that a later block ended: a rollback below that block makes it current again.

    Its table has the index of `ended_rows`.
    """

    until_block: Mapped[int | None] = mapped_column(BigInteger)


def ended_rows(table: str) -> Index:
    """The index by which a rollback finds the rows of a table of `UntilBlock` that it makes current again.

    Current rows are no part of it: SQLite would take "is current", which all of history is, for the rarest
    of a question's conditions, and look through every current row for a few jobs'.
    """
    only = text("until_block IS NOT NULL")
    return Index(f"ix_{table}_until_block", "until_block", sqlite_where=only, postgresql_where=only)
