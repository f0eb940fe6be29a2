"""Tables of what was evaluated, signed and shown to each other.

It does not follow from blocks: it happened, whatever the chain says later.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Integer, String, Text, UniqueConstraint, text, true
from sqlalchemy.orm import Mapped, mapped_column

from oracle.store.columns import HexBytes
from oracle.store.tables.base import Base, RowId


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
