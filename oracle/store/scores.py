"""Evidence for trust scores, kept ready: each job and period once, with what its buyer had spent then."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from eth_hash.auto import keccak
from sqlalchemy import delete, func, select, text, tuple_
from sqlalchemy.orm import Session

from oracle.domain.types import Address, Hash
from oracle.score.evidence import Contest, Evidence, Finding, Kind
from oracle.store import closed, closed_periods
from oracle.store.closed import Closed
from oracle.store.rows import Row, insert_rows
from oracle.store.tables import Block, EventRow, ScoreEvidenceRow, ScoreProgressRow

_LARGEST = 2**63 - 1
_AT_ONCE = 400  # keys in one query; SQLite's older limit for parameters is 999
_KEPT = 1_000  # blocks of progress kept, so that a rollback finds one below it


def roots_hash(roots: Collection[Hash]) -> Hash:
    """A set of committees as one hash: keccak-256 of their ids in order, one after the other."""
    return "0x" + keccak(b"".join(bytes.fromhex(root[2:]) for root in sorted(set(roots)))).hex()


def progress(session: Session, roots: Collection[Hash]) -> int | None:
    """The block up to which evidence is ready with these roots; None where nothing is."""
    row = session.execute(
        select(ScoreProgressRow.block_number, ScoreProgressRow.roots)
        .order_by(ScoreProgressRow.block_number.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None or row.roots != roots_hash(roots) else row.block_number


def ready_at(session: Session, roots: Collection[Hash]) -> int | None:
    """The newest block whose closed jobs are all evidence with these roots; None where there is none."""
    done, head = progress(session, roots), session.scalar(select(func.max(Block.block_number)))
    if done is None or head is None or head <= done:
        return done
    return done if _closed_since(session, done) else head


def is_behind(session: Session, roots: Collection[Hash]) -> bool:
    """Whether `advance` has something to do that is worth a transaction."""
    done, head = progress(session, roots), session.scalar(select(func.max(Block.block_number)))
    if head is None or done is None:
        return head is not None
    return _closed_since(session, done) or head - done > _KEPT


def _closed_since(session: Session, block: int) -> bool:
    query = select(EventRow.block_number).where(EventRow.block_number > block, EventRow.name == "JobClosed")
    return session.scalar(query.limit(1)) is not None or closed_periods.ended_since(session, block)


def advance(session: Session, roots: Collection[Hash], *, limit: int = 1_000) -> list[Address] | None:
    """Make jobs that were closed since into evidence, in the caller's transaction.

    With other roots than before, everything is made anew.

    Args:
        limit: About so many jobs in one transaction.

    Returns:
        Providers whose evidence grew; None where there was nothing more to read.
    """
    if session.get_bind().dialect.name == "postgresql":
        # Alone, and before or after a rollback but not beside it: it could take away blocks under our hands
        # and miss what we make of them. SQLite has one writer anyway.
        session.execute(text("LOCK TABLE score_evidence IN EXCLUSIVE MODE"))
    head = session.scalar(select(func.max(Block.block_number)))
    done = progress(session, roots)
    if head is None or done == head:
        return None
    if done is None:
        done = -1
        session.execute(delete(ScoreProgressRow))
    # A rollback leaves evidence up to its block, and progress up to some block below: that stretch again.
    session.execute(delete(ScoreEvidenceRow).where(ScoreEvidenceRow.block_number > done))
    found, end = closed.closed_after(session, done, up_to=head, limit=limit, roots=roots)
    spent = _outlays(session, {one.evidence.counterparty for one in found})
    rows: list[Row] = []
    for one in found:
        buyer = one.evidence.counterparty
        spent[buyer] = spent.get(buyer, 0) + one.evidence.outlay
        rows.append(_row(one, spent[buyer]))
    insert_rows(session, ScoreEvidenceRow, rows)
    insert_rows(session, ScoreProgressRow, [{"block_number": end, "roots": roots_hash(roots)}])
    session.execute(delete(ScoreProgressRow).where(ScoreProgressRow.block_number < end - _KEPT))
    return sorted({one.provider for one in found})


def evidence_about(
    session: Session,
    provider: Address,
    *,
    agent_id: int | None = None,
    after: tuple[int, int] = (-1, -1),
    up_to: int | None = None,
) -> Iterator[Evidence]:
    """Evidence about an agent that is ready, in the order of the chain.

    Args:
        agent_id: Only jobs that name this ERC-8004 id.
        after: Only what comes after this block and log index.
        up_to: Only up to this block.
    """
    row = ScoreEvidenceRow
    # Columns, not rows: ten thousand of them must not pass through the unit of work.
    query = select(
        row.kind, row.subject, row.period, row.block_number, row.log_index, row.at, row.buyer, row.provider,
        row.committee, row.finding, row.contest, row.value, row.bond, row.secured, row.outlay,
    ).where(row.provider == provider)  # fmt: skip
    if after != (-1, -1):
        query = query.where(tuple_(row.block_number, row.log_index) > tuple_(*after))
    if up_to is not None:
        query = query.where(row.block_number <= up_to)
    if agent_id is not None:
        query = query.where(row.agent_id == str(agent_id))
    for one in session.execute(query.order_by(row.block_number, row.log_index)):
        yield Evidence(
            kind=_KINDS[one[0]],
            subject=one[1],
            period=one[2],
            block=one[3],
            log_index=one[4],
            at=one[5],
            counterparty=one[6],
            own=one[6] == one[7],
            committee=one[8],
            finding=_FINDINGS[one[9]],
            contest=_CONTESTS[one[10]],
            value=one[11],
            bond=one[12],
            secured=one[13],
            outlay=one[14],
        )


_KINDS = {kind.value: kind for kind in Kind}
_FINDINGS = {finding.value: finding for finding in Finding}
_CONTESTS = {contest.value: contest for contest in Contest}


def _outlays(session: Session, buyers: Collection[Address]) -> dict[Address, int]:
    ordered = sorted(buyers)
    found: dict[Address, int] = {}
    for start in range(0, len(ordered), _AT_ONCE):
        query = (
            select(ScoreEvidenceRow.buyer, func.max(ScoreEvidenceRow.outlay))
            .where(ScoreEvidenceRow.buyer.in_(ordered[start : start + _AT_ONCE]))
            .group_by(ScoreEvidenceRow.buyer)
        )
        found |= dict(session.execute(query).all())
    return found


def _row(one: Closed, outlay: int) -> Row:
    piece = one.evidence
    return {
        "block_number": piece.block,
        "log_index": piece.log_index,
        "subject": piece.subject,
        "period": piece.period,
        "kind": piece.kind.value,
        "provider": one.provider,
        "agent_id": str(one.agent_id),
        "buyer": piece.counterparty,
        "committee": piece.committee,
        "at": piece.at,
        "finding": piece.finding.value,
        "contest": piece.contest.value,
        "value": min(piece.value, _LARGEST),
        "bond": min(piece.bond, _LARGEST),
        "secured": piece.secured,
        "outlay": min(outlay, _LARGEST),
    }
