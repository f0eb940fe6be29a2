"""Evidence for scores from the store: what is kept ready is what the jobs themselves say, whatever comes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from oracle.decide.jobs import Place
from oracle.domain import events as e
from oracle.domain.types import Ending, Outcome
from oracle.score.evidence import Finding
from oracle.store import closed, scores
from oracle.store.database import Database
from oracle.store.events import Happened
from oracle.store.rollback import roll_back
from tests.databases import Databases
from tests.unit.store.score_history import (
    AGENTS,
    BUYERS,
    OTHER,
    ROOT,
    USDC,
    advance_all,
    block,
    history,
    job,
    store,
)


@pytest.fixture
def database(databases: Databases) -> Iterator[Database]:
    made = Database(databases.made())
    yield made
    made.close()


def agree(database: Database, *, up_to: int = 10_000, roots: tuple[str, ...] = (ROOT,)) -> int:
    """How many pieces there are, where both ways give the same."""
    count = 0
    with database.read() as session:
        for agent in AGENTS:
            for agent_id in (None, 0, 1):
                ready = list(scores.evidence_about(session, agent, agent_id=agent_id, up_to=up_to))
                found = closed.evidence_of(session, agent, up_to=up_to, roots=roots, agent_id=agent_id)
                assert ready == found
                count += len(ready) if agent_id is None else 0
    return count


@pytest.mark.parametrize("limit", [1, 7, 1_000])
def test_advance__in_any_steps__is_what_the_jobs_say(database: Database, limit: int) -> None:
    store(database, history())
    assert advance_all(database, limit=limit) == set(AGENTS)
    assert agree(database) == 40
    assert 0 < agree(database, up_to=12) < 40


def test_advance__block_after_block__is_what_the_jobs_say(database: Database) -> None:
    items = history()
    for number in sorted({item.place.block_number for item in items}):
        store(database, [item for item in items if item.place.block_number == number])
        advance_all(database, limit=1_000)
    assert agree(database) == 40


@pytest.mark.parametrize("to_block", [5, 12, 20])
def test_advance__after_a_rollback__follows_the_other_branch(database: Database, to_block: int) -> None:
    first, second = history(), history(seed=2)
    store(database, first)
    advance_all(database, limit=5)
    with database.write() as session:
        roll_back(session, to_block)
    assert agree(database) < 40
    advance_all(database, limit=5)
    assert agree(database) < 40
    with database.write() as session:
        roll_back(session, 0)
    store(database, second)
    advance_all(database, limit=5)
    assert agree(database) == 40


def test_advance__other_roots__begins_anew(database: Database) -> None:
    store(database, history())
    advance_all(database, limit=10)
    with database.read() as session:
        before = [piece.outlay for piece in scores.evidence_about(session, AGENTS[0])]
        assert scores.progress(session, (OTHER,)) is None
    advance_all(database, limit=10, roots=(OTHER,))
    with database.read() as session:
        assert [piece.outlay for piece in scores.evidence_about(session, AGENTS[0])] != before
    assert agree(database, roots=(OTHER,)) == 40


def test_advance__by_two_at_once__is_done_once(database: Database) -> None:
    store(database, history())
    with ThreadPoolExecutor(2) as threads:
        done = [threads.submit(advance_all, database, limit=3) for _ in range(2)]
        assert set().union(*(one.result(60) for one in done)) == set(AGENTS)
    assert agree(database) == 40


def test_advance__nothing_new__does_nothing(database: Database) -> None:
    assert advance_all(database, limit=10) == set()
    store(database, history())
    advance_all(database, limit=10)
    with database.write() as session:
        assert scores.advance(session, (ROOT,)) is None


def test_evidence_about__after_a_place__is_the_rest(database: Database) -> None:
    store(database, history())
    advance_all(database, limit=10)
    with database.read() as session:
        everything = list(scores.evidence_about(session, AGENTS[0]))
        cut = everything[3]
        rest = list(scores.evidence_about(session, AGENTS[0], after=(cut.block, cut.log_index)))
    assert rest == everything[4:]


def test_evidence__split_after_a_verdict_of_fail__is_a_failure(database: Database) -> None:
    opened = job(1, AGENTS[0], BUYERS[0])
    events: list[e.EscrowEvent] = [
        opened,
        e.Delivered(opened.job, "0x" + "d1" * 32),
        e.Judged(opened.job, Outcome.FAIL, 0b11, 99, ()),
        e.JobClosed(opened.job, Outcome.NONE, Ending.AGREED, 1, 2, 10 * USDC, 7, 3),
    ]
    places = [Place(1, block(1).hash, block(1).timestamp, index) for index in range(4)]
    store(database, [Happened(event, "0x" + "77" * 32, at) for event, at in zip(events, places, strict=True)])
    advance_all(database, limit=10)
    with database.read() as session:
        assert [piece.finding for piece in scores.evidence_about(session, AGENTS[0])] == [Finding.FAIL]


def test_amounts__beyond_the_column__are_cut(database: Database) -> None:
    opened = job(1, AGENTS[0], BUYERS[0])
    huge = replace(opened.agreement, terms=replace(opened.agreement.terms, gated=2**96, bond=2**80))
    events: list[e.EscrowEvent] = [
        replace(opened, agreement=huge),
        e.JobClosed(opened.job, Outcome.FAIL, Ending.CONCEDED, 1, 2, 10 * USDC, 7, 3),
    ]
    items = [
        Happened(event, "0x" + "77" * 32, Place(1, block(1).hash, block(1).timestamp, index))
        for index, event in enumerate(events)
    ]
    store(database, items)
    advance_all(database, limit=10)
    with database.read() as session:
        [piece] = scores.evidence_about(session, AGENTS[0])
    assert piece.value == piece.bond == 2**63 - 1
