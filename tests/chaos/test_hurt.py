"""Faults that overlap end as they should: nothing stays broken when peace comes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from scripts.chaos.hurt import STRIKE_PATIENCE, Hurt
from scripts.chaos.inside import Ears, Orders
from scripts.chaos.kills import PATIENCE, Kills
from scripts.chaos.plan import Fault, Kind


@pytest.fixture
def world(tmp_path: Path) -> Any:
    places = [tmp_path / "mirror", tmp_path / "handover"]
    for place in places:
        place.mkdir()
        (place / "blob").write_bytes(b"content")
    return SimpleNamespace(folder=tmp_path, handover=places, sites=[], market=None)


@pytest.mark.parametrize("first", ["gone", "corrupt"])
@pytest.mark.parametrize("second", ["gone", "corrupt"])
def test_content__broken_twice__whole_again(world: Any, first: str, second: str) -> None:
    hurt = Hurt(cast("Any", world))
    hurt.begin(Fault(1, Kind.CONTENT, name=first, steps=4))
    hurt.begin(Fault(2, Kind.CONTENT, name=second, steps=4))
    handover = world.handover[1] / "blob"
    assert handover.exists() == (second == "corrupt")
    hurt.turn(5)
    hurt.end_all()
    assert [(place / "blob").read_bytes() for place in world.handover] == [b"content"] * 2
    assert hurt.done[Kind.CONTENT] == 2


class Evaluator:
    """Takes orders as a site does, and has the ears its process would have."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.orders = Orders()
        self.ears = Ears()
        self.ears.folder = folder
        self.lockable = False
        self.hindrance = SimpleNamespace(lock=lambda: self.lockable, unlock=lambda: None)

    def order(self, **changes: Any) -> None:
        self.orders = replace(self.orders, **changes)
        self.orders.write(self.folder)

    def comes_to(self, point: int) -> bool:
        """Whether it dies of it."""
        return self.ears.is_fatal(point)


@pytest.fixture
def sites(tmp_path: Path) -> list[Evaluator]:
    return [Evaluator(tmp_path / f"evaluator-{index}") for index in range(3)]


def killing(tmp_path: Path, sites: list[Evaluator]) -> Kills:
    return Kills(tmp_path, cast("Any", sites))


def test_kill__of_its_own_evaluator_at_the_call_that_was_said(tmp_path: Path, sites: list[Evaluator]) -> None:
    kills = killing(tmp_path, sites)
    fault = Fault(1, Kind.KILL_AT, 1, "7", amount=2)
    kills.arm(fault)
    assert [site.comes_to(7) for site in sites] == [False] * 3
    assert not sites[1].comes_to(6)
    assert not kills.turn(2)
    assert sites[1].comes_to(7)
    assert kills.turn(3) == [fault]
    assert kills.struck == [7]
    assert not sites[1].comes_to(7), "the process that comes after it lives"


def test_kill__its_evaluator_does_not_come_there__strikes_the_first_that_does(
    tmp_path: Path, sites: list[Evaluator]
) -> None:
    kills = killing(tmp_path, sites)
    kills.arm(Fault(1, Kind.KILL_AT, 1, "7", amount=2))
    kills.turn(PATIENCE)
    assert not sites[2].comes_to(7)
    kills.turn(1 + PATIENCE)
    assert [site.comes_to(7) for site in sites] == [True, False, False]
    assert len(kills.turn(2 + PATIENCE)) == 1
    assert all(not site.orders.kills for site in sites)


def test_kills__several_wait_at_once(tmp_path: Path, sites: list[Evaluator]) -> None:
    kills = killing(tmp_path, sites)
    for point in (3, 5):
        kills.arm(Fault(1, Kind.KILL_AT, 0, str(point), amount=1))
    assert sites[0].comes_to(5)
    assert sites[0].comes_to(3)
    assert len(kills.turn(2)) == 2
    kills.arm(Fault(2, Kind.KILL_AT, 0, "4", amount=1))
    assert [fault.name for fault in kills.disarm()] == ["4"]
    assert not sites[0].comes_to(4)


def test_lock__cannot_be_had__tried_again_and_not_counted_before(world: Any, sites: list[Evaluator]) -> None:
    world.sites = sites
    hurt = Hurt(world)
    hurt.begin(Fault(1, Kind.DB_LOCKED, 0, steps=2))
    hurt.begin(Fault(1, Kind.DB_LOCKED, 1, steps=2))
    hurt.turn(2)
    assert not hurt.done[Kind.DB_LOCKED]
    sites[0].lockable = True
    hurt.turn(3)
    assert hurt.done[Kind.DB_LOCKED] == 1
    hurt.turn(1 + STRIKE_PATIENCE)
    assert ['"took_hold": true' in line for line in hurt.history] == [True, False]


def test_fault__whose_end_fails__is_ended_later(world: Any, sites: list[Evaluator]) -> None:
    """As where PostgreSQL is down at the step at which there is to be room in it again."""
    world.sites = sites
    answers = iter([True, False, True])
    asked: list[bool] = []

    def fill_database(*, on: bool) -> bool:
        asked.append(on)
        return next(answers)

    setattr(sites[0], "fill_database", fill_database)  # noqa: B010 - the stand-in has none of its own
    hurt = Hurt(world)
    hurt.begin(Fault(1, Kind.DB_FULL, 0, steps=1))
    for step in (2, 3, 4, 5):
        hurt.turn(step)
    assert asked == [True, False, False]
