"""Tables of what is told outside: by policies, as changes and feedback; and what benchmarks told of agents.

None of it follows from blocks: what was told was told, whatever the chain says later.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from oracle.store.columns import HexBytes
from oracle.store.tables.base import Base, RowId


class PolicyEventRow(Base):
    """What policies did: documents named by their hash, chained; see `oracle.policy.event`.

    It does not follow from blocks: whoever was called was called, whatever the chain says later. `told_at` is
    when the owner was told, where the event calls for it.
    """

    __tablename__ = "policy_events"

    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event: Mapped[str] = mapped_column(HexBytes, unique=True)
    link: Mapped[str] = mapped_column(HexBytes)
    policy: Mapped[str] = mapped_column(String(64), index=True)
    happened: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(String(100), index=True)
    time: Mapped[int] = mapped_column(BigInteger)
    body: Mapped[str] = mapped_column(Text)
    noted_at: Mapped[float]
    told_at: Mapped[float | None]


class FeedRow(Base):
    """How far events were made into changes; one row, from when somebody first listened.

    `height` and `height_hash` are the block looked at last: where it is orphaned, so may be what was said.
    """

    __tablename__ = "feed"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    begun: Mapped[int] = mapped_column(BigInteger)
    height: Mapped[int] = mapped_column(BigInteger)
    height_hash: Mapped[str] = mapped_column(HexBytes)


class ChangeRow(Base):
    """A change that was told, or is to be. It stays when its block is orphaned: it was told all the same."""

    __tablename__ = "changes"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    agent: Mapped[str | None] = mapped_column(HexBytes)
    subject: Mapped[str | None] = mapped_column(HexBytes)
    height: Mapped[int] = mapped_column(BigInteger, index=True)
    height_hash: Mapped[str] = mapped_column(HexBytes)
    orphaned: Mapped[bool] = mapped_column(default=False)
    body: Mapped[str] = mapped_column(Text)
    noticed_at: Mapped[float]


class AnnouncedRow(Base):
    """An agent's score and coverage as they were told last, and the changes that told them."""

    __tablename__ = "announced"

    provider: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    score: Mapped[int | None] = mapped_column(Integer)
    cap: Mapped[int] = mapped_column(BigInteger)
    exposure: Mapped[int] = mapped_column(BigInteger)
    score_change: Mapped[int | None] = mapped_column(BigInteger)
    coverage_change: Mapped[int | None] = mapped_column(BigInteger)


class WebhookRow(Base):
    """Who wants to be told. `kinds` by spaces; `agents` by spaces, empty for all. Its secret is not kept."""

    __tablename__ = "webhooks"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    kinds: Mapped[str] = mapped_column(String(120))
    agents: Mapped[str] = mapped_column(Text)
    created_at: Mapped[float]
    stopped: Mapped[str | None] = mapped_column(Text)


class DeliveryRow(Base):
    """A change to be told to one subscriber: stored before it is sent, and until long after."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index(
            "ix_webhook_deliveries_due",
            "webhook",
            "retry_at",
            sqlite_where=text("state = 'due'"),
            postgresql_where=text("state = 'due'"),
        ),
        UniqueConstraint("webhook", "change"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    webhook: Mapped[str] = mapped_column(String(40))
    change: Mapped[int] = mapped_column(BigInteger, index=True)
    message: Mapped[str] = mapped_column(String(64), unique=True)
    state: Mapped[str] = mapped_column(String(8))
    tries: Mapped[int] = mapped_column(Integer)
    retry_at: Mapped[float]
    error: Mapped[str | None] = mapped_column(Text)
    ended_at: Mapped[float | None]


class RegistryPostRow(Base):
    """What is said of an agent and a period in ERC-8004's reputation registry; see `registry.py`."""

    __tablename__ = "registry_posts"

    subject: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    agent_id: Mapped[str] = mapped_column(String(78))  # uint256 as decimal text
    provider: Mapped[str] = mapped_column(HexBytes, index=True)
    period_start: Mapped[int] = mapped_column(BigInteger)
    period_end: Mapped[int] = mapped_column(BigInteger)
    passes: Mapped[int] = mapped_column(BigInteger)
    failures: Mapped[int] = mapped_column(BigInteger)
    value: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str] = mapped_column(HexBytes, index=True)
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(8), index=True)
    reason: Mapped[str | None] = mapped_column(Text)
    tries: Mapped[int] = mapped_column(Integer)
    retry_at: Mapped[float]
    summary_count: Mapped[int | None] = mapped_column(BigInteger)
    summary_value: Mapped[int | None] = mapped_column(BigInteger)
    updated_at: Mapped[float]


class ScreeningRow(Base):
    """A public benchmark's result about an agent: shown as what it is, never evidence."""

    __tablename__ = "screenings"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    provider: Mapped[str] = mapped_column(HexBytes, index=True)
    agent_id: Mapped[str | None] = mapped_column(String(78))
    benchmark: Mapped[str] = mapped_column(Text)
    result: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    measured_on: Mapped[str] = mapped_column(String(10))
    scope: Mapped[str] = mapped_column(Text)
    added_at: Mapped[float]
