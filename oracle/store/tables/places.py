"""Tables of this database itself: where it lay last, and whether it came from a backup."""

from __future__ import annotations

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from oracle.store.tables.base import Base, RowId


class HoldRow(Base):
    """That this database came from a backup, and since when; see `holds.py`. Released by the operator."""

    __tablename__ = "holds"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    backup_at: Mapped[float | None]
    noticed_at: Mapped[float | None]
    released_at: Mapped[float | None]


class HomeRow(Base):
    """Where this database last woke; see `home.py`. One row."""

    __tablename__ = "home"

    place: Mapped[str] = mapped_column(Text, primary_key=True)
