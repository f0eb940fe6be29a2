"""Histories of tabs as policies and reports read them: from the stored events, as the score does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from oracle.daemon.following import run_policies
from oracle.domain.tab_events import Defaulted, PeriodLapsed, Presented, TabClosed, TabEvent
from oracle.domain.tab_terms import TabEnding
from oracle.domain.types import Basis, Ending, Outcome
from oracle.history.task import Task, TaskKind
from oracle.score import v1
from oracle.store import chain as chain_store
from oracle.store import closed
from oracle.store.database import Database
from oracle.store.moment import newest_event
from oracle.store.tasks import tasks_of
from tests.databases import Databases
from tests.unit.policy.made import policy
from tests.unit.store.score_history import AGENTS, BUYERS, ROOT, USDC, block, history, store
from tests.unit.store.test_scores_tabs import (
    AGENT,
    AGREED,
    BUYER,
    FAIL,
    HASH,
    LAPSE,
    PASS,
    PRESENTED,
    TAB,
    disputed,
    happen,
    judged,
    opened,
    presented,
    ruled,
    settled,
)


@pytest.fixture
def database(databases: Databases) -> Iterator[Database]:
    made = Database(databases.made())
    yield made
    made.close()


def read(database: Database, *, up_to: int | None = None) -> list[Task]:
    with database.read() as session:
        return tasks_of(session, roots=[ROOT], up_to=up_to)


LOST: tuple[TabEvent, ...] = (
    opened(),
    presented(),
    judged(PASS, PRESENTED),
    disputed(BUYER, FAIL, 0),
    ruled(FAIL, 0),
    settled(FAIL, 0),
    TabClosed(TAB, TabEnding.FAILED, 1, 2, 3),
)


def test_a_tab_and_its_period__from_opening_to_end(database: Database) -> None:
    happen(database, *LOST)
    tab, period = read(database)
    assert (tab.kind, tab.job, tab.price, tab.bond, tab.members) == (
        TaskKind.TAB,
        TAB,
        230 * USDC,
        20 * USDC,
        7,
    )
    assert tab.opened == (3, block(3).hash, block(3).timestamp, 900)
    assert tab.close is not None
    assert tab.close.place.block_number == 9
    assert tab.evidence() is None
    assert (period.kind, period.key, period.price, period.gated) == (TaskKind.PERIOD, (TAB, 1), PRESENTED, 0)
    assert period.judged is not None
    assert (period.judged.basis, period.judged.signers, period.judged.payable) == (
        Basis.VERDICT,
        3,
        PRESENTED,
    )
    assert period.disputed is not None
    assert period.disputed.block_number == 6
    assert period.close is not None
    assert (period.close.outcome, period.close.ending) == (FAIL, Ending.RULED)
    assert (period.failed, period.overturned, period.defaulted) == (True, True, False)


@pytest.mark.parametrize(
    ("events", "outcome", "ending"),
    [
        ((judged(PASS, USDC), settled(PASS, USDC)), PASS, Ending.SETTLED),
        ((judged(PASS, USDC), disputed(BUYER, FAIL, 0), settled(PASS, USDC)), PASS, Ending.RULING_OVER),
        ((PeriodLapsed(TAB, 1, 0b110, 9), settled(LAPSE, 0)), LAPSE, Ending.SETTLED),
        ((judged(FAIL, 0), AGREED), Outcome.NONE, Ending.AGREED),
    ],
)
def test_how_a_period_ended(
    database: Database, events: tuple[TabEvent, ...], outcome: Outcome, ending: Ending
) -> None:
    happen(database, opened(), presented(), *events)
    period = read(database)[-1]
    assert period.close is not None
    assert (period.close.outcome, period.close.ending) == (outcome, ending)
    assert not period.overturned


def test_as_it_stood_at_a_block(database: Database) -> None:
    happen(database, *LOST)
    assert read(database, up_to=2) == []
    assert [one.kind for one in read(database, up_to=3)] == [TaskKind.TAB]
    waiting = read(database, up_to=7)[1]
    assert waiting.close is None
    assert waiting.judged is not None


def test_a_tally_that_was_replaced__is_not_the_one_that_was_delivered(database: Database) -> None:
    happen(database, opened(), presented(), Presented(TAB, 1, 120, 60 * USDC, HASH, 5, False))
    period = read(database)[-1]
    assert (period.opened.block_number, period.price) == (5, 60 * USDC)


def test_a_default_of_the_buyer__stands_on_the_tab(database: Database) -> None:
    happen(database, opened(), Defaulted(TAB, BUYER, USDC, 9))
    (tab,) = read(database)
    assert tab.buyer_defaulted
    assert not tab.defaulted


def test_what_happens_to_a_tab_alone__is_news(database: Database) -> None:
    store(database, history())
    happen(database, opened(), start=500)
    with database.read() as session:
        first = newest_event(session)
    happen(database, presented(), start=501)
    with database.read() as session:
        assert first == (500, 900, block(500).hash)
        assert newest_event(session) == (501, 900, block(501).hash)


def test_jobs_and_tabs__say_what_the_score_reads(database: Database) -> None:
    store(database, history())
    happen(database, *LOST)
    with database.write() as session:
        chain_store.bind_deployment(session, 31_337, "0x" + "e5" * 20, 0)
    for agent in AGENTS:
        with database.read() as session:
            expected = closed.evidence_of(session, agent, up_to=10_000, roots=(ROOT,))
            mine = tasks_of(session, roots=[ROOT], provider=agent)
            run = run_policies(session, [policy()], frozenset([ROOT]))
        told = [piece for one in mine if (piece := one.evidence()) is not None]
        assert sorted(told, key=lambda one: (one.block, one.log_index)) == expected
        assert [one for one in read(database) if one.provider == agent] == mine
        score = v1.standing(expected, frozenset([ROOT])).score(run.engine.time)
        assert run.engine.standing(agent).score(run.engine.time) == score
    assert BUYERS[0] == BUYER
    assert AGENTS[0] == AGENT
