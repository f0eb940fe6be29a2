"""The databases all tests share, and the mark on those that use one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

from tests.databases import Databases, kind_under_test

# A machine that is busy is no failure, and the same code gives the same examples wherever it is tested.
# HYPOTHESIS_PROFILE=searching looks for new ones.
settings.register_profile("searching", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("repeating", settings.get_profile("searching"), derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeating"))


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Databases of the kind that ORACLE_TEST_DATABASE names."""
    folder = tmp_path_factory.mktemp("databases")
    if kind_under_test() == "sqlite":
        yield Databases(folder, None)
        return
    from scripts.local.postgres import postgres

    with postgres() as server:
        yield Databases(folder, server)


# Takes minutes, most of them waiting: begun first, it is over before the rest, which goes by folder.
_FIRST = Path(__file__).parent / "chaos/test_runs.py"


@pytest.hookimpl(tryfirst=True)  # before `-m` selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort, and mark what uses a database, so that `-m database` runs just that on the other kind."""
    items.sort(key=lambda item: item.path != _FIRST)
    for item in items:
        if "databases" in getattr(item, "fixturenames", ()):
            item.add_marker("database")


@pytest.hookimpl(tryfirst=True)  # before a test's fixtures
def pytest_runtest_setup() -> None:
    """Where logs go, and which, is not what a command of an earlier test asked for: its stderr is closed."""
    structlog.reset_defaults()
