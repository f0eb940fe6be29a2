"""The garbage collector of a process that runs for months."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from oracle.cli.main import cli
from oracle.daemon.collector import YOUNG, postponed, settle


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)
    gc.enable()


class Knot:
    """Garbage that only the collector finds."""

    freed = 0

    def __init__(self) -> None:
        self.self = self

    def __del__(self) -> None:
        type(self).freed += 1


def test_what_is_loaded_is_left_alone_and_later_garbage_is_found() -> None:
    settle()
    assert gc.get_freeze_count() > 0
    Knot()
    kept: list[list[int]] = [[] for _ in range(2 * YOUNG)]
    assert Knot.freed == 1
    assert kept


def test_a_start_is_not_collected_until_it_has_settled() -> None:
    with postponed():
        assert not gc.isenabled()
        settle()
        assert gc.isenabled()
    assert gc.isenabled()
    with postponed():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_start_that_fails_leaves_the_collector_on(tmp_path: Path) -> None:
    assert CliRunner().invoke(cli, ["run", "--config", str(tmp_path / "none.toml")]).exit_code != 0
    assert gc.isenabled()
