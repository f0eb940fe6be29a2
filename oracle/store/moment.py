"""The block a reader reads at, with its hash and time."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from oracle.domain.errors import EarnestError
from oracle.domain.types import Hash
from oracle.score.document import At
from oracle.store import chain as chain_store
from oracle.store import tabs
from oracle.store.tables import Block, EventRow, TabEventRow


class UnknownBlockError(EarnestError):
    """A block is not read yet, or its header is not kept."""


def at_block(session: Session, block: int | None) -> At:
    """The block asked for, or the newest.

    Raises:
        UnknownBlockError: nothing was read yet, or the block is not known, or its header is no longer kept.
    """
    deployment, head = chain_store.bound_deployment(session), chain_store.cursor(session)
    if deployment is None or head is None:
        raise UnknownBlockError("the store is empty", next_step="let oracle run read the chain first")
    if block is not None and block > head.number:
        raise UnknownBlockError(
            f"block {block} is not read yet; the newest is {head.number}",
            field="at",
            next_step="name an earlier block, or wait",
        )
    wanted = head.number if block is None else block
    header = chain_store.header_at(session, wanted)
    if header is None:
        raise UnknownBlockError(
            f"block {wanted} is not kept: headers are, near the head and where something happened",
            field="at",
            next_step="name a block with an event of the escrow",
        )
    chain_id, escrow = deployment
    return At(
        chain_id=chain_id,
        escrow=escrow,
        tabs=tabs.followed(session),
        block=header.number,
        block_hash=header.hash,
        time=header.timestamp,
    )


def newest_event(session: Session) -> tuple[int, int, Hash] | None:
    """Block, log index and block hash of the newest event of escrow or tabs; None where there is none."""
    places = [
        (found.block_number, found.log_index, found.hash)
        for row in (EventRow, TabEventRow)
        if (
            found := session.execute(
                select(row.block_number, row.log_index, Block.hash)
                .join(Block, Block.block_number == row.block_number)
                .order_by(row.block_number.desc(), row.log_index.desc())
                .limit(1)
            ).one_or_none()
        )
        is not None
    ]
    return max(places, default=None)
