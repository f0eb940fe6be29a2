"""Parts of a tab's history: it may have 65,535 periods, and no answer reads them all.

Periods end one after the other, each with one `PeriodSettled`, so the places of those bound what is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import dropwhile

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.orm import Session

from oracle.domain.tab_events import Presented, TabOpened
from oracle.domain.types import Address, Hash
from oracle.history.tab import PeriodLife, Placed, TabLife, life_of
from oracle.store.listing import ListedEvent
from oracle.store.tables import TabEventRow, TabRow
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
    settled = _count(session, tab)
    recent = _between(session, tab, _settlement(session, tab, settled - 2), None)
    # When it ends follows from the last event that names an end, and from the last settlement.
    named = _events(session, tab, TabEventRow.name.in_(("NoticeGiven", "Defaulted")))[-1:]
    return TabStanding(life_of(_from_opening(session, tab, named, recent)), settled)


def periods(session: Session, tab: Hash, *, below: int | None, limit: int) -> list[PeriodLife]:
    """Periods of a tab that was opened, the last first.

    Args:
        below: Only those with a lower number.
    """
    settled = _count(session, tab)
    last = settled + 1 if below is None else min(below - 1, settled + 1)
    first = max(1, last - limit)  # one more than asked for: the last may not have begun
    # And the one before the first: what is presented is the part that it did not settle.
    start = _settlement(session, tab, first - 2)
    end = _settlement(session, tab, last) if last <= settled else None
    if last < 1:
        return []
    life = life_of(_from_opening(session, tab, [], _between(session, tab, start, end)))
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
        query = query.where(row.tab.in_(select(TabRow.tab).where(TabRow.provider == provider)))
    if before is not None:
        query = query.where(tuple_(row.block_number, row.log_index) < tuple_(*before))
    return [ListedEvent(*found) for found in session.execute(query)]


def _count(session: Session, tab: Hash) -> int:
    query = select(func.count()).where(TabEventRow.tab == tab, TabEventRow.name == "PeriodSettled")
    return session.scalar(query) or 0


def _settlement(session: Session, tab: Hash, number: int) -> _Place | None:
    """Where a period was settled; None: before all, where there is no such period."""
    if number < 1:
        return None
    row = TabEventRow
    query = (
        select(row.block_number, row.log_index)
        .where(row.tab == tab, row.name == "PeriodSettled")
        .order_by(row.block_number, row.log_index)
        .offset(number - 1)
        .limit(1)
    )
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


def _from_opening(session: Session, tab: Hash, early: list[Placed], recent: list[Placed]) -> list[Placed]:
    """The opening, and these events once each, in the order of the chain."""
    opening = _events(session, tab, TabEventRow.name == TabOpened.__name__)
    events = {(one.block, one.log_index): one for one in (*early, *recent)}
    return [*opening, *(events[place] for place in sorted(events))]


def _events(session: Session, tab: Hash, *wanted: ColumnElement[bool]) -> list[Placed]:
    return [
        Placed(one.event, one.block_number, one.log_index, one.at)
        for _, one in read_events(session, TabEventRow.tab == tab, *wanted)
    ]
