"""What evaluators exchange"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import oracle.store.columns

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""

    op.create_table(
        "commitments",
        sa.Column("subject", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("deliverable", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("committee", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("evaluator", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("signer", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("commitment", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("signature", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("stored_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint(
            "subject", "deliverable", "committee", "evaluator", "signer", name=op.f("pk_commitments")
        ),
    )
    op.create_table(
        "equivocations",
        sa.Column("subject", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("deliverable", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("committee", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("evaluator", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("attestation_a", sa.BigInteger(), nullable=False),
        sa.Column("attestation_b", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "subject", "deliverable", "committee", "evaluator", name=op.f("pk_equivocations")
        ),
    )
    op.create_table(
        "peer_incidents",
        sa.Column("committee", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("evaluator", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("subject", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.Double(), nullable=False),
        sa.Column("last_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("committee", "evaluator", "kind", "subject", name=op.f("pk_peer_incidents")),
    )
    op.create_table(
        "peer_nonces",
        sa.Column("signer", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("nonce", oracle.store.columns.HexBytes(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("signer", "nonce", name=op.f("pk_peer_nonces")),
    )
    with op.batch_alter_table("peer_nonces", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_peer_nonces_expires_at"), ["expires_at"], unique=False)

    with op.batch_alter_table("attestations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("salt", oracle.store.columns.HexBytes(), nullable=True))
        batch_op.add_column(sa.Column("opens", sa.Boolean(), server_default=sa.true(), nullable=False))
        batch_op.add_column(sa.Column("seen_at", sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    """Undo."""

    with op.batch_alter_table("attestations", schema=None) as batch_op:
        batch_op.drop_column("seen_at")
        batch_op.drop_column("opens")
        batch_op.drop_column("salt")

    with op.batch_alter_table("peer_nonces", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_peer_nonces_expires_at"))

    op.drop_table("peer_nonces")
    op.drop_table("peer_incidents")
    op.drop_table("equivocations")
    op.drop_table("commitments")
