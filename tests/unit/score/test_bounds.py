"""Limits of a share in thousandths: right, and the same whoever computes them."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from scipy.special import betainc

from oracle.score import bounds, v1

UNIT = 10**9


@pytest.mark.parametrize(
    ("passes", "failures", "low", "high"),
    [
        pytest.param(10, 0, 741, 1_000, id="no failure: 0.05 to the power of 1/n"),
        pytest.param(8, 2, 493, 964, id="Clopper and Pearson, 8 of 10 at 90 %"),
        pytest.param(0, 10, 0, 259, id="no pass"),
        pytest.param(0, 0, 0, 1_000, id="nothing known"),
        pytest.param(1, 0, 50, 1_000, id="exactly on a thousandth"),
    ],
)
def test_limits__known_tables__agree(passes: int, failures: int, low: int, high: int) -> None:
    assert bounds.lower(passes * UNIT, failures * UNIT, unit=UNIT) == low
    assert bounds.upper(passes * UNIT, failures * UNIT, unit=UNIT) == high


@pytest.mark.parametrize("a", [0.1, 1.5, 3.0, 40.25, 900.0])
@pytest.mark.parametrize("b", [1.0, 2.75, 60.0, 800.0])
@pytest.mark.parametrize("thousandths", [1, 50, 400, 750, 999])
def test_decimals__beside_the_library__decide_alike(a: float, b: float, thousandths: int) -> None:
    share = betainc(a, b, thousandths / 1_000)
    exact = bounds._is_above(int(a * UNIT), int(b * UNIT), UNIT, thousandths)
    assert exact == (share > 0.05) or abs(share - 0.05) < 1e-12


def test_lower__proposal_on_the_edge__decimals_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    # What makes the quantile exactly 0.75 lies between two counts; one part in 10^9 decides.
    with localcontext(prec=50):
        edge = int(Decimal("0.05").ln() / Decimal("0.75").ln() * UNIT)
    asked: list[int] = []
    decide = bounds._is_above

    def watched(a: int, b: int, unit: int, thousandths: int) -> bool:
        asked.append(thousandths)
        return decide(a, b, unit, thousandths)

    monkeypatch.setattr(bounds, "_is_above", watched)
    assert bounds.lower(edge, 0, unit=UNIT) == 749
    assert bounds.lower(edge + 1, 0, unit=UNIT) == 750
    assert asked == [750, 750]


@pytest.mark.parametrize(("factor", "half_life"), [(v1._PASS_DAY, 90), (v1._FAIL_DAY, 365)])
def test_day_factors__are_what_they_say(factor: int, half_life: int) -> None:
    with localcontext(prec=50):
        exact = Decimal(2) ** (Decimal(-1) / half_life) * 10**18
    assert abs(factor - exact) < 1
    assert (factor > exact) == (half_life == 365)
