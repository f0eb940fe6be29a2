"""Tabs as their events add up. Pure.

Every tab can be rebuilt from logs alone. Only logs of blocks that are settled well enough to sign for come in
here, so nothing is ever taken back; who reads restarts from the first block.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from oracle.decide.sampling import Standing
from oracle.domain.errors import EarnestError
from oracle.domain.period import Period
from oracle.domain.tab_events import (
    AttestationsPosted,
    DebtPaid,
    Defaulted,
    NoticeGiven,
    PeriodDisputed,
    PeriodJudged,
    PeriodLapsed,
    PeriodRuled,
    PeriodSettled,
    Presented,
    TabClosed,
    TabEvent,
    TabOpened,
    ToppedUp,
)
from oracle.domain.tab_terms import TabTerms
from oracle.domain.types import Address, Hash, Outcome

DAY: Final = 86_400
MOST_DOCUMENTS: Final = 8
"""The latest documents of each party that are read; more would be work anyone could cause."""


class ImpossibleTabEventError(EarnestError):
    """An event cannot have happened where it is said to."""


@dataclass(frozen=True, slots=True)
class When:
    """Where an event stands. `time`: of its block, Unix seconds."""

    block: int
    block_hash: Hash
    time: int
    log_index: int


@dataclass(frozen=True, slots=True)
class Pending:
    """A period that was presented, in its newest form."""

    period: Period
    window_ends: int
    last: bool
    at: When
    judged: bool = False
    final_at: int | None = None
    """From when `settle` may be called; None while it cannot be said."""
    posted: int = 0
    """Who posted attestations short of a verdict, as bits."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A period that is over."""

    number: int
    outcome: Outcome
    payable: int
    at: When


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A document a party named."""

    by: Address
    document: Hash
    at: When


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab as its events left it.

    Args:
        members: Who may sign for it, as bits.
        end: From when on nothing can be presented and it can be closed, Unix seconds; where the contract puts
            it off for a moment, earlier than there.
        owing_from: While something is owed, from when on `settle` does something about it.
    """

    tab: Hash
    terms: TabTerms
    members: int
    settled_count: int = 0
    settled_amount: int = 0
    pending: Pending | None = None
    settled: tuple[Settled, ...] = ()
    disputed: tuple[When, ...] = ()
    handed: tuple[HandedOver, ...] = ()
    end: int = 0
    owing_from: int | None = None
    closed: bool = False


@dataclass(slots=True)
class Ledger:
    """All tabs, by id."""

    tabs: dict[Hash, Tab] = field(default_factory=dict)

    def apply(self, event: TabEvent, at: When) -> None:
        """One event of the tab contract.

        Raises:
            ImpossibleTabEventError: it names a tab, or a period, that there is not.
        """
        if isinstance(event, TabOpened):
            terms = event.agreement.terms
            self.tabs[event.tab] = Tab(event.tab, terms, event.members, end=terms.end_by + terms.notice)
        elif isinstance(event, _CHANGING):
            tab = self.tabs.get(event.tab)
            if tab is None:
                raise ImpossibleTabEventError(
                    f"{type(event).__name__} names a tab that was not opened", field="tab"
                )
            self.tabs[event.tab] = _changed(tab, event, at)

    def handed(self, tab_id: Hash, by: Address, document: Hash, at: When) -> None:
        """Somebody named a document; only those of a tab's parties count."""
        tab = self.tabs.get(tab_id)
        if tab is not None and by in (tab.terms.buyer, tab.terms.provider):
            entry = HandedOver(by, document, at)
            self.tabs[tab_id] = replace(tab, handed=(*tab.handed, entry))

    def standing(self, tab: Tab, pending: Pending, dispute_days: int) -> Standing:
        """What raises the sampling rate, as of the block that presented the period.

        Args:
            dispute_days: The methodology's.
        """
        before = pending.at
        same = [each for each in self.tabs.values() if each.terms.provider == tab.terms.provider]
        ended = [(each, done) for each in same for done in each.settled if _earlier(done.at, before)]
        since = pending.window_ends - dispute_days * DAY
        return Standing(
            provider_periods=sum(done.outcome is Outcome.PASS for _, done in ended),
            disputes=sum(
                _earlier(when, before) and when.time >= since for each in same for when in each.disputed
            ),
            pair_periods=sum(each.terms.buyer == tab.terms.buyer for each, _ in ended),
        )


