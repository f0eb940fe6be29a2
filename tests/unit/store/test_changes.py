"""What is new is told once, and read again only where a row with a lower id may still come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from oracle.domain.types import Hash, Outcome
from oracle.store.changes import OVERLAP, Marks
from oracle.store.database import Database
from oracle.store.tables import AttestationRow
from tests.databases import Databases


@pytest.fixture
def database(databases: Databases) -> Iterator[Database]:
    made = Database(databases.made())
    yield made
    made.close()


def attest(database: Database, *numbers: int) -> None:
    with database.write() as session:
        session.add_all(row(number) for number in numbers)


def row(number: int) -> AttestationRow:
    return AttestationRow(
        id=number, subject=subject(number), deliverable=subject(0), committee=subject(0), evaluator=0,
        signer="0x" + "e1" * 20, outcome=int(Outcome.PASS), payable="0", evidence=subject(0),
        digest=subject(number), r=subject(0), vs=subject(0), received_at=0.0,
    )  # fmt: skip


def subject(number: int) -> Hash:
    return f"0x{number:064x}"


def told(session: Session, marks: Marks, now: float) -> list[int]:
    return sorted(int(job, 16) for job in marks.changes(session, now).jobs)


def test_changes__one_that_comes_late__is_told_as_long_as_it_may_come(database: Database) -> None:
    with database.read() as session:
        marks = Marks(session)
    attest(database, 1, 2, 5)
    with database.read() as session:
        assert told(session, marks, 0.0) == [1, 2, 5]
    attest(database, 4)
    with database.read() as session:
        assert told(session, marks, OVERLAP) == [4]
    attest(database, 3)
    with database.read() as session:
        assert told(session, marks, OVERLAP) == [3]
        assert told(session, marks, OVERLAP) == []


def test_changes__up_to_the_first_gap__nothing_is_read_again(database: Database) -> None:
    lows: list[Any] = []

    def note(_connection: object, _cursor: object, asked: str, values: Any, *_rest: object) -> None:
        if "UNION ALL" in asked:
            lows.append(list(values.values()) if isinstance(values, dict) else list(values))

    with database.read() as session:
        marks = Marks(session)
    event.listen(database.engine, "before_cursor_execute", note)
    attest(database, 1, 2, 5)
    with database.read() as session:
        marks.changes(session, 0.0)
        marks.changes(session, 0.0)
        assert 2 in lows[-1], "3 and 4 may still come, and are looked for from 2 on"
    attest(database, 3, 4)
    with database.read() as session:
        marks.changes(session, 0.0)
        marks.changes(session, 0.0)
    assert 5 in lows[-1]
