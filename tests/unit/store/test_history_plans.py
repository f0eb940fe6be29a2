"""What is asked for the jobs of a turn is found by those jobs: closed ones, however many, cost nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

from oracle.daemon.facts import REVEAL_BEFORE, gather_all
from oracle.daemon.running import Running
from oracle.decide.due import Purpose
from oracle.decide.jobs import Place
from oracle.domain.events import Delivered
from oracle.domain.terms import Attestation
from oracle.domain.types import Outcome
from oracle.signing.journal import JournalEntry
from oracle.store import jobs, outbox, work
from oracle.store.database import Database
from oracle.store.events import Happened, save_events
from oracle.store.journal import StoredJournal
from oracle.store.rollback import derived_tables, roll_back
from tests.databases import Databases
from tests.unit.daemon.test_events_store import COMMITTEE, happened, opened

# More than a few: SQLite weighs "one of these jobs" against other conditions by how many it names.
JOBS = [f"0x{number:064x}" for number in range(1, 41)]
KEYS = ["0x" + f"{number:02x}" * 20 for number in (0xE1, 0xE2, 0xE3)]
DOMAIN, HASH = "0x" + "d0" * 32, "0x" + "d1" * 32
GROWING = (
    "jobs", "job_versions", "events", "evaluations", "signing_journal", "attestations", "commitments",
    "equivocations", "outbox", "transactions", "receipts",
)  # fmt: skip


@pytest.fixture
def database(databases: Databases) -> Iterator[Database]:
    if databases.kind != "sqlite":
        pytest.skip("PostgreSQL chooses by what is in its tables")
    made = Database(databases.made())
    with made.write() as session:
        save_events(session, happened()[:2])
    yield made
    made.close()


@pytest.fixture
def plans(database: Database) -> list[str]:
    """How SQLite goes through tables that grow with history, one step a line, for all that is asked."""
    found: list[str] = []

    def explain(connection: Connection, _cursor: object, asked: str, values: Any, *_rest: object) -> None:
        if asked.startswith(("SELECT", "UPDATE", "DELETE")):
            plan = connection.connection.cursor()
            one = values[0] if isinstance(values, list) else values
            plan.execute(f"EXPLAIN QUERY PLAN {asked}", one)
            steps = [str(row[-1]) for row in plan.fetchall()]
            found.extend(step for step in steps if step.split(" ")[1] in GROWING)

    event.listen(database.engine, "before_cursor_execute", explain)
    return found


def deliveries(number: int, first_log: int) -> list[Happened]:
    return [
        Happened(Delivered(job, HASH), HASH, Place(number, HASH, 1_000 + number, first_log + index))
        for index, job in enumerate(JOBS)
    ]


def openings(number: int) -> list[Happened]:
    return [
        Happened(opened(job), HASH, Place(number, HASH, 1_000 + number, index))
        for index, job in enumerate(JOBS)
    ]


def entries() -> list[JournalEntry]:
    return [
        JournalEntry(key, DOMAIN, Attestation(job, HASH, Outcome.PASS, HASH), HASH)
        for key in KEYS
        for job in JOBS
    ]


def turns(session: Session) -> None:
    running = Running(KEYS, (), reveal_before=REVEAL_BEFORE)
    running.look(session, every=True)
    running.look(session, every=False)


def sending(session: Session) -> None:
    calls = [outbox.Call(Purpose.JUDGE, job, KEYS[0], b"\x01") for job in JOBS]
    outbox.enqueue_all(session, KEYS[0], calls)
    live = outbox.live_entries(session, KEYS[0], finalized=9, queued=9)
    outbox.lane_entries(session, live, [])
    outbox.attempts_of_all(session, [entry.id for entry in live])
    outbox.raw_transactions(session, JOBS)


def judging(session: Session) -> None:
    work.begin_evaluations(session, [(job, HASH, HASH) for job in JOBS])
    done = [work.Finished(job, HASH, HASH, Outcome.PASS, HASH, "") for job in JOBS]
    work.finish_evaluations(session, done)
    work.evaluations_of(session, JOBS)
    work.attestations_of(session, JOBS)


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda session: jobs.get_jobs(session, JOBS), id="jobs"),
        pytest.param(lambda session: jobs.running_jobs(session, {COMMITTEE}), id="running"),
        pytest.param(lambda session: save_events(session, deliveries(3, 0)), id="events"),
        pytest.param(lambda session: gather_all(session, KEYS), id="all that run"),
        pytest.param(turns, id="turns"),
        pytest.param(sending, id="sending"),
        pytest.param(judging, id="judging"),
        pytest.param(lambda session: roll_back(session, 2), id="rollback"),
    ],
)
def test_jobs_of_a_turn__are_found_without_going_through_history(
    database: Database, plans: list[str], ask: Callable[[Session], object]
) -> None:
    with database.write() as session:
        save_events(session, openings(2))
    plans.clear()
    with database.write() as session:
        ask(session)
    assert plans
    through = {step for step in plans if step.startswith("SCAN") or "(until_block=?" in step}
    # The index of what is on its way, which history is no part of.
    assert through <= {"SCAN outbox USING INDEX ix_outbox_live"}


def test_what_keys_signed_before__is_found_without_going_through_the_journal(
    database: Database, plans: list[str]
) -> None:
    journal = StoredJournal(database)
    assert journal.record_all(entries()) == entries()
    assert {entry.signer for entry in journal.find_all(DOMAIN, KEYS[:2], JOBS)} == set(KEYS[:2])
    assert plans
    assert [step for step in plans if "(signer=? AND domain=? AND subject=?)" not in step] == []


def test_every_table_whose_rows_end__finds_the_ended_ones_only() -> None:
    for table in derived_tables()[1]:
        (found,) = [index for index in table.indexes if [c.name for c in index.columns] == ["until_block"]]
        for dialect in ("sqlite", "postgresql"):
            assert str(found.dialect_options[dialect]["where"]) == "until_block IS NOT NULL", table.name
