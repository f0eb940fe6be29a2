"""Values made the quick way are the values made the usual way."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass

import pytest

from oracle.domain.events import JobClosed
from oracle.domain.quick import maker
from oracle.domain.types import Ending, Outcome

VALUES = ("0x" + "11" * 32, Outcome.PASS, Ending.AGREED, 1, 2, 3, 4, 5)


def test_a_value_made_quickly_is_like_any_other() -> None:
    made, usual = maker(JobClosed)(*VALUES), JobClosed(*VALUES)
    assert type(made) is JobClosed
    assert (made, hash(made), repr(made)) == (usual, hash(usual), repr(usual))
    with pytest.raises(FrozenInstanceError):
        made.paid = 1  # type: ignore[misc]


def test_every_field_must_be_given() -> None:
    with pytest.raises(TypeError):
        maker(JobClosed)(*VALUES[:-1])


def test_a_class_whose_values_would_come_out_otherwise_is_refused() -> None:
    @dataclass(frozen=True, slots=True)
    class Checked:
        value: int

        def __post_init__(self) -> None:
            raise ValueError(self.value)

    @dataclass(frozen=True)
    class Loose:
        value: int

    with pytest.raises(TypeError, match="__post_init__"):
        maker(Checked)
    with pytest.raises(TypeError):
        maker(Loose)
