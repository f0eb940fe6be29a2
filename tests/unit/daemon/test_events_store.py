"""Events stored many at once: the same records as one by one, and a rollback finds what it needs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from oracle.decide.jobs import ImpossibleEventsError, Place
from oracle.domain import events as e
from oracle.domain.committee import Committee
from oracle.domain.terms import Agreement, Opening, Terms
from oracle.domain.types import Ending, Outcome, State
from oracle.store import codec, jobs
from oracle.store.database import Database
from oracle.store.events import Happened, Saving, piece_of, save_events
from oracle.store.rollback import roll_back
from oracle.store.tables import EvaluatorVersion, EventRow, JobVersion
from tests.databases import Databases

COMMITTEE = "0x" + "c0" * 32
JOBS = ["0x" + f"{n:02x}" * 32 for n in (1, 2)]
TERMS = Committee(("0x" + "e1" * 20,), 1, 1, "0x" + "4d" * 32, "0x" + "aa" * 20, 0, 0, 0, 1, 1, 1, 1, 0, 0)
BIG = 2**255 + 1  # beyond what JSON libraries take for a number


def opened(job: str) -> e.JobOpened:
    salt = BIG + int(job[-2:], 16)  # no two agreements are the same
    agreement = Agreement(
        Terms("0x" + "b1" * 20, "0x" + "b2" * 20, COMMITTEE, 5, 1, 1, 900, 10, 50),
        Opening("0x" + "a1" * 32, "0x" + "b2" * 32, BIG, 0, 100, 200, salt),
    )
    return e.JobOpened(job, agreement.terms.buyer, agreement.terms.provider, agreement, 0b111, 0)


def judged(job: str) -> e.Judged:
    return e.Judged(job, Outcome.PASS, 0b11, 99, ("0x" + "ee" * 32,))


def closed(job: str) -> e.JobClosed:
    return e.JobClosed(job, Outcome.PASS, Ending.SETTLED, 1, 2, 3, 7, 3)


HISTORY: list[tuple[int, e.EscrowEvent]] = [
    (1, e.CommitteeCreated(COMMITTEE, TERMS)),
    (1, e.Joined(COMMITTEE, 0, "0x" + "e1" * 20, 10)),
    (2, opened(JOBS[0])),
    (2, opened(JOBS[1])),
    (3, e.Delivered(JOBS[0], "0x" + "d1" * 32)),
    (3, e.KeyRotated(COMMITTEE, 0, "0x" + "e1" * 20, "0x" + "e2" * 20)),
    (5, judged(JOBS[0])),
    (5, closed(JOBS[0])),
    (6, e.Delivered(JOBS[1], "0x" + "d2" * 32)),
]  # fmt: skip


def happened() -> list[Happened]:
    return [
        Happened(event, "0x" + "77" * 32, Place(number, f"0x{number:064x}", 1_000 + number, index))
        for index, (number, event) in enumerate(HISTORY)
    ]


def one_a_block(events: Sequence[e.EscrowEvent]) -> list[Happened]:
    return [
        Happened(event, "0x" + "77" * 32, Place(number, f"0x{number:064x}", 1_000 + number, 0))
        for number, event in enumerate(events, 2)
    ]


@pytest.fixture
def database(databases: Databases) -> Any:
    made = Database(databases.made())
    yield made
    made.close()


def store_in(database: Database, pieces: int, *, kept_from: int = 0) -> None:
    items = happened()
    for start in range(0, len(items), pieces):
        with database.write() as session:
            save_events(session, items[start : start + pieces], kept_from=kept_from)


def standing(session: Session) -> Any:
    return (
        [(job.job, job.record) for job in jobs.list_jobs(session, limit=10)],
        jobs.evaluators(session, COMMITTEE),
        jobs.get_committee(session, COMMITTEE),
        [(row.block_number, row.log_index, row.name, row.body) for row in session.scalars(select(EventRow))],
    )


@pytest.mark.parametrize("pieces", [1, 3])
def test_one_by_one_and_all_at_once_come_to_the_same(
    databases: Databases, database: Database, pieces: int
) -> None:
    store_in(database, len(HISTORY))
    other = Database(databases.made())
    store_in(other, pieces)
    with database.read() as session, other.read() as another:
        assert standing(session) == standing(another)
    other.close()


@pytest.mark.parametrize("kept_from", [0, 4, 7])
def test_pieces_of_one_transaction_come_to_the_same_rows(
    databases: Databases, database: Database, kept_from: int
) -> None:
    store_in(database, len(HISTORY), kept_from=kept_from)
    other = Database(databases.made())
    with other.write() as session:
        saving = Saving(session, kept_from=kept_from)
        for item in happened():
            saving.add(piece_of([item]))
        saving.finish()
    with database.read() as session, other.read() as another:
        assert standing(session) == standing(another)
        for table in (JobVersion, EvaluatorVersion):
            order = select(*(each for each in table.__table__.c if each.name != "id")).order_by(
                table.block_number, table.log_index
            )
            assert session.execute(order).all() == another.execute(order).all()
    other.close()


@pytest.mark.parametrize("to_block", range(7))
def test_a_rollback_leaves_what_that_many_blocks_would_have(
    databases: Databases, database: Database, to_block: int
) -> None:
    store_in(database, len(HISTORY))
    with database.write() as session:
        roll_back(session, to_block)
    other = Database(databases.made())
    with other.write() as session:
        save_events(session, [item for item in happened() if item.place.block_number <= to_block])
    with database.read() as session, other.read() as another:
        assert standing(session) == standing(another)
    other.close()


def test_versions_that_no_rollback_reaches_are_not_stored(database: Database) -> None:
    store_in(database, len(HISTORY), kept_from=7)
    with database.read() as session:
        assert len(list(session.scalars(select(JobVersion.id)))) == 2
        assert len(list(session.scalars(select(EvaluatorVersion.id)))) == 1
        assert dict(standing(session)[0])[JOBS[0]].state is State.CLOSED


def test_a_closed_job_is_forgotten__and_read_again_where_something_follows(database: Database) -> None:
    events: list[e.EscrowEvent] = [
        opened(JOBS[0]),
        e.Delivered(JOBS[0], "0x" + "d1" * 32),
        judged(JOBS[0]),
        closed(JOBS[0]),
    ]
    later = e.ArbiterPaid(JOBS[0], "0x" + "a9" * 20, 7)
    items = one_a_block([*events, later])
    with database.write() as session:
        saving = Saving(session)
        saving.add(piece_of(items[:2]))
        assert set(saving._jobs.versions._tracks) == {JOBS[0]}
        saving.add(piece_of(items[2:4]))
        assert saving._jobs.versions._tracks == {}
        assert dict(standing(session)[0])[JOBS[0]].state is State.CLOSED
        saving.add(piece_of(items[4:]))
        saving.finish()
    with database.read() as session:
        record = dict(standing(session)[0])[JOBS[0]]
        assert (record.state, record.to_arbiter) == (State.CLOSED, 7)
        until = session.scalars(select(JobVersion.until_block).order_by(JobVersion.block_number)).all()
        assert until == [3, 4, 5, 6, None]


@pytest.mark.parametrize("apart", [True, False])
def test_what_follows_a_closed_job__as_it_cannot__is_refused(database: Database, *, apart: bool) -> None:
    items = one_a_block([opened(JOBS[0]), closed(JOBS[0]), closed(JOBS[0])])
    with database.write() as session:
        saving = Saving(session)
        saving.add(piece_of(items[:2] if apart else items[:1]))
        with pytest.raises(ImpossibleEventsError, match="where block 4 says JobClosed"):
            saving.add(piece_of(items[2:] if apart else items[1:]))
        session.rollback()


def test_events_that_cannot_follow_leave_nothing_behind(database: Database) -> None:
    items = [item for item in happened() if not isinstance(item.event, e.JobOpened)]
    with pytest.raises(ImpossibleEventsError), database.write() as session:
        save_events(session, items)
    with database.read() as session:
        assert list(session.scalars(select(EventRow.name))) == []


@pytest.mark.parametrize("at_once", [True, False])
def test_a_job_opened_a_second_time_leaves_nothing_behind(database: Database, *, at_once: bool) -> None:
    first = Happened(opened(JOBS[0]), "0x" + "77" * 32, Place(2, f"0x{2:064x}", 1_002, 0))
    again = Happened(opened(JOBS[0]), "0x" + "78" * 32, Place(9, f"0x{9:064x}", 1_009, 0))
    if not at_once:
        with database.write() as session:
            save_events(session, [first])
    with pytest.raises(ImpossibleEventsError, match="second time"), database.write() as session:
        save_events(session, [first, again] if at_once else [again])
    with database.read() as session:
        assert len(list(session.scalars(select(EventRow.name)))) == (0 if at_once else 1)


@pytest.mark.parametrize("event", [event for _number, event in HISTORY], ids=lambda x: type(x).__name__)
def test_an_event_s_text_is_plain_json_of_its_fields(event: e.EscrowEvent) -> None:
    assert codec.event_text(event) == json.dumps(asdict(event), separators=(",", ":"))
