"""Tables of what closed jobs and periods say of agents; made from the chain's, again and again."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from oracle.store.columns import HexBytes
from oracle.store.tables.base import Base, FromBlock


class ScoreEvidenceRow(FromBlock, Base):
    """What a closed job says of its provider; see `oracle.score.evidence`.

    `outlay` is the buyer's with the roots of `ScoreProgressRow`. Amounts beyond 63 bits are kept as the
    largest such number: no score can tell them apart.
    """

    __tablename__ = "score_evidence"
    __table_args__ = (
        Index("ix_score_evidence_agent", "provider", "block_number", "log_index"),
        Index("ix_score_evidence_buyer", "buyer", "outlay"),
    )

    block_number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    log_index: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    subject: Mapped[str] = mapped_column(HexBytes)
    period: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(16))
    provider: Mapped[str] = mapped_column(HexBytes)
    agent_id: Mapped[str] = mapped_column(String(78))  # uint256 as decimal text
    buyer: Mapped[str] = mapped_column(HexBytes)
    committee: Mapped[str] = mapped_column(HexBytes)
    at: Mapped[int] = mapped_column(BigInteger)
    finding: Mapped[str] = mapped_column(String(16))
    contest: Mapped[str] = mapped_column(String(16))
    value: Mapped[int] = mapped_column(BigInteger)
    bond: Mapped[int] = mapped_column(BigInteger)
    secured: Mapped[bool]
    outlay: Mapped[int] = mapped_column(BigInteger)


class ScoreProgressRow(FromBlock, Base):
    """How far closed jobs were made into evidence; the highest block counts. `roots` hashes those used."""

    __tablename__ = "score_progress"

    block_number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    roots: Mapped[str] = mapped_column(HexBytes)


class StandingRow(FromBlock, Base):
    """An agent's score, coverage, freshness and price as of a block since which nothing has happened to it.

    Made from evidence, for lists that filter by them; `day` counts days since 1970. See `standings.py`.
    """

    __tablename__ = "standings"

    provider: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    day: Mapped[int] = mapped_column(BigInteger, index=True)
    jobs: Mapped[int] = mapped_column(BigInteger)
    first_block: Mapped[int] = mapped_column(BigInteger)
    score: Mapped[int | None] = mapped_column(Integer, index=True)
    lower: Mapped[int] = mapped_column(Integer)
    upper: Mapped[int] = mapped_column(Integer)
    running: Mapped[int] = mapped_column(BigInteger)
    exposure: Mapped[int] = mapped_column(BigInteger)
    cap: Mapped[int] = mapped_column(BigInteger)
    last_pass: Mapped[int | None] = mapped_column(BigInteger)
    price: Mapped[int] = mapped_column(BigInteger)


class StandingProgressRow(FromBlock, Base):
    """How far standings are up to date; the highest block counts. `roots` hashes those used."""

    __tablename__ = "standing_progress"

    block_number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    roots: Mapped[str] = mapped_column(HexBytes)
