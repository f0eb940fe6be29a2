"""Figures over the store: counts and ages of what is live."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import update

from oracle.decide.due import Purpose
from oracle.store import outbox
from oracle.store.database import Database
from oracle.store.overview import overview
from oracle.store.tables import OutboxRow
from tests.databases import Databases, unsynced

SENDER = "0x" + "5e" * 20


@pytest.fixture
def database(databases: Databases) -> Iterator[Database]:
    made = Database(databases.made())
    unsynced(made)
    yield made
    made.close()


def test_overview__empty_store__has_no_ages(database: Database) -> None:
    with database.read() as session:
        seen = overview(session)
    assert (seen.block, seen.oldest_waiting, seen.oldest_unsent, seen.oldest_unmined) == (None,) * 4
    assert (dict(seen.jobs), seen.signed, dict(seen.outbox)) == ({}, 0, {"queued": 0, "pending": 0})


def test_overview__outbox__counts_and_ages_of_what_is_live(database: Database) -> None:
    with database.write() as session:
        for number in range(3):
            call = outbox.Call(Purpose.JUDGE, f"0x{number:064x}", SENDER, b"\x01")
            assert outbox.enqueue(session, SENDER, call) is not None
        session.execute(update(OutboxRow).where(OutboxRow.id == 1).values(created_at=10.0, nonce=4))
        session.execute(update(OutboxRow).where(OutboxRow.id == 2).values(created_at=20.0))
        session.execute(update(OutboxRow).where(OutboxRow.id == 3).values(created_at=5.0, dropped="done"))
    with database.read() as session:
        seen = overview(session)
    assert dict(seen.outbox) == {"queued": 1, "pending": 1}
    assert (seen.oldest_unsent, seen.oldest_unmined) == (20.0, 10.0)
