"""What a daemon says when it cannot start: words, and no traceback."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from oracle.daemon.assembly import assembled
from oracle.durable import dbos_runs, opening
from oracle.store import database, schema
from oracle.store.database import StoreError
from tests.integration.daemon.conftest import World


def test_start__database_locked__said_in_words(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by `make chaos` (seed 11): a start while another program held the lock ended in a traceback."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT", 100)
    holder = world.database()
    if holder.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL has no lock that keeps every writer out")
    schema.upgrade(holder)
    with holder.write() as session:
        session.execute(text("SELECT 1"))  # takes the writer's lock
        with pytest.raises(StoreError, match=r"cannot use the database .* now: .*locked"):
            assembled(world.settings()).__enter__()
    holder.close()


@pytest.mark.parametrize(("owner", "name"), [(opening, "own_name"), (dbos_runs.DbosRuns, "open")])
def test_start__database_gone_or_full_meanwhile__said_in_words(
    world: World, monkeypatch: pytest.MonkeyPatch, owner: object, name: str
) -> None:
    """Found by `make chaos DATABASE=postgresql` (seed 44): durable runs that did not open, in a traceback."""

    def fail(*_arguments: object) -> None:
        raise OperationalError("UPDATE", None, Exception("No space left on device"))

    monkeypatch.setattr(owner, name, fail)
    holder = world.database()
    schema.upgrade(holder)
    with pytest.raises(StoreError, match=r"cannot use the database .* now: No space left"):
        assembled(world.settings()).__enter__()
    holder.close()
