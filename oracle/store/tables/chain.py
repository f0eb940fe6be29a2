"""Tables of what the chain says: blocks, events, and what follows of jobs, committees and evaluators."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from oracle.store.columns import HexBytes
from oracle.store.tables.base import Base, FromBlock, RowId, UntilBlock, ended_rows


class Deployment(Base):
    """What this store follows. One row; a store serves one escrow on one chain."""

    __tablename__ = "deployment"

    chain_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    escrow: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    first_block: Mapped[int] = mapped_column(BigInteger)


class Block(FromBlock, Base):
    """Blocks that were read: all near the head, further back those with events. The highest is the cursor."""

    __tablename__ = "blocks"

    block_number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[str] = mapped_column(HexBytes)
    parent_hash: Mapped[str] = mapped_column(HexBytes)
    timestamp: Mapped[int] = mapped_column(BigInteger)


class EventRow(FromBlock, Base):
    """Every event of the escrow. `subject` is the job's or committee's id, or the account.

    `body` is its arguments as JSON text. An opening's lacks the agreement, which the job's row has:
    `oracle.store.bodies` puts it back.
    """

    __tablename__ = "events"
    __table_args__ = (
        # What every job has is left out: it is found quickly anyway, and would double the index.
        Index(
            "ix_events_rare",
            "name",
            "block_number",
            "log_index",
            sqlite_where=text("name NOT IN ('JobOpened', 'Delivered', 'Judged', 'JobClosed', 'FeesEarned')"),
            postgresql_where=text(
                "name NOT IN ('JobOpened', 'Delivered', 'Judged', 'JobClosed', 'FeesEarned')"
            ),
        ),
    )

    block_number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    log_index: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    tx_hash: Mapped[str] = mapped_column(HexBytes)
    name: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str | None] = mapped_column(HexBytes, index=True)
    body: Mapped[str] = mapped_column(Text)


class JobRow(FromBlock, Base):
    """What never changes about a job."""

    __tablename__ = "jobs"

    job: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    committee: Mapped[str] = mapped_column(HexBytes, index=True)
    buyer: Mapped[str] = mapped_column(HexBytes, index=True)
    provider: Mapped[str] = mapped_column(HexBytes, index=True)
    pact: Mapped[str] = mapped_column(HexBytes, index=True)
    opening_hash: Mapped[str] = mapped_column(HexBytes)
    agreement: Mapped[str] = mapped_column(Text)


class JobVersion(FromBlock, UntilBlock, Base):
    """A job's record after an event of it. The current version has no `until_block`."""

    __tablename__ = "job_versions"
    __table_args__ = (
        ended_rows("job_versions"),
        Index(
            "ix_job_versions_running",
            "committee",
            sqlite_where=text("until_block IS NULL AND state <> 4"),
            postgresql_where=text("until_block IS NULL AND state <> 4"),
        ),
        Index(
            "uq_job_versions_current",
            "job",
            unique=True,
            sqlite_where=text("until_block IS NULL"),
            postgresql_where=text("until_block IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    job: Mapped[str] = mapped_column(HexBytes)
    committee: Mapped[str] = mapped_column(HexBytes)
    log_index: Mapped[int] = mapped_column(Integer)
    state: Mapped[int] = mapped_column(Integer)
    record: Mapped[str] = mapped_column(Text)


class CommitteeRow(FromBlock, Base):
    """A committee's terms."""

    __tablename__ = "committees"

    committee: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    terms: Mapped[str] = mapped_column(Text)


class EvaluatorVersion(FromBlock, UntilBlock, Base):
    """An evaluator's record after an event of it. The current version has no `until_block`."""

    __tablename__ = "evaluator_versions"
    __table_args__ = (
        ended_rows("evaluator_versions"),
        Index(
            "uq_evaluator_versions_current",
            "committee",
            "evaluator",
            unique=True,
            sqlite_where=text("until_block IS NULL"),
            postgresql_where=text("until_block IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    committee: Mapped[str] = mapped_column(HexBytes)
    evaluator: Mapped[int] = mapped_column(Integer)
    log_index: Mapped[int] = mapped_column(Integer)
    key: Mapped[str] = mapped_column(HexBytes)
    record: Mapped[str] = mapped_column(Text)
