"""Both kinds of database keep the same promises."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from oracle.store import codec, listing, schema, tab_pages
from oracle.store.database import CACHE, CACHE_OF_MANY, PAGE, Database, StoreError
from oracle.store.events import save_events
from oracle.store.rows import insert_tuples
from oracle.store.tables import Block, EventRow, LaneRow
from tests.databases import Databases
from tests.unit.daemon.test_events_store import JOBS, happened
from tests.unit.daemon.test_events_store import opened as opened_job
from tests.unit.store.test_scores_tabs import AGENT, happen, opened, presented

SENDER, OTHER = "0x" + "11" * 20, "0x" + "22" * 20


def test_a_read_sees_one_state__whatever_is_written_meanwhile(databases: Databases) -> None:
    database = Database(databases.made())
    count = select(func.count()).select_from(LaneRow)
    with database.read() as session:
        assert session.scalar(count) == 0
        with database.write() as writer:
            writer.add(LaneRow(sender=SENDER, next_nonce=0))
        assert session.scalar(count) == 0
    with database.read() as session:
        assert session.scalar(count) == 1
    database.close()


def test_a_commit_waits_for_the_disk(databases: Databases) -> None:
    database = Database(databases.empty())
    asked = "PRAGMA synchronous" if databases.kind == "sqlite" else "SHOW synchronous_commit"
    with database.engine.connect() as connection:
        assert connection.scalar(text(asked)) in (2, "on")
    database.close()


def test_pages_are_of_one_size_from_the_start__and_what_was_made_before_keeps_its_own(
    databases: Databases, tmp_path: Path
) -> None:
    if databases.kind != "sqlite":
        pytest.skip("a setting of SQLite")
    with closing(sqlite3.connect(tmp_path / "older.sqlite3")) as older:
        older.executescript("PRAGMA page_size=4096; PRAGMA journal_mode=WAL; CREATE TABLE one (two)")
    for url, size in ((databases.empty(), PAGE), (f"sqlite:///{tmp_path / 'older.sqlite3'}", 4_096)):
        database = Database(url)
        schema.upgrade(database)
        with database.read() as session:
            assert session.scalar(text("PRAGMA page_size")) == size
            assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        database.close()


def test_synchronous_commit_that_the_server_switches_off__is_on_again(databases: Databases) -> None:
    if databases.kind == "sqlite":
        pytest.skip("a setting of PostgreSQL")
    url = databases.empty()
    first = Database(url)
    with first.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        name = connection.scalar(text("SELECT current_database()"))
        connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
    first.close()
    database = Database(url)
    with database.engine.connect() as connection:
        assert connection.scalar(text("SHOW synchronous_commit")) == "on"
    database.close()


def test_upgrade__twice__the_second_changes_nothing(databases: Databases) -> None:
    database = Database(databases.empty())
    with pytest.raises(StoreError, match="is at revision none"):
        schema.require_current(database)
    assert schema.upgrade(database) == (None, schema.needed())
    assert schema.upgrade(database) == (schema.needed(), schema.needed())
    schema.require_current(database)
    database.close()


def test_what_is_asked_of_files_and_tables_is_what_alembic_says(databases: Databases) -> None:
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    assert schema.needed() == ScriptDirectory.from_config(schema.config()).get_current_head()
    database = Database(databases.made())
    with database.engine.connect() as connection:
        marked = MigrationContext.configure(connection).get_current_revision()
    assert schema.current(database) == marked
    database.close()


def test_the_migrations_make_what_the_tables_say(databases: Databases) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    from oracle.store.tables import Base

    database = Database(databases.made())
    with database.engine.connect() as connection:
        differences: list[Any] = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    assert differences == []
    database.close()


def migrate(database: Database, move: Callable[..., None], revision: str) -> None:
    settings = schema.config()
    with database.engine.begin() as connection:
        settings.attributes["connection"] = connection
        move(settings, revision)


def openings(database: Database) -> dict[str, str]:
    """What is stored of openings, by job."""
    with database.read() as session:
        query = select(EventRow.subject, EventRow.body).where(EventRow.name == "JobOpened")
        return {str(job): body for job, body in session.execute(query)}


def test_openings_stored_with_their_agreement__are_stored_without__and_back(databases: Databases) -> None:
    from alembic import command

    database = Database(databases.made())
    with database.write() as session:
        save_events(session, happened())
    in_full = {job: codec.event_text(opened_job(job)) for job in JOBS}
    bare = openings(database)
    migrate(database, command.downgrade, "0016")
    assert openings(database) == in_full
    migrate(database, command.upgrade, "head")
    assert openings(database) == bare
    assert all('"agreement":null' in body for body in bare.values())
    database.close()


def test_an_opening_whose_agreement_is_written_otherwise__stays_as_it_is(databases: Databases) -> None:
    from alembic import command

    database = Database(databases.made())
    with database.write() as session:
        save_events(session, happened())
    bare = openings(database)
    migrate(database, command.downgrade, "0016")
    spaced = json.dumps(json.loads(openings(database)[JOBS[0]]))
    with database.write() as session:
        this = EventRow.name == "JobOpened", EventRow.subject == JOBS[0]
        session.execute(update(EventRow).where(*this).values(body=spaced))
    migrate(database, command.upgrade, "head")
    assert openings(database) == bare | {JOBS[0]: spaced}
    with database.read() as session:
        (found,) = listing.list_events(session, limit=9, name="JobOpened", subject=JOBS[0])
    assert codec.event_of(found.name, found.body) == opened_job(JOBS[0])
    database.close()


def test_events_of_tabs_stored_before_they_named_the_provider__name_it(databases: Databases) -> None:
    from alembic import command

    database = Database(databases.made())
    happen(database, opened(), presented())
    migrate(database, command.downgrade, "0015")
    migrate(database, command.upgrade, "head")
    with database.read() as session:
        found = tab_pages.list_events(session, limit=9, provider=AGENT)
    assert [one.name for one in found] == ["Presented", "TabOpened"]
    database.close()


def test_every_test_takes_its_database_from_the_fixture() -> None:
    tests = Path(__file__).parents[2]
    own = {
        Path(__file__),  # says this
        tests / "databases.py",  # makes them
        tests / "integration/daemon/test_secrets.py",  # looks into the file's bytes
    }
    strays = [path for path in tests.rglob("*.py") if path not in own and "sqlite://" in path.read_text()]
    assert strays == []


def test_a_write_of_many_rows__may_use_more_memory__until_its_end(databases: Databases) -> None:
    if databases.kind == "postgresql":
        pytest.skip("a setting of SQLite")
    database = Database(databases.made())
    size = text("PRAGMA cache_size")
    for many, expected in ((True, -CACHE_OF_MANY), (False, -CACHE)):
        with database.write(many=many) as session:
            assert session.scalar(size) == expected
    with database.read() as session:
        assert session.scalar(size) == -CACHE
    database.close()


@pytest.mark.parametrize("count", [1, 8, 9, 511, 512, 513, 1_100])
def test_rows_of_any_number__are_stored_each_once(databases: Databases, count: int) -> None:
    database = Database(databases.made())
    rows = [(number, "0x" + f"{number:064x}", "0x" + "00" * 32, 5) for number in range(count)]
    with database.write() as session:
        insert_tuples(session, Block, ("block_number", "hash", "parent_hash", "timestamp"), rows)
    with database.read() as session:
        found = session.execute(select(Block.block_number, Block.hash).order_by(Block.block_number)).all()
    assert [tuple(row) for row in found] == [row[:2] for row in rows]
    database.close()
