"""Results of public benchmarks that an operator attached to agents. Nothing here is evidence."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from oracle.domain.types import Address
from oracle.store.tables import ScreeningRow


@dataclass(frozen=True, slots=True)
class Screening:
    """What somebody measured elsewhere.

    Args:
        agent_id: The ERC-8004 id it is about; None: the provider.
        result: As its source writes it, such as "62.3 %".
        source: Where it can be looked up.
        measured_on: The day it was measured, YYYY-MM-DD.
        scope: What was measured, and what was not.
        added_at: Unix seconds.
    """

    id: int
    agent: Address
    agent_id: int | None
    benchmark: str
    result: str
    source: str
    measured_on: str
    scope: str
    added_at: float


def add(session: Session, one: Screening) -> int:
    """Keep a result. Its number."""
    row = ScreeningRow(
        provider=one.agent,
        agent_id=None if one.agent_id is None else str(one.agent_id),
        benchmark=one.benchmark,
        result=one.result,
        source=one.source,
        measured_on=one.measured_on,
        scope=one.scope,
        added_at=one.added_at,
    )
    session.add(row)
    session.flush()
    return row.id


def of_agent(session: Session, agent: Address, *, limit: int) -> list[Screening]:
    """Results about an agent, the last measured first."""
    row = ScreeningRow
    query = (
        select(row).where(row.provider == agent).order_by(row.measured_on.desc(), row.id.desc()).limit(limit)
    )
    return [
        Screening(
            found.id,
            found.provider,
            None if found.agent_id is None else int(found.agent_id),
            found.benchmark,
            found.result,
            found.source,
            found.measured_on,
            found.scope,
            found.added_at,
        )
        for found in session.scalars(query)
    ]


def remove(session: Session, number: int) -> bool:
    """Take a result away. Whether there was one."""
    found = session.scalar(select(ScreeningRow.id).where(ScreeningRow.id == number))
    session.execute(delete(ScreeningRow).where(ScreeningRow.id == number))
    return found is not None
