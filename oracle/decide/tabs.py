"""Tabs as their events add up, and what is due for them. Pure.

Every tab can be rebuilt from logs alone. Only logs of blocks that are settled well enough to sign for come in
here, so nothing is ever taken back; who reads restarts from the first block.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from oracle.decide.sampling import Standing
from oracle.domain.errors import EarnestError
from oracle.domain.period import Period
from oracle.domain.tab_events import (
    AttestationsPosted,
    DebtPaid,
    Defaulted,
    PeriodDisputed,
    PeriodJudged,
    PeriodLapsed,
    PeriodRuled,
    PeriodSettled,
    Presented,
    TabClosed,
    TabEvent,
    TabOpened,
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
    """One tab as its events left it. `members`: who may sign for it, as bits."""

    tab: Hash
    terms: TabTerms
    members: int
    settled_count: int = 0
    settled_amount: int = 0
    pending: Pending | None = None
    settled: tuple[Settled, ...] = ()
    disputed: tuple[When, ...] = ()
    handed: tuple[HandedOver, ...] = ()
    owing: bool = False
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
            self.tabs[event.tab] = Tab(event.tab, event.agreement.terms, event.members)
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


class TabAct(StrEnum):
    """What is to be done about a tab's period."""

    EVALUATE = "evaluate"
    SIGN = "sign"
    JUDGE = "judge"
    ATTEST = "attest"
    LAPSE = "lapse"
    SETTLE = "settle"


@dataclass(frozen=True, slots=True)
class Step:
    """An act, and for a verdict or posting what is attested and by whom (bits)."""

    act: TabAct
    outcome: Outcome = Outcome.NONE
    payable: int = 0
    signers: int = 0


@dataclass(frozen=True, slots=True)
class TabFacts:
    """All that deciding about a pending period needs.

    Args:
        now: The chain's time.
        draw_from: When the draw's value is made; nothing is evaluated before.
        threshold: k of the committee.
        held: Indices of members whose current key is held here.
        evaluated: Whether an evaluation of this period is stored.
        attested: Index to (outcome, payable) of valid attestations for it.
        attest_before: Seconds before the end of the time for a verdict at which fewer than k are posted.
        close: Whether this process sends `lapse` and `settle`.
    """

    now: int
    draw_from: int
    threshold: int
    held: Collection[int]
    evaluated: bool
    attested: Mapping[int, tuple[Outcome, int]]
    attest_before: int
    close: bool


def tab_steps(tab: Tab, facts: TabFacts) -> tuple[Step, ...]:
    """What is due for a tab. Every act repeats until the chain shows it done."""
    pending = tab.pending
    if tab.closed or pending is None:
        return ()
    if pending.judged:
        due = facts.close and pending.final_at is not None and facts.now >= pending.final_at
        return (Step(TabAct.SETTLE),) if due else ()
    judge_by = pending.window_ends + tab.terms.verdict
    if facts.now >= judge_by:
        return (Step(TabAct.LAPSE),) if facts.close else ()
    mine = [index for index in facts.held if tab.members >> index & 1]
    if not mine or facts.now < facts.draw_from:
        return ()
    if not facts.evaluated:
        return (Step(TabAct.EVALUATE),)
    steps = [Step(TabAct.SIGN)] if any(index not in facts.attested for index in mine) else []
    for (outcome, payable), signers in sorted(_groups(tab, facts).items(), key=lambda item: item[0]):
        if len(signers) >= facts.threshold:
            chosen = _bits(sorted(signers)[: facts.threshold])
            return (*steps, Step(TabAct.JUDGE, outcome, payable, chosen))
        late = facts.attest_before and facts.now >= judge_by - facts.attest_before
        missing = [index for index in signers if index in mine and not pending.posted >> index & 1]
        if late and missing:
            steps.append(Step(TabAct.ATTEST, outcome, payable, _bits(missing)))
    return tuple(steps)


def _groups(tab: Tab, facts: TabFacts) -> dict[tuple[Outcome, int], list[int]]:
    found: dict[tuple[Outcome, int], list[int]] = {}
    for index, said in facts.attested.items():
        if tab.members >> index & 1:
            found.setdefault(said, []).append(index)
    return found


def _bits(indices: Iterable[int]) -> int:
    return sum(1 << index for index in indices)


def _earlier(one: When, other: When) -> bool:
    return (one.block, one.log_index) < (other.block, other.log_index)


_CHANGING: Final = (
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
        case DebtPaid():
            return replace(tab, owing=event.left > 0)
        case Defaulted():
            return replace(tab, owing=False)
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
    return replace(
        tab,
        pending=None,
        settled_count=period.count,
        settled_amount=int(period.amount),
        settled=(*tab.settled, Settled(period.number, event.outcome, event.payable, at)),
        owing=event.paid < event.payable,
    )


def _pending(tab: Tab, event: TabEvent) -> Pending:
    if tab.pending is None:
        raise ImpossibleTabEventError(
            f"{type(event).__name__} of tab {tab.tab}, where no period is presented", field="tab"
        )
    return tab.pending
