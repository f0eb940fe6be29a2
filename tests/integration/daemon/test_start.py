"""What a daemon says when it cannot start: words, and no traceback."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from oracle.daemon.assembly import assembled
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
