"""A tab's life from its events: where it stands, and what became of each period. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from oracle.decide.tabs import Ledger, Tab, When
from oracle.domain.tab_events import (
    PeriodDisputed,
    PeriodJudged,
    PeriodLapsed,
    PeriodRuled,
    PeriodSettled,
    Presented,
    TabClosed,
    TabEvent,
)
from oracle.domain.types import ZERO_HASH


@dataclass(frozen=True, slots=True)
class Placed:
    """An event of one tab and where it stands. `at`: the block's time, Unix seconds."""

    event: TabEvent
    block: int
    log_index: int
    at: int


@dataclass(frozen=True, slots=True)
class PeriodLife:
    """What became of a period, as far as it is. `presented`: the newest tally, with its place.

    `presented_amount`: base units in it that no earlier period settled.
    """

    number: int
    presented: Presented
    presented_at: int
    presented_amount: int
    judged: PeriodJudged | None = None
    lapsed: PeriodLapsed | None = None
    disputed: PeriodDisputed | None = None
    ruled: PeriodRuled | None = None
    settled: PeriodSettled | None = None
    settled_block: int = 0
    settled_log_index: int = 0
    settled_at: int = 0


@dataclass(frozen=True, slots=True)
class TabLife:
    """A tab's standing, its periods in order, and how it was closed."""

    tab: Tab
    periods: tuple[PeriodLife, ...]
    closed: TabClosed | None
    closed_at: int | None

    @property
    def phase(self) -> str:
        """open, presented, judged, disputed, ruled, owing or closed."""
        if self.closed is not None:
            return "closed"
        if self.tab.owing_from is not None:
            return "owing"
        if self.tab.pending is None:
            return "open"
        last = self.periods[-1]
        if last.ruled is not None:
            return "ruled"
        if last.disputed is not None:
            return "disputed"
        return "judged" if self.tab.pending.judged else "presented"


def life_of(history: Iterable[Placed]) -> TabLife:
    """The life of one tab.

    Args:
        history: Its events in the order of the chain; the first opens it.

    Raises:
        ImpossibleTabEventError: they cannot have happened in this order.
    """
    ledger = Ledger()
    periods: dict[int, PeriodLife] = {}
    closed, closed_at, tab_id, before = None, None, "", 0
    for one in history:
        event = one.event
        ledger.apply(event, When(one.block, ZERO_HASH, one.at, one.log_index))
        match event:
            case Presented():
                periods[event.period] = PeriodLife(event.period, event, one.at, event.amount - before)
            case PeriodJudged():
                periods[event.period] = replace(periods[event.period], judged=event)
            case PeriodLapsed():
                periods[event.period] = replace(periods[event.period], lapsed=event)
            case PeriodDisputed():
                periods[event.period] = replace(periods[event.period], disputed=event)
            case PeriodRuled():
                periods[event.period] = replace(periods[event.period], ruled=event)
            case PeriodSettled():
                before = periods[event.period].presented.amount
                periods[event.period] = replace(
                    periods[event.period],
                    settled=event,
                    settled_block=one.block,
                    settled_log_index=one.log_index,
                    settled_at=one.at,
                )
            case TabClosed():
                closed, closed_at = event, one.at
        tab_id = tab_id or next(iter(ledger.tabs), "")
    return TabLife(ledger.tabs[tab_id], tuple(periods.values()), closed, closed_at)
