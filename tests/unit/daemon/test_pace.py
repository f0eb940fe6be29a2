"""Rests grow with the work, between two limits."""

from __future__ import annotations

import pytest

from oracle.daemon.pace import LONGEST, SHORTEST, rest_after


@pytest.mark.parametrize(
    ("took", "rest"), [(0.0, SHORTEST), (0.01, SHORTEST), (0.1, 0.2), (0.2, 0.4), (5.0, LONGEST)]
)
def test_rest_after__is_twice_the_work_between_its_limits(took: float, rest: float) -> None:
    assert rest_after(took) == pytest.approx(rest)
