"""Faults that overlap end as they should: nothing stays broken when peace comes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from scripts.chaos.hurt import Hurt
from scripts.chaos.plan import Fault, Kind


@pytest.fixture
def world(tmp_path: Path) -> Any:
    places = [tmp_path / "mirror", tmp_path / "handover"]
    for place in places:
        place.mkdir()
        (place / "blob").write_bytes(b"content")
    return SimpleNamespace(handover=places, sites=[])


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
