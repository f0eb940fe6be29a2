"""Tabs add up from their events, and what is due follows from that alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oracle.decide.sampling import Standing
from oracle.decide.tab_due import Step, TabAct, TabFacts, last_chance, least_verdict, tab_steps
from oracle.decide.tabs import (
    DAY,
    MOST_DOCUMENTS,
    ImpossibleTabEventError,
    Ledger,
    When,
    handed_before,
)
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
from oracle.domain.tab_terms import TabAgreement, TabEnding, TabOpening, TabTerms
from oracle.domain.types import Outcome

TAB, OTHER = "0x" + "7a" * 32, "0x" + "7b" * 32
SUBJECT = "0x" + "5c" * 32
BUYER, PROVIDER, STRANGER = "0x" + "b1" * 20, "0x" + "b2" * 20, "0x" + "b3" * 20
HASH = "0x" + "11" * 32
TERMS = TabTerms(BUYER, PROVIDER, HASH, 1_000, 0, 10, 10, 1, 1, 0, 9_000_000, 1, 5, 600, 60, 60, 5, 5, 3)
PASS = Outcome.PASS, 900


def when(block: int) -> When:
    return When(block, HASH, 1_000 * DAY + block, 0)


def opened(tab: str = TAB, buyer: str = BUYER) -> TabOpened:
    agreement = TabAgreement(replace(TERMS, buyer=buyer), TabOpening(HASH, HASH, 0, 1, 1))
    return TabOpened(tab, buyer, PROVIDER, agreement, 0b11111)


def presented(period: int = 1, count: int = 100, amount: int = 1_000, tab: str = TAB) -> Presented:
    return Presented(tab, period, count, amount, HASH, 5_000, False)


def settled(period: int = 1, tab: str = TAB, outcome: Outcome = Outcome.PASS) -> PeriodSettled:
    return PeriodSettled(tab, period, outcome, 900, 900, 0, 0, 0, 7)


def ledger(*events: TabEvent) -> Ledger:
    made = Ledger()
    for block, event in enumerate(events, start=1):
        made.apply(event, when(block))
    return made


FACTS = TabFacts(
    now=5_030,
    settled=5_030,
    draw_from=5_030,
    threshold=3,
    held=(0, 1),
    evaluated=True,
    attested={},
    attest_before=100,
    close=True,
)


def due(facts: TabFacts, *events: TabEvent) -> tuple[Step, ...]:
    return tab_steps(ledger(opened(), *events).tabs[TAB], facts)


def test_next_period_starts_where_the_last_one_was_settled() -> None:
    tab = ledger(opened(), presented(), settled(), presented(2, 150, 1_700)).tabs[TAB]
    assert tab.pending is not None
    period = tab.pending.period
    assert (period.settled_count, period.settled_amount, period.presented) == (100, "1000", 700)


def test_replaced_tally__is_the_pending_one() -> None:
    tab = ledger(opened(), presented(), presented(1, 120, 1_100)).tabs[TAB]
    assert tab.pending is not None
    assert (tab.pending.period.count, tab.pending.period.settled_count) == (120, 0)


def test_nothing_is_evaluated_before_all_that_was_handed_over_is_read() -> None:
    """The newest block is past the draw before the newest that counts here is."""
    early = replace(FACTS, now=5_400, settled=5_029, evaluated=False)
    assert due(early, presented()) == ()
    assert due(replace(early, settled=5_030), presented()) == (Step(TabAct.EVALUATE),)


def test_at_the_last_chance__it_is_evaluated_whatever_is_read() -> None:
    """The draw may come too late, and the blocks that count here may lag: who is silent is slashed."""
    behind = replace(FACTS, now=5_580, settled=4_000, evaluated=False)
    assert due(behind, presented()) == ()
    assert due(replace(behind, last_chance=True), presented()) == (Step(TabAct.EVALUATE),)


@pytest.mark.parametrize(("delay", "least"), [(4, 8), (1_200, 2_400), (3_600, 4_800), (86_400, 87_600)])
def test_time_for_a_verdict__must_leave_some_between_draw_and_last_chance(delay: int, least: int) -> None:
    assert least_verdict(delay) == least
    assert least - delay - last_chance(least) >= last_chance(least)
    assert least - 2 - delay - last_chance(least - 2) < last_chance(least)


def test_attested_by_enough__is_judged_by_the_first_of_them() -> None:
    said = {0: PASS, 1: PASS, 2: PASS, 4: PASS, 3: (Outcome.PASS, 899)}
    assert due(replace(FACTS, attested=said), presented()) == (Step(TabAct.JUDGE, *PASS, 0b111),)


def test_other_payable__does_not_count_towards_the_quorum() -> None:
    said = {0: PASS, 1: PASS, 2: (Outcome.PASS, 899)}
    assert due(replace(FACTS, attested=said), presented()) == ()


def test_no_member_of_the_tab__does_not_count_and_does_not_sign() -> None:
    tab = replace(ledger(opened(), presented()).tabs[TAB], members=0b00110)
    said = {0: PASS, 1: PASS, 2: PASS}
    assert tab_steps(tab, replace(FACTS, attested=said)) == ()
    assert tab_steps(tab, replace(FACTS, held=(0,))) == ()


def test_shortly_before_the_end__those_short_of_a_quorum_are_posted_once() -> None:
    late = replace(FACTS, now=5_500, attested={0: PASS, 2: PASS}, held=(0,))
    posted = AttestationsPosted(TAB, 1, *PASS, 0b1, ())
    assert due(late, presented()) == (Step(TabAct.ATTEST, *PASS, 0b1),)
    assert due(late, presented(), posted) == ()


@pytest.mark.parametrize(
    ("events", "now", "steps"),
    [
        ((), 5_600, (Step(TabAct.LAPSE),)),
        ((PeriodLapsed(TAB, 1, 3, 7_000),), 6_999, ()),
        ((PeriodLapsed(TAB, 1, 3, 7_000),), 7_000, (Step(TabAct.SETTLE),)),
        ((PeriodJudged(TAB, 1, *PASS, 7, 6_000, ()),), 6_000, (Step(TabAct.SETTLE),)),
        (
            (
                PeriodJudged(TAB, 1, *PASS, 7, 6_000, ()),
                PeriodDisputed(TAB, 1, BUYER, Outcome.FAIL, 0, 1, 9_000, SUBJECT),
            ),
            8_999,
            (),
        ),
        (
            (
                PeriodJudged(TAB, 1, *PASS, 7, 6_000, ()),
                PeriodDisputed(TAB, 1, BUYER, Outcome.FAIL, 0, 1, 10**9, SUBJECT),
                PeriodRuled(TAB, 1, STRANGER, *PASS, 1),
            ),
            1_000 * DAY + 5,
            (Step(TabAct.SETTLE),),
        ),
        ((settled(),), 9_999, ()),
        ((TabClosed(TAB, TabEnding.AGREED, 0, 0, 0),), 9_999, ()),
    ],
)
def test_limits__are_carried_out_from_their_second_on(
    events: tuple[TabEvent, ...], now: int, steps: tuple[Step, ...]
) -> None:
    assert due(replace(FACTS, now=now), presented(), *events) == steps
    assert due(replace(FACTS, now=now, close=False), presented(), *events) == ()


END = TERMS.end_by + TERMS.notice


@pytest.mark.parametrize(
    ("events", "now", "steps"),
    [
        ((), END - 1, ()),
        ((), END, (Step(TabAct.CLOSE),)),
        ((NoticeGiven(TAB, BUYER, 4_000),), 4_000, (Step(TabAct.CLOSE),)),
        ((NoticeGiven(TAB, BUYER, 4_000),), 3_999, ()),
        ((presented(), settled()), 1_000 * DAY + 3 + TERMS.notice, (Step(TabAct.CLOSE),)),
        ((NoticeGiven(TAB, BUYER, 4_000), TabClosed(TAB, TabEnding.LEFT, 0, 0, 0)), 4_000, ()),
        ((NoticeGiven(TAB, BUYER, 4_000), presented()), 4_000, ()),
    ],
)
def test_a_tab_whose_time_is_over__is_closed(
    events: tuple[TabEvent, ...], now: int, steps: tuple[Step, ...]
) -> None:
    assert due(replace(FACTS, now=now, evaluated=False, draw_from=10**12), *events) == steps
    assert due(replace(FACTS, now=now, draw_from=10**12, close=False), *events) == ()


OWED = PeriodSettled(TAB, 1, Outcome.PASS, 900, 400, 0, 0, 0, 7)
GRACE_ENDS = 1_000 * DAY + 3 + TERMS.grace


@pytest.mark.parametrize(
    ("events", "now", "steps"),
    [
        ((), GRACE_ENDS - 1, ()),
        ((), GRACE_ENDS, (Step(TabAct.COLLECT),)),
        ((ToppedUp(TAB, 100, BUYER),), GRACE_ENDS - 1, (Step(TabAct.COLLECT),)),
        ((ToppedUp(TAB, 100, BUYER), DebtPaid(TAB, 100, 400)), GRACE_ENDS - 1, ()),
        ((ToppedUp(TAB, 100, BUYER), DebtPaid(TAB, 100, 400)), GRACE_ENDS, (Step(TabAct.COLLECT),)),
        ((ToppedUp(TAB, 500, BUYER), DebtPaid(TAB, 500, 0)), GRACE_ENDS, ()),
        ((Defaulted(TAB, BUYER, 500, GRACE_ENDS + 9),), GRACE_ENDS + 8, ()),
        ((Defaulted(TAB, BUYER, 500, GRACE_ENDS + 9),), GRACE_ENDS + 9, (Step(TabAct.CLOSE),)),
    ],
)
def test_what_is_owed__is_collected_when_there_is_something_or_the_grace_is_over(
    events: tuple[TabEvent, ...], now: int, steps: tuple[Step, ...]
) -> None:
    assert due(replace(FACTS, now=now), presented(), OWED, *events) == steps
    assert due(replace(FACTS, now=now, close=False), presented(), OWED, *events) == ()


def test_a_contradiction__is_shown_once_it_is_known_and_whatever_else_is_due() -> None:
    facts = replace(FACTS, unproven={3: 5_040}, close=False, evaluated=False)
    assert due(replace(facts, now=5_039)) == ()
    assert due(replace(facts, now=5_040)) == (Step(TabAct.PROVE, signers=0b1000),)
    assert due(replace(facts, now=5_040), presented())[0] == Step(TabAct.PROVE, signers=0b1000)
    assert due(replace(facts, now=5_040), TabClosed(TAB, TabEnding.LEFT, 0, 0, 0)) == ()


def test_evaluators_take_turns() -> None:
    said = {0: PASS, 1: PASS, 2: PASS}
    seen = {0: 5_010, 1: 5_030, 2: 5_040}
    for at in range(5_040, 5_140, 10):
        facts = replace(FACTS, now=at, attested=said, seen=seen, stagger=10)
        judging = [
            index
            for index in range(5)
            if Step(TabAct.JUDGE, *PASS, 0b111) in due(replace(facts, held=(index,)), presented())
        ]
        assert len(judging) == min(5, 1 + (at - 5_040) // 10)


def test_who_is_expelled__counts_no_more() -> None:
    said = {0: PASS, 1: PASS, 2: PASS}
    assert due(replace(FACTS, attested=said, expelled={2}), presented()) == ()
    assert due(replace(FACTS, held=(2,), evaluated=False, expelled={2}), presented()) == ()


def test_standing__counts_what_was_before_the_anchor() -> None:
    made = ledger(
        opened(),
        opened(OTHER, STRANGER),
        presented(),
        settled(),
        presented(tab=OTHER),
        PeriodJudged(OTHER, 1, *PASS, 7, 6_000, ()),
        PeriodDisputed(OTHER, 1, STRANGER, Outcome.FAIL, 0, 1, 9_000, SUBJECT),
        settled(tab=OTHER, outcome=Outcome.FAIL),
        presented(2, 150, 1_700),
    )
    tab = made.tabs[TAB]
    assert tab.pending is not None
    at = replace(tab.pending, window_ends=tab.pending.at.time)
    assert made.standing(tab, at, 90) == Standing(provider_periods=1, disputes=1, pair_periods=1)
    assert made.standing(tab, at, 0) == Standing(provider_periods=1, disputes=0, pair_periods=1)
    before = replace(at, at=when(2))
    assert made.standing(tab, before, 90) == Standing(provider_periods=0, disputes=0, pair_periods=0)


def test_handed_over__counts_before_the_draw_by_the_parties_the_latest_of_each() -> None:
    made = ledger(opened())
    made.handed(TAB, STRANGER, HASH, when(2))
    made.handed(OTHER, BUYER, HASH, when(2))
    for block in range(3, 3 + MOST_DOCUMENTS + 2):
        made.handed(TAB, PROVIDER, f"0x{block:064x}", when(block))
    made.handed(TAB, BUYER, HASH, when(40))
    found = handed_before(made.tabs[TAB], 1_000 * DAY + 40)
    assert [each.at.block for each in found] == list(range(5, 5 + MOST_DOCUMENTS))
    assert handed_before(made.tabs[TAB], 1_000 * DAY + 41)[-1].by == BUYER


@pytest.mark.parametrize("event", [presented(tab=OTHER), settled(), PeriodLapsed(TAB, 1, 0, 1)])
def test_impossible_event__is_refused(event: TabEvent) -> None:
    with pytest.raises(ImpossibleTabEventError):
        ledger(opened(), event)
