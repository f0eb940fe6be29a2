"""Periods of tabs as evidence: what is kept ready is what the events say, in the order of the chain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from oracle.domain.tab_events import (
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
from oracle.domain.tab_terms import TabAgreement, TabEnding, TabOpening
from oracle.domain.types import Outcome
from oracle.score import v1
from oracle.score.evidence import Contest, Evidence, Finding, Kind
from oracle.store import chain as chain_store
from oracle.store import closed, scores
from oracle.store import tabs as tab_store
from oracle.store.database import Database
from oracle.store.moment import at_block
from oracle.store.rollback import roll_back
from oracle.store.tabs import TabHappened
from tests.databases import Databases
from tests.unit.store.score_history import AGENTS, BUYERS, ROOT, USDC, advance_all, block, history, store
from tests.unit.tabs.test_tab_steps import TERMS

AGENT, BUYER, HASH, TAB = AGENTS[0], BUYERS[0], "0x" + "11" * 32, "0x" + "7a" * 32
PASS, FAIL, LAPSE = Outcome.PASS, Outcome.FAIL, Outcome.LAPSE
PRESENTED = 50 * USDC


@pytest.fixture
def database(databases: Databases) -> Iterator[Database]:
    made = Database(databases.made())
    yield made
    made.close()


def opened(challenge: int = 60, tab: str = TAB) -> TabOpened:
    terms = replace(
        TERMS, buyer=BUYER, provider=AGENT, committee=ROOT, challenge=challenge, deposit=200 * USDC,
        credit=30 * USDC, bond=20 * USDC, verdict_fee=USDC,
    )  # fmt: skip
    return TabOpened(tab, BUYER, AGENT, TabAgreement(terms, TabOpening(HASH, HASH, 0, 1, 1)), 0b111)


def happen(database: Database, *events: TabEvent, start: int = 3) -> None:
    """Each in a block of its own, beside the jobs'."""
    with database.write() as session:
        for number, event in enumerate(events, start=start):
            at = block(number)
            if not chain_store.block_hashes(session, [number]):
                chain_store.save_blocks(session, [at])
            tab_store.save_tab_events(session, [TabHappened(event, HASH, number, 900, at.timestamp)])


def presented(number: int = 1, amount: int = PRESENTED) -> Presented:
    return Presented(TAB, number, 100 * number, amount * number, HASH, 5, False)


def judged(outcome: Outcome, payable: int) -> PeriodJudged:
    return PeriodJudged(TAB, 1, outcome, payable, 0b11, 9, (HASH,))


def settled(outcome: Outcome, payable: int, number: int = 1) -> PeriodSettled:
    return PeriodSettled(TAB, number, outcome, payable, payable, 0, 0, USDC, 0b11)


def disputed(by: str, sought: Outcome, payable: int) -> PeriodDisputed:
    return PeriodDisputed(TAB, 1, by, sought, payable, USDC, 9, HASH)


def ruled(outcome: Outcome, payable: int) -> PeriodRuled:
    return PeriodRuled(TAB, 1, BUYERS[1], outcome, payable, 1)


def pieces(database: Database, *, up_to: int = 10_000) -> list[Evidence]:
    """The agent's, where both ways give the same."""
    advance_all(database, limit=1_000)
    with database.read() as session:
        ready = list(scores.evidence_about(session, AGENT, up_to=up_to))
        assert ready == closed.evidence_of(session, AGENT, up_to=up_to, roots=(ROOT,))
    return ready


AGREED = TabClosed(TAB, TabEnding.AGREED, 1, 2, 3)


