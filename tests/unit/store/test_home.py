"""A database that wakes elsewhere than it last did is held, whoever copied it and how."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from oracle.store import backup, home, schema
from oracle.store.database import Database
from oracle.store.tables import HoldRow, HomeRow
from tests.databases import Databases


@pytest.fixture
def database(databases: Databases) -> Iterator[Database]:
    made = Database(databases.made())
    yield made
    made.close()


def holds_of(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(HoldRow)) or 0


def file_of(database: Database) -> Path:
    return Path(database.engine.url.database or "")


def run(database: Database, *command: str) -> None:
    """One of PostgreSQL's programs, as an operator would call it."""
    url = database.engine.url
    given = {"PGHOST": str(url.query["host"]), "PGUSER": str(url.username), "PGPASSWORD": str(url.password)}
    subprocess.run(command, check=True, env=os.environ | given, timeout=200)


def copied_by_hand(database: Database, databases: Databases, copy: Path) -> Database:
    """A copy of everything, made without us, in another place."""
    if databases.kind == "sqlite":
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(file_of(database), copy)
        return Database(f"{database.engine.dialect.name}:///{copy}")
    other = Database(databases.empty())
    run(database, "pg_dump", "--format=custom", f"--file={copy}", str(database.engine.url.database))
    run(other, "pg_restore", "--no-owner", f"--dbname={other.engine.url.database}", str(copy))
    return other


def test_a_database_that_stays__is_never_held(database: Database) -> None:
    with capture_logs() as logs:
        assert [home.come_home(database) for _ in range(3)] == [False, False, False]
    assert holds_of(database) == 0
    assert logs == []


def test_a_copy_made_by_hand__is_held_once_and_says_what_to_run(
    database: Database, databases: Databases, tmp_path: Path
) -> None:
    home.come_home(database)
    with closing(copied_by_hand(database, databases, tmp_path / "copy")) as copy:
        with capture_logs() as logs:
            assert home.come_home(copy)
        assert [line["event"] for line in logs] == ["database_was_copied"]
        assert "oracle db release-signing" in logs[0]["next_step"]
        assert not home.come_home(copy), "it is at home there now"
        assert holds_of(copy) == 1
    assert not home.come_home(database), "the original is where it was"
    assert holds_of(database) == 0


def test_an_older_copy_put_back_in_its_place_by_hand__is_held(
    database: Database, databases: Databases, tmp_path: Path
) -> None:
    home.come_home(database)
    copy = tmp_path / "copy"
    if databases.kind == "postgresql":
        name = str(database.engine.url.database)
        run(database, "pg_dump", "--format=custom", f"--file={copy}", name)
        run(database, "pg_restore", "--clean", "--no-owner", f"--dbname={name}", str(copy))
    else:
        copied_by_hand(database, databases, copy).close()
        home.come_home(database)  # a later start
        database.close()
        shutil.copy(copy, file_of(database))
    assert home.come_home(database)
    assert holds_of(database) == 1


def test_a_copy_of_ours__has_no_second_hold(database: Database, databases: Databases, tmp_path: Path) -> None:
    home.come_home(database)
    backup.backup(database.engine.url.render_as_string(hide_password=False), tmp_path / "copy")
    fresh = databases.empty()
    backup.restore(fresh, tmp_path / "copy")
    with closing(Database(fresh)) as restored:
        assert not home.come_home(restored)
        assert holds_of(restored) == 1


def test_a_database_of_an_older_program__is_only_noted(databases: Databases) -> None:
    with closing(Database(databases.empty())) as database:
        schema.upgrade(database)
        assert not home.come_home(database)
        with database.read() as session:
            assert session.scalar(select(func.count()).select_from(HomeRow)) == 1


class TornError(Exception):
    """The process dies here."""


@pytest.mark.parametrize("cut", [1, 2])
def test_a_start_that_was_cut_off__is_no_move(
    database: Database, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    home.come_home(database)
    calls = 0
    settle, lay = home._settle, home._lay

    def torn_before_the_database(*given: object, **named: object) -> bool:
        raise TornError

    def torn_after_the_database(beside: Path, marks: list[str]) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise TornError
        lay(beside, marks)

    if cut == 1:
        monkeypatch.setattr(home, "_settle", torn_before_the_database)
    else:
        monkeypatch.setattr(home, "_lay", torn_after_the_database)
    try:
        home.come_home(database)
    except TornError:
        calls = 2
    monkeypatch.setattr(home, "_settle", settle)
    monkeypatch.setattr(home, "_lay", lay)
    assert not home.come_home(database)
    assert holds_of(database) == 0
