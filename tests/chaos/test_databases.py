"""A database that has no room left is so for whoever writes, and no longer than asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from oracle.store import outbox, schema
from oracle.store.database import Database
from scripts.chaos.databases import Hindrance
from scripts.local.postgres import Postgres, PostgresError, postgres

SENDER = "0x" + "11" * 20


@pytest.fixture
def server() -> Iterator[Postgres]:
    try:
        with postgres() as running:
            yield running
    except PostgresError as error:
        pytest.skip(error.message)


def write(database: Database) -> None:
    with database.write() as session:
        outbox.next_nonce(session, SENDER)


def test_postgresql__without_room__says_so_to_writers_until_there_is_some(
    server: Postgres, tmp_path: Path
) -> None:
    database = Database(server.url(server.create()))
    schema.upgrade(database)
    hindrance = Hindrance(database.engine.url.render_as_string(hide_password=False), tmp_path / "none")
    assert hindrance.fill(on=True)
    with pytest.raises(OperationalError) as caught:
        write(database)
    assert isinstance(caught.value.orig, psycopg.errors.DiskFull)
    server.kill()
    assert not hindrance.fill(on=False), "the server is down: to be tried again"
    assert not hindrance.lock()
    server.restart()
    assert hindrance.fill(on=False)
    database.close()
    database = Database(hindrance.url)
    write(database)
    database.close()
