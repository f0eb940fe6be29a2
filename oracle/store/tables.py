"""Every table. Times are Unix seconds, hashes and addresses 0x-hex, `body` and `terms` JSON.

Whatever follows from blocks carries its block, by one of two mixins, so that one generic rollback
(`rollback.py`) undoes it; a test refuses a table that names a block in any other way. What was signed or
evaluated does not follow from blocks: it happened, whatever the chain says later.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Integer, MetaData, String, Text, UniqueConstraint, text, true
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from oracle.store.columns import HexBytes

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
    """A row that a later block ended: a rollback below that block makes it current again."""

    until_block: Mapped[int | None] = mapped_column(BigInteger, index=True)


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
    """Every event of the escrow. `subject` is the job's or committee's id, or the account."""

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


class TabRow(FromBlock, Base):
    """What never changes about a tab. `members`: who may sign for it, as bits."""

    __tablename__ = "tabs"

    tab: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    buyer: Mapped[str] = mapped_column(HexBytes, index=True)
    provider: Mapped[str] = mapped_column(HexBytes, index=True)
    committee: Mapped[str] = mapped_column(HexBytes, index=True)
    pact: Mapped[str] = mapped_column(HexBytes)
    agreement: Mapped[str] = mapped_column(Text)
    members: Mapped[int] = mapped_column(BigInteger)


class TabEventRow(FromBlock, Base):
    """Every event of the tab contract that is about one tab. `at`: its block's time, Unix seconds."""

    __tablename__ = "tab_events"
    __table_args__ = (Index("ix_tab_events_name", "name", "block_number"),)

    block_number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    log_index: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    tx_hash: Mapped[str] = mapped_column(HexBytes)
    at: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(40))
    tab: Mapped[str] = mapped_column(HexBytes, index=True)
    body: Mapped[str] = mapped_column(Text)


class TabSourceRow(Base):
    """The tab contract that is followed, all of whose events up to what was read are stored. One row."""

    __tablename__ = "tab_source"

    contract: Mapped[str] = mapped_column(HexBytes, primary_key=True)


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


class ReceiptRow(FromBlock, Base):
    """Where one of our transactions was mined."""

    __tablename__ = "receipts"

    tx_hash: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    block_hash: Mapped[str] = mapped_column(HexBytes)
    ok: Mapped[bool]
    gas_used: Mapped[int] = mapped_column(BigInteger)
    gas_price: Mapped[int] = mapped_column(BigInteger)


class EvaluationRow(Base):
    """The evaluation of one deliverable of one job, as far as it is."""

    __tablename__ = "evaluations"
    __table_args__ = (
        Index(
            "ix_evaluations_running",
            "updated_at",
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
    )

    job: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    deliverable: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    anchor_hash: Mapped[str] = mapped_column(HexBytes)
    state: Mapped[str] = mapped_column(String(16))
    tries: Mapped[int] = mapped_column(Integer, default=0)
    retry_at: Mapped[float] = mapped_column(default=0.0)
    outcome: Mapped[int] = mapped_column(Integer, default=0)
    evidence: Mapped[str | None] = mapped_column(HexBytes)
    reason: Mapped[str] = mapped_column(Text, default="")
    updated_at: Mapped[float]


class JournalRow(Base):
    """The signing journal: what a key signed, or was about to. Never changed, never deleted."""

    __tablename__ = "signing_journal"

    signer: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    domain: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    subject: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    deliverable: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    outcome: Mapped[int] = mapped_column(Integer)
    payable: Mapped[str] = mapped_column(String(78))  # uint256 as decimal text
    evidence: Mapped[str] = mapped_column(HexBytes)
    digest: Mapped[str] = mapped_column(HexBytes)
    written_at: Mapped[float]


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


class AttestationRow(Base):
    """Attestations, our own and others', each checked before it was stored.

    `salt` opens the commitment to it; `opens` is false where it is not what its evaluator had committed to.
    `seen_at` is the chain's time when it was stored.
    """

    __tablename__ = "attestations"
    __table_args__ = (UniqueConstraint("subject", "deliverable", "committee", "evaluator", "digest"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    subject: Mapped[str] = mapped_column(HexBytes)
    deliverable: Mapped[str] = mapped_column(HexBytes)
    committee: Mapped[str] = mapped_column(HexBytes)
    evaluator: Mapped[int] = mapped_column(Integer)
    signer: Mapped[str] = mapped_column(HexBytes)
    outcome: Mapped[int] = mapped_column(Integer)
    payable: Mapped[str] = mapped_column(String(78))
    evidence: Mapped[str] = mapped_column(HexBytes)
    digest: Mapped[str] = mapped_column(HexBytes)
    r: Mapped[str] = mapped_column(HexBytes)
    vs: Mapped[str] = mapped_column(HexBytes)
    received_at: Mapped[float]
    salt: Mapped[str | None] = mapped_column(HexBytes)
    opens: Mapped[bool] = mapped_column(default=True, server_default=true())
    seen_at: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")


class CommitmentRow(Base):
    """What evaluators bound themselves to before they saw each other's attestations. The first one stands."""

    __tablename__ = "commitments"

    subject: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    deliverable: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    committee: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    evaluator: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    signer: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    commitment: Mapped[str] = mapped_column(HexBytes)
    signature: Mapped[str] = mapped_column(HexBytes)
    stored_at: Mapped[float]


class EquivocationRow(Base):
    """Two attestations of one evaluator that contradict each other: a proof the contract takes."""

    __tablename__ = "equivocations"

    subject: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    deliverable: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    committee: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    evaluator: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    attestation_a: Mapped[int] = mapped_column(BigInteger)
    attestation_b: Mapped[int] = mapped_column(BigInteger)
    seen_at: Mapped[int] = mapped_column(BigInteger)


class PeerNonceRow(Base):
    """Nonces of peers' requests, kept until the chain's time they name is too old anyway."""

    __tablename__ = "peer_nonces"

    signer: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    nonce: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    expires_at: Mapped[float] = mapped_column(index=True)


class PeerIncidentRow(Base):
    """What a peer did that it should not have, or did not do: one row a kind and subject, counted."""

    __tablename__ = "peer_incidents"

    committee: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    evaluator: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(24), primary_key=True)
    subject: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    detail: Mapped[str] = mapped_column(Text)
    times: Mapped[int] = mapped_column(Integer)
    first_at: Mapped[float]
    last_at: Mapped[float]


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


class LaneRow(Base):
    """A sending key and the next nonce it will use."""

    __tablename__ = "lanes"

    sender: Mapped[str] = mapped_column(HexBytes, primary_key=True)
    next_nonce: Mapped[int] = mapped_column(BigInteger)


class OutboxRow(UntilBlock, Base):
    """One thing to be done on chain. Live until its transaction is final (`until_block`) or it is dropped."""

    __tablename__ = "outbox"
    __table_args__ = (
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
