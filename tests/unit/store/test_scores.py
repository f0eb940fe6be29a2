"""Evidence for scores from the store: what is kept ready is what the jobs themselves say, whatever comes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from oracle.decide.jobs import Place
from oracle.domain import events as e
from oracle.domain.terms import Agreement, Opening, Terms
from oracle.domain.types import Ending, Outcome
from oracle.score.evidence import Finding
from oracle.store import chain as chain_store
from oracle.store import closed, scores
from oracle.store.chain import Header
from oracle.store.database import Database
from oracle.store.events import Happened, save_events
from oracle.store.rollback import roll_back
from tests.databases import Databases

ROOT, OTHER = "0x" + "c0" * 32, "0x" + "c1" * 32
AGENTS = [f"0x{'a':0>38}{number:02x}" for number in range(3)]
BUYERS = [f"0x{'b':0>38}{number:02x}" for number in range(4)]
USDC = 1_000_000


def block(number: int) -> Header:
    return Header(number, f"0x{number:064x}", f"0x{number - 1:064x}", 1_767_225_600 + number * 3_600)


def job(number: int, agent: str, buyer: str, *, committee: str = ROOT, challenge: int = 60) -> e.JobOpened:
    agreement = Agreement(
        Terms(buyer, agent, committee, (number + 1) * USDC, USDC, 10 * USDC, 900, challenge, 50),
        Opening("0x" + "a1" * 32, "0x" + "b2" * 32, number % 2, 0, 100, 200, number),
    )
    return e.JobOpened(f"0x{number + 1:064x}", buyer, agent, agreement, 0b111, 0)


def history(count: int = 40, seed: int = 1) -> list[Happened]:
    """Jobs of every kind, overlapping, several closed in one block."""
    choose = random.Random(seed)
    events: list[tuple[int, e.EscrowEvent]] = []
    for number in range(count):
        opened = job(
            number,
            choose.choice(AGENTS),
            choose.choice(BUYERS),
            committee=choose.choice([ROOT, ROOT, OTHER]),
            challenge=choose.choice([0, 60, 60]),
        )
        begin = 1 + number // 2
        verdict = choose.choice([Outcome.PASS, Outcome.PASS, Outcome.FAIL])
        events += [(begin, opened), (begin + 1, e.Delivered(opened.job, "0x" + "d1" * 32))]
        events.append((begin + 2, e.Judged(opened.job, verdict, 0b11, 99, ())))
        final, ending = verdict, Ending.SETTLED
        if choose.random() < 0.3:
            loser = opened.buyer if verdict is Outcome.PASS else opened.provider
            events.append((begin + 3, e.Disputed(opened.job, loser, Outcome.PASS, 5, 99)))
            final, ending = choose.choice([Outcome.PASS, Outcome.FAIL]), Ending.RULED
        if choose.random() < 0.1:
            final, ending = Outcome.NONE, Ending.AGREED
        end = begin + 4 + choose.randrange(8)
        events.append((end, e.JobClosed(opened.job, final, ending, 1, 2, 10 * USDC, 7, 3)))
    ordered = sorted(events, key=lambda one: one[0])
    return [
        Happened(event, "0x" + "77" * 32, Place(number, block(number).hash, block(number).timestamp, index))
        for index, (number, event) in enumerate(ordered)
    ]


def store(database: Database, items: list[Happened]) -> None:
    numbers = sorted({item.place.block_number for item in items})
    with database.write() as session:
        chain_store.save_blocks(session, [block(number) for number in numbers])
        save_events(session, items)


def advance_all(database: Database, *, limit: int, roots: tuple[str, ...] = (ROOT,)) -> set[str]:
    grown: set[str] = set()
    while True:
        with database.write() as session:
            found = scores.advance(session, roots, limit=limit)
        if found is None:
            return grown
        grown |= set(found)


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
