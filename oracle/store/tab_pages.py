"""Parts of a tab's history: it may have 65,535 periods, and no answer reads them all.

Periods end one after the other, each with one `PeriodSettled`, so the places of those bound what is read.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import dropwhile

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.orm import Session

from oracle.domain.tab_events import Presented, TabOpened
from oracle.domain.types import Address, Hash
from oracle.history.tab import PeriodLife, Placed, TabLife, life_of
from oracle.store.listing import ListedEvent
from oracle.store.tab_recent import placed, recent
from oracle.store.tables import TabEventRow
from oracle.store.tabs import read_events

_Place = tuple[int, int]  # block and log index


@dataclass(frozen=True, slots=True)
class TabStanding:
    """Where a tab stands.

    Args:
        life: As all of its events leave it, with its last two periods alone.
        settled: How many periods were settled.
    """

    life: TabLife
    settled: int


def standing(session: Session, tab: Hash) -> TabStanding:
    """Where a tab stands that was opened."""
    return standings(session, [tab])[tab]


def standings(session: Session, tabs: Collection[Hash]) -> dict[Hash, TabStanding]:
    """Where each of these tabs stands that was opened; as many queries as for one."""
    found = recent(session, tabs, settled=2)
    return {tab: TabStanding(life_of(one.events), one.settled) for tab, one in found.items()}


def periods(session: Session, tab: Hash, *, below: int | None, limit: int) -> list[PeriodLife]:
    """Periods of a tab that was opened, the last first.

    Args:
        below: Only those with a lower number.
    """
    settled = _last(session, tab)
    last = settled + 1 if below is None else min(below - 1, settled + 1)
    first = max(1, last - limit)  # one more than asked for: the last may not have begun
    if last < 1:
        return []
    # And the one before the first: what is presented is the part that it did not settle.
    start = _settlement(session, tab, first - 2, of=settled)
    end = _settlement(session, tab, last, of=settled) if last <= settled else None
    opening = _events(session, tab, TabEventRow.name == TabOpened.__name__)
    life = life_of([*opening, *_between(session, tab, start, end)])
    return [one for one in reversed(life.periods) if first <= one.number <= last][:limit]


def list_events(
    session: Session,
    *,
    limit: int,
    before: tuple[int, int] | None = None,
    name: str | None = None,
    tab: Hash | None = None,
    provider: Address | None = None,
) -> list[ListedEvent]:
    """Events of tabs, the newest first.

    Args:
        before: Only those before this block and log index.
        provider: Only those of this provider's tabs.
    """
    row = TabEventRow
    query = (
        select(row.block_number, row.log_index, row.tx_hash, row.name, row.tab, row.body)
        .order_by(row.block_number.desc(), row.log_index.desc())
        .limit(limit)
    )
    if name is not None:
        query = query.where(row.name == name)
    if tab is not None:
        query = query.where(row.tab == tab)
    if provider is not None:
        query = query.where(row.provider == provider)
    if before is not None:
        query = query.where(tuple_(row.block_number, row.log_index) < tuple_(*before))
    return [ListedEvent(*found) for found in session.execute(query)]


def _last(session: Session, tab: Hash) -> int:
    """The number of the last period that was settled; 0: none was."""
    (found,) = recent(session, [tab], settled=0).values()
    return found.settled


def _settlement(session: Session, tab: Hash, number: int, *, of: int) -> _Place | None:
    """Where one of `of` settled periods was settled; None: before all, where there is no such period."""
    if number < 1:
        return None
    row = TabEventRow
    place = (row.block_number, row.log_index)
    query = select(*place).where(row.tab == tab, row.name == "PeriodSettled").limit(1)
    if number > of // 2:  # from the end that is nearer
        query = query.order_by(*(column.desc() for column in place)).offset(of - number)
    else:
        query = query.order_by(*place).offset(number - 1)
    found = session.execute(query).one()
    return found.block_number, found.log_index


def _between(session: Session, tab: Hash, after: _Place | None, up_to: _Place | None) -> list[Placed]:
    place = tuple_(TabEventRow.block_number, TabEventRow.log_index)
    wanted: list[ColumnElement[bool]] = [TabEventRow.name != TabOpened.__name__]
    if after is not None:
        wanted.append(place > tuple_(*after))
    if up_to is not None:
        wanted.append(place <= tuple_(*up_to))
    found = _events(session, tab, *wanted)
    if after is None:
        return found
    # What follows the settlement that is left out, such as a part of its debt, would be of no period here.
    return list(dropwhile(lambda one: not isinstance(one.event, Presented), found))


def _events(session: Session, tab: Hash, *wanted: ColumnElement[bool]) -> list[Placed]:
    return [placed(one) for _, one in read_events(session, TabEventRow.tab == tab, *wanted)]