def handed_before(tab: Tab, draw_from: int) -> tuple[HandedOver, ...]:
    """The documents that count for a draw: those named before it could be known, the latest of each party.

    Args:
        draw_from: Unix seconds from which the public random value is made.
    """
    early = [each for each in tab.handed if each.at.time < draw_from]
    kept = [
        each
        for party in (tab.terms.buyer, tab.terms.provider)
        for each in [one for one in early if one.by == party][-MOST_DOCUMENTS:]
    ]
    return tuple(sorted(kept, key=lambda each: (each.at.block, each.at.log_index)))


def _earlier(one: When, other: When) -> bool:
    return (one.block, one.log_index) < (other.block, other.log_index)


_CHANGING: Final = (
    ToppedUp,
    NoticeGiven,
    Presented,
    AttestationsPosted,
    PeriodJudged,
    PeriodLapsed,
    PeriodDisputed,
    PeriodRuled,
    PeriodSettled,
    DebtPaid,
    Defaulted,
    TabClosed,
)


def _changed(tab: Tab, event: TabEvent, at: When) -> Tab:
    match event:
        case Presented():
            return _presented(tab, event, at)
        case AttestationsPosted():
            pending = _pending(tab, event)
            return replace(tab, pending=replace(pending, posted=pending.posted | event.signers))
        case PeriodJudged() | PeriodLapsed():
            pending = replace(_pending(tab, event), judged=True, final_at=event.challenge_ends)
            return replace(tab, pending=pending)
        case PeriodDisputed():
            pending = replace(_pending(tab, event), final_at=event.ruling_ends)
            return replace(tab, pending=pending, disputed=(*tab.disputed, at))
        case PeriodRuled():
            return replace(tab, pending=replace(_pending(tab, event), final_at=at.time))
        case PeriodSettled():
            return _settled(tab, event, at)
        case ToppedUp() if tab.owing_from is not None:
            return replace(tab, owing_from=min(tab.owing_from, at.time))
        case DebtPaid() if event.left:
            return replace(tab, owing_from=tab.settled[-1].at.time + tab.terms.grace)
        case DebtPaid():
            return replace(tab, owing_from=None, end=max(tab.end, at.time + tab.terms.notice))
        case Defaulted():
            return replace(tab, owing_from=None, end=event.end)
        case NoticeGiven():
            return replace(tab, end=event.end)
        case TabClosed():
            return replace(tab, closed=True, pending=None)
        case _:
            return tab


def _presented(tab: Tab, event: Presented, at: When) -> Tab:
    period = Period(
        tab=tab.tab,
        number=event.period,
        count=event.count,
        amount=str(event.amount),
        root=event.root,
        settled_count=tab.settled_count,
        settled_amount=str(tab.settled_amount),
    )
    return replace(tab, pending=Pending(period, event.window_ends, event.last, at))


def _settled(tab: Tab, event: PeriodSettled, at: When) -> Tab:
    period = _pending(tab, event).period
    owed = event.paid < event.payable
    return replace(
        tab,
        pending=None,
        settled_count=period.count,
        settled_amount=int(period.amount),
        settled=(*tab.settled, Settled(period.number, event.outcome, event.payable, at)),
        end=max(tab.end, at.time + tab.terms.notice),
        owing_from=at.time + tab.terms.grace if owed else None,
    )


def _pending(tab: Tab, event: TabEvent) -> Pending:
    if tab.pending is None:
        raise ImpossibleTabEventError(
            f"{type(event).__name__} of tab {tab.tab}, where no period is presented", field="tab"
        )
    return tab.pending
