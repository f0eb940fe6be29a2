"""Tables of what is sent to the chain, and where it was mined."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from oracle.store.columns import HexBytes
from oracle.store.tables.base import Base, FromBlock, RowId, UntilBlock, ended_rows


class LaneRow(Base):
    """A sending key and the next nonce it will use."""

    __tablename__ = "lanes"

    sender: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    next_nonce: Mapped[int] = mapped_column(BigInteger)


class OutboxRow(UntilBlock, Base):
    """One thing to be done on chain. Live until its transaction is final (`until_block`) or it is dropped."""

    __tablename__ = "outbox"
    __table_args__ = (
        ended_rows("outbox"),
        Index(
            "ix_outbox_live",
            "sender",
            sqlite_where=text("until_block IS NULL AND dropped IS NULL"),
            postgresql_where=text("until_block IS NULL AND dropped IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    sender: Mapped[str] = mapped_column(HexBytes)
    purpose: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str | None] = mapped_column(HexBytes, index=True)
    target: Mapped[str] = mapped_column(HexBytes)
    data: Mapped[str] = mapped_column(HexBytes)
    nonce: Mapped[int | None] = mapped_column(BigInteger)
    gas: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[float]
    retry_at: Mapped[float] = mapped_column(default=0.0)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    dropped: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(Text)


class TransactionRow(Base):
    """A signed transaction: stored before it is sent, kept for ever."""

    __tablename__ = "transactions"

    tx_hash: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    entry: Mapped[int] = mapped_column(BigInteger, index=True)
    sequence: Mapped[int] = mapped_column(Integer)
    nonce: Mapped[int] = mapped_column(BigInteger)
    noop: Mapped[bool]
    max_fee: Mapped[int] = mapped_column(BigInteger)
    priority_fee: Mapped[int] = mapped_column(BigInteger)
    raw: Mapped[str] = mapped_column(HexBytes)
    signed_at: Mapped[float]
    sent_at: Mapped[float | None]
    underpriced: Mapped[bool] = mapped_column(default=False)
    abandoned: Mapped[bool] = mapped_column(default=False)


class ReceiptRow(FromBlock, Base):
    """Where one of our transactions was mined."""

    __tablename__ = "receipts"

    tx_hash: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    block_hash: Mapped[str] = mapped_column(HexBytes)
    ok: Mapped[bool]
    gas_used: Mapped[int] = mapped_column(BigInteger)
    gas_price: Mapped[int] = mapped_column(BigInteger)
