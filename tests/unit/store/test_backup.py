"""Copies of a database in use, the way back, and what a restored journal may not sign."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from oracle.domain.terms import Attestation
from oracle.domain.types import Outcome
from oracle.signing.journal import JournalEntry
from oracle.store import backup, holds, schema
from oracle.store.database import Database, StoreError
from oracle.store.journal import StoredJournal
from oracle.store.tables import HoldRow, LaneRow
from tests.databases import Databases

SIGNER, DOMAIN, JOB, DELIVERABLE, EVIDENCE = (
    "0x" + "11" * 20, "0x" + "d0" * 32, "0x" + "01" * 32, "0x" + "d1" * 32, "0x" + "ee" * 32,
)  # fmt: skip


@pytest.fixture
def database(databases: Databases) -> Iterator[Database]:
    made = Database(databases.made())
    yield made
    made.close()


@pytest.fixture
def fresh(databases: Databases) -> str:
    """Where a copy is restored to."""
    return databases.empty()


def url_of(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False)


def sign(database: Database) -> JournalEntry:
    entry = JournalEntry(SIGNER, DOMAIN, Attestation(JOB, DELIVERABLE, Outcome.PASS, EVIDENCE), JOB)
    return StoredJournal(database).record_all([entry])[0]


def test_what_was_signed_before_the_backup__is_in_the_restored_journal(
    database: Database, fresh: str, tmp_path: Path
) -> None:
    entry = sign(database)
    backup.backup(url_of(database), tmp_path / "copy")
    assert backup.restore(fresh, tmp_path / "copy") == (schema.needed(), schema.needed())
    with closing(Database(fresh)) as restored:
        schema.require_current(restored)
        assert StoredJournal(restored).find_all(DOMAIN, [entry.signer], [JOB]) == [entry]


def test_a_backup_under_writes__holds_one_state(database: Database, fresh: str, tmp_path: Path) -> None:
    stop, begun = threading.Event(), threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            with database.write() as session:  # always two rows at once
                session.add(LaneRow(sender=f"0x{number:040x}", next_nonce=0))
                session.add(LaneRow(sender=f"0x{number + 1:040x}", next_nonce=0))
            number += 2
            begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert begun.wait(60)
        backup.backup(url_of(database), tmp_path / "copy")
    finally:
        stop.set()
        writer.join()
    backup.restore(fresh, tmp_path / "copy")
    with closing(Database(fresh)) as restored, restored.read() as session:
        count = session.scalar(select(func.count()).select_from(LaneRow))
    assert count
    assert count % 2 == 0


def test_a_restored_database__is_held_from_its_first_start(
    database: Database, fresh: str, tmp_path: Path
) -> None:
    backup.backup(url_of(database), tmp_path / "copy")
    backup.restore(fresh, tmp_path / "copy")
    with closing(Database(fresh)) as restored:
        with restored.write() as session:
            assert holds.held_until(session) is None, "it has not woken yet"
            before = time.time()
            assert holds.notice_holds(session) == 1
        woke = time.time()
        with restored.write() as session:
            until = holds.held_until(session)
            assert until is not None
            assert before + holds.MARGIN <= until <= woke + holds.MARGIN
            assert holds.notice_holds(session) == 0, "a second start changes nothing"
            assert holds.held_until(session) == until
            assert holds.release_holds(session) == 1
            assert holds.held_until(session) is None
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(HoldRow)) == 0, "the original is not held"


def test_an_sqlite_copy_put_in_place_by_hand__is_held(
    database: Database, databases: Databases, tmp_path: Path
) -> None:
    if databases.kind == "postgresql":
        pytest.skip("a dump of PostgreSQL is no database that could be put in place")
    copy = tmp_path / "copy"
    backup.backup(url_of(database), copy)
    url = f"{database.engine.dialect.name}:///{copy}"
    with closing(Database(url)) as found, found.write() as session:
        assert holds.notice_holds(session) == 1


def test_restore__onto_a_database_that_is_not_empty__is_refused(database: Database, tmp_path: Path) -> None:
    backup.backup(url_of(database), tmp_path / "copy")
    with pytest.raises(StoreError, match=r"exists|is not empty"):
        backup.restore(url_of(database), tmp_path / "copy")


def test_backup__onto_a_file_that_exists__is_refused(database: Database, tmp_path: Path) -> None:
    (tmp_path / "copy").write_bytes(b"older")
    with pytest.raises(StoreError, match="exists"):
        backup.backup(url_of(database), tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"older"


@pytest.mark.parametrize("damage", ["cut", "nothing", "noise"])
def test_a_damaged_copy__is_refused_and_leaves_nothing(
    database: Database, fresh: str, tmp_path: Path, damage: str
) -> None:
    copy = tmp_path / "copy"
    sign(database)
    backup.backup(url_of(database), copy)
    data = copy.read_bytes()
    copy.write_bytes({"cut": data[: len(data) // 2], "nothing": b"", "noise": b"no database" * 99}[damage])
    with pytest.raises(StoreError):
        backup.restore(fresh, copy)
    with closing(Database(fresh)) as left:
        assert schema.current(left) is None


def test_the_password_is_in_no_argument(
    database: Database, databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if databases.kind == "sqlite":
        pytest.skip("SQLite has no password")
    seen: list[Any] = []
    run = subprocess.run

    def watched(command: list[str], **given: Any) -> Any:
        seen.append(command)
        return run(command, **given)

    monkeypatch.setattr(subprocess, "run", watched)
    backup.backup(url_of(database), tmp_path / "copy")
    password = database.engine.url.password
    assert password is not None
    assert seen
    assert not any(str(password) in argument for command in seen for argument in command)