@pytest.mark.parametrize(
    ("events", "finding", "contest", "value"),
    [
        ((judged(PASS, 45 * USDC), settled(PASS, 45 * USDC)), Finding.PASS, Contest.NONE, 45 * USDC),
        ((judged(FAIL, USDC), settled(FAIL, USDC)), Finding.FAIL, Contest.NONE, USDC),
        ((judged(LAPSE, 0), settled(LAPSE, 0)), Finding.NOTHING, Contest.NONE, 0),
        ((PeriodLapsed(TAB, 1, 0b110, 9), settled(LAPSE, 0)), Finding.NOTHING, Contest.NONE, 0),
        (
            (judged(PASS, PRESENTED), disputed(BUYER, FAIL, 0), ruled(FAIL, 0), settled(FAIL, 0)),
            Finding.LOST, Contest.LOST, 0,
        ),
        (
            (judged(FAIL, 0), disputed(AGENT, PASS, USDC), ruled(PASS, USDC), settled(PASS, USDC)),
            Finding.PASS, Contest.WON, USDC,
        ),
        (
            (judged(PASS, USDC), disputed(AGENT, PASS, 2 * USDC), ruled(PASS, USDC), settled(PASS, USDC)),
            Finding.PASS, Contest.LOST, USDC,
        ),
        (
            (judged(PASS, USDC), disputed(BUYER, FAIL, 0), ruled(PASS, USDC), settled(PASS, USDC)),
            Finding.PASS, Contest.WON, USDC,
        ),
        (
            (judged(PASS, USDC), disputed(BUYER, FAIL, 0), settled(PASS, USDC)),
            Finding.PASS, Contest.UNDECIDED, USDC,
        ),
        (  # the buyer wanted the rest of a Fail back too, in vain
            (judged(FAIL, USDC), disputed(BUYER, FAIL, 0), ruled(FAIL, USDC), settled(FAIL, USDC)),
            Finding.FAIL, Contest.WON, USDC,
        ),
        (
            (judged(FAIL, USDC), disputed(BUYER, FAIL, 0), ruled(FAIL, 0), settled(FAIL, 0)),
            Finding.LOST, Contest.LOST, 0,
        ),
        (  # it stays Fail, but what the provider sought was due to it
            (judged(FAIL, 0), disputed(AGENT, FAIL, USDC), ruled(FAIL, USDC), settled(FAIL, USDC)),
            Finding.FAIL, Contest.WON, USDC,
        ),
        (
            (judged(FAIL, 0), disputed(AGENT, PASS, USDC), ruled(FAIL, 0), settled(FAIL, 0)),
            Finding.LOST, Contest.LOST, 0,
        ),
        (
            (judged(FAIL, USDC), disputed(BUYER, FAIL, 0), ruled(FAIL, USDC), AGREED),
            Finding.FAIL, Contest.WON, 0,
        ),
        ((judged(FAIL, 0), AGREED), Finding.FAIL, Contest.NONE, 0),
        ((judged(PASS, USDC), AGREED), Finding.NOTHING, Contest.NONE, 0),
        ((AGREED,), Finding.NOTHING, Contest.NONE, 0),
    ],
)  # fmt: skip
def test_a_period__says(
    database: Database, events: tuple[TabEvent, ...], finding: Finding, contest: Contest, value: int
) -> None:
    happen(database, opened(), presented(), *events)
    (piece,) = pieces(database)
    assert (piece.kind, piece.subject, piece.period) == (Kind.TAB_PERIOD, TAB, 1)
    assert (piece.finding, piece.contest, piece.value) == (finding, contest, value)
    assert (piece.block, piece.at) == (4 + len(events), block(4 + len(events)).timestamp)
    assert (piece.bond, piece.secured, piece.counterparty) == (20 * USDC, True, BUYER)


def test_a_tab_closed_without_a_period__says_nothing(database: Database) -> None:
    happen(database, opened(), TabClosed(TAB, TabEnding.LEFT, 1, 2, 3))
    assert pieces(database) == []


def test_periods_and_jobs_together__in_any_steps__after_rollbacks_too(database: Database) -> None:
    store(database, history())
    two: list[TabEvent] = [opened(), presented(), settled(PASS, PRESENTED), presented(2), settled(FAIL, 0, 2)]
    happen(database, *two)
    before = pieces(database)
    assert [piece.period for piece in before if piece.kind is Kind.TAB_PERIOD] == [1, 2]
    assert [(piece.block, piece.log_index) for piece in before] == sorted(
        (piece.block, piece.log_index) for piece in before
    )
    assert pieces(database, up_to=5)[-1].period == 1
    with database.write() as session:
        roll_back(session, 5)
    assert pieces(database) == [piece for piece in before if piece.block <= 5]


def test_what_a_buyer_cannot_get_back__is_the_fee_and_the_time(database: Database) -> None:
    happen(database, opened(), presented(), judged(PASS, PRESENTED), settled(PASS, PRESENTED))
    (piece,) = pieces(database)
    two_hours = 2 * 3_600
    assert piece.outlay == USDC * 1_000_000 + PRESENTED * 50_000 * two_hours // (365 * 86_400)


def test_answers_name_the_tab_contract_they_read(database: Database) -> None:
    store(database, history())
    with database.write() as session:
        chain_store.bind_deployment(session, 31_337, "0x" + "e5" * 20, 0)
        assert at_block(session, None).tabs is None
        tab_store.follow(session, "0x" + "7a" * 20)
        assert at_block(session, None).tabs == "0x" + "7a" * 20


def test_unsecured__adds_nothing(database: Database) -> None:
    happen(database, opened(challenge=0), presented(), judged(FAIL, 0), settled(FAIL, 0))
    (piece,) = pieces(database)
    assert (piece.secured, piece.outlay) == (False, 0)
    assert v1.standing([piece], frozenset([ROOT])).score(piece.at).effective == 0


def test_a_running_tab__is_exposure_until_it_is_closed(database: Database) -> None:
    happen(database, opened(), TabClosed(TAB, TabEnding.LEFT, 1, 2, 3))
    with database.read() as session:
        assert closed.running_of(session, AGENT, up_to=2) == []
        (running,) = closed.running_of(session, AGENT, up_to=3)
        assert (running.price, running.bond, running.secured) == (230 * USDC, 20 * USDC, True)
        assert closed.running_of(session, AGENT, up_to=3, agent_id=7) == []
        assert closed.running_of(session, AGENT, up_to=4) == []
