"""Bounds of a share of passes, in thousandths: the same integers on every machine.

The interval is that of Clopper and Pearson (Biometrika 26, 1934, 404-413), whose limits are quantiles of Beta
distributions, here with effective counts that need not be whole: the lower limit is the quantile of
Beta(passes, failures + 1), which is the posterior of a reader who begins with one failure seen.

Floating point proposes a quantile; where that is close to a whole thousandth, the distribution function
there is computed in decimals of 60 digits, which decide. So no rounding of a library or processor shows in
what is published.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from functools import lru_cache

WHOLE = 1_000  # a share of one, in thousandths
LEVEL = Decimal("0.05")
"""The share that each limit of an interval leaves outside."""

_DIGITS = 60
_CLOSE = 1e-3  # of a thousandth: far above any error of the proposal (about 1e-10), seldom met
_TINY = Decimal(10) ** -38  # what the decimals may be wrong by; terms below a hundredth of it are left out
_SHIFT = 60  # Stirling's series is used from here on: the first term left out is then below 1e-41
# B(2k) / (2k (2k - 1)), Abramowitz and Stegun 6.1.40.
_STIRLING = (
    (1, 12),
    (-1, 360),
    (1, 1_260),
    (-1, 1_680),
    (1, 1_188),
    (-691, 360_360),
    (1, 156),
    (-3_617, 122_400),
    (43_867, 244_188),
    (-174_611, 125_400),
    (77_683, 5_796),
    (-236_364_091, 1_506_960),
)


def lower(passes: int, failures: int, *, unit: int) -> int:
    """The lower limit of the share of passes, in whole thousandths, rounded down.

    Args:
        passes: Effective passes, in parts of `unit`; at least 0.
        failures: Effective failures, likewise.
    """
    if passes <= 0:
        return 0
    return _floor_quantile(passes, failures + unit, unit)


def upper(passes: int, failures: int, *, unit: int) -> int:
    """The upper limit of the share of passes, in whole thousandths, rounded up."""
    if failures <= 0:
        return WHOLE
    # The quantile of Beta(p + 1, f) at 0.95 is one less that of Beta(f, p + 1) at 0.05.
    return WHOLE - _floor_quantile(failures, passes + unit, unit)


def _floor_quantile(a: int, b: int, unit: int) -> int:
    """The 0.05 quantile of Beta(a / unit, b / unit) in whole thousandths, rounded down."""
    from scipy.special import betaincinv  # slow to import: not where it is not needed

    proposed = float(betaincinv(a / unit, b / unit, float(LEVEL))) * WHOLE
    nearest = round(proposed)
    if abs(proposed - nearest) > _CLOSE:
        return int(proposed)
    if nearest == 0:
        return 0
    return nearest if not _is_above(a, b, unit, nearest) else nearest - 1


@lru_cache(maxsize=4_096)
def _is_above(a: int, b: int, unit: int, thousandths: int) -> bool:
    """Whether the distribution function of Beta(a, b) at so many thousandths exceeds the level.

    DLMF 8.17.8 with 15.8.1: I_x(a, b) = x^a (1 - x)^b / (a B(a, b)) * sum of (a + b)_n / (a + 1)_n x^n; all
    terms are positive, so nothing cancels.
    """
    if thousandths >= WHOLE:
        return True
    with localcontext(Context(prec=_DIGITS, rounding=ROUND_HALF_EVEN)):
        alpha, beta, x = Decimal(a) / unit, Decimal(b) / unit, Decimal(thousandths) / WHOLE
        flipped = x > (alpha + 1) / (alpha + beta + 2)
        if flipped:  # the series is short on this side only
            alpha, beta, x = beta, alpha, 1 - x
        total = term = Decimal(1)
        n = 0
        while term > _TINY * total / 100:
            term *= x * (alpha + beta + n) / (alpha + 1 + n)
            total += term
            n += 1
        scale = alpha * x.ln() + beta * (1 - x).ln() - alpha.ln()
        scale += _log_gamma(alpha + beta) - _log_gamma(alpha) - _log_gamma(beta)
        share = scale.exp() * total
        return (1 - share if flipped else share) > LEVEL + _TINY


def _log_gamma(z: Decimal) -> Decimal:
    """Stirling's series, after shifting upwards; good to about 41 digits."""
    product = Decimal(1)
    while z < _SHIFT:
        product *= z
        z += 1
    two_pi = Decimal("6.28318530717958647692528676655900576839433879875021164194988918")
    total = (z - Decimal("0.5")) * z.ln() - z + two_pi.ln() / 2
    power = z
    for numerator, denominator in _STIRLING:
        total += Decimal(numerator) / denominator / power
        power *= z * z
    return total - product.ln()
