"""The last periods of many tabs: as many queries as for a few, and nothing older than those is read."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import dropwhile

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from oracle.domain.tab_events import PeriodSettled, Presented, TabOpened
from oracle.domain.types import Hash
from oracle.history.tab import Placed
from oracle.store.among import among
from oracle.store.tables import TabEventRow, TabRow
from oracle.store.tabs import TabHappened, read_events

_AT_ONCE = 100  # places in one query; SQLite takes a thousand conditions at most
_ENDS = ("NoticeGiven", "Defaulted")
"""When a tab ends follows from the last of these, and from its last settlement."""


@dataclass(frozen=True, slots=True)
class Recent:
    """A tab's end so far. `settled`: how many periods were settled; `events`: those to make a life of."""

    settled: int
    events: list[Placed]


def recent(
    session: Session,
    tabs: Collection[Hash],
    *,
    settled: int,
    since: int | None = None,
    up_to: int | None = None,
) -> dict[Hash, Recent]:
    """Those of these tabs that were opened, each with its opening and what happened in its last periods.

    Args:
        settled: So many settled periods are among them, or all if there are fewer; what follows them too.
        since: Count these from this block backwards: all that happened after it is among them as well.
        up_to: Only what happened up to this block.
    """
    starts = _starts(session, tabs, settled, since)
    limits = [] if up_to is None else [TabEventRow.block_number <= up_to]
    named = among(session, TabEventRow.tab, list(starts)), TabEventRow.name.in_((TabOpened.__name__, *_ENDS))
    early = _events(session, starts, [named] if starts else [], limits)
    # Each with its tab and a block, which are in one index: neither others nor what is older is looked at.
    # All places as one join: PostgreSQL would read the whole table for it.
    places = [(TabEventRow.tab == tab) & (TabEventRow.block_number >= start) for tab, start in starts.items()]
    parts = [(or_(*places[start : start + _AT_ONCE]),) for start in range(0, len(places), _AT_ONCE)]
    late = _events(session, starts, parts, limits)
    return {tab: _recent(early[tab], late[tab], settled, since) for tab in starts if early[tab]}


def _starts(session: Session, tabs: Collection[Hash], settled: int, since: int | None) -> dict[Hash, int]:
    """From which block on the events of each tab are read that was opened."""
    row = TabEventRow
    start = (
        select(row.block_number)
        .where(
            row.tab == TabRow.tab,
            row.name == PeriodSettled.__name__,
            *([] if since is None else [row.block_number <= since]),
        )
        .order_by(row.block_number.desc(), row.log_index.desc())
        .offset(settled)
        .limit(1)
        .correlate(TabRow)
        .scalar_subquery()
    )
    query = select(TabRow.tab, func.coalesce(start, TabRow.block_number))
    return dict(session.execute(query.where(among(session, TabRow.tab, tabs))).all()) if tabs else {}


def _events(
    session: Session,
    tabs: Iterable[Hash],
    asked: Iterable[Iterable[ColumnElement[bool]]],
    limits: Iterable[ColumnElement[bool]],
) -> dict[Hash, list[TabHappened]]:
    found: dict[Hash, list[TabHappened]] = {tab: [] for tab in tabs}
    for wanted in asked:
        # In any order: for that of the chain SQLite would go through all events of these tabs.
        for tab, one in read_events(session, *wanted, *limits, ordered=False):
            found[tab].append(one)
    for events in found.values():
        events.sort(key=lambda one: (one.block_number, one.log_index))
    return found


def _recent(early: list[TabHappened], late: list[TabHappened], settled: int, since: int | None) -> Recent:
    places = [index for index, one in enumerate(late) if isinstance(one.event, PeriodSettled)]
    counted = [index for index in places if since is None or late[index].block_number <= since]
    kept = late
    if len(counted) > settled:
        after = late[counted[-1 - settled] + 1 :]
        # What follows a settlement that is left out, such as a part of its debt, is of no period here.
        kept = list(dropwhile(lambda one: not isinstance(one.event, Presented), after))
    last = late[places[-1]].event if places else None
    events = {(one.block_number, one.log_index): one for one in (early[0], *early[1:][-1:], *kept)}
    return Recent(
        settled=last.period if isinstance(last, PeriodSettled) else 0,
        events=[placed(events[place]) for place in sorted(events)],
    )


def placed(one: TabHappened) -> Placed:
    """An event as a life is made of."""
    return Placed(one.event, one.block_number, one.log_index, one.at)
