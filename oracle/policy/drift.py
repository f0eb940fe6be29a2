"""Whether an agent has become worse: a sequential test whose rate of false alarms is stated beforehand.

Page's cumulative sum (Biometrika 41, 1954, 100-115) of the log likelihood ratio of Bernoulli trials, as in
Reynolds and Stoumbos (Journal of Quality Technology 31, 1999, 87-108): after each job

    S := max(0, S + ln(bad / good))                    where it failed,
    S := max(0, S + ln((1 - bad) / (1 - good)))        where it passed,

and an alarm once S reaches h. With h = ln(n) there is on average at most one false alarm in n jobs, while
jobs are independent and fail with a probability of at most `good`: Lorden, Annals of Mathematical Statistics
42 (1971), 1897-1908, theorem 2.

All is in millionths, steps rounded down and h up, so that rounding never adds an alarm and the same history
gives the same sum everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from functools import lru_cache

_SCALE = Decimal(1_000_000)
_CONTEXT = Context(prec=40)
_WHOLE = 1_000


@dataclass(frozen=True, slots=True)
class Test:
    """A test's constants, in millionths of the natural logarithm's unit."""

    __test__ = False  # not one of pytest's

    failed: int
    passed: int
    threshold: int

    def after(self, total: int, *, failed: bool) -> int:
        """The sum after one more job."""
        return max(0, total + (self.failed if failed else self.passed))

    def alarms(self, total: int) -> bool:
        """Whether the sum says that the agent has become worse."""
        return total >= self.threshold


@lru_cache(maxsize=256)
def make_test(good: int, bad: int, one_false_alarm_in: int) -> Test:
    """The test for shares of failures in thousandths, with one false alarm in so many jobs on average.

    Raises:
        ValueError: not 0 < good < bad < 1000, or fewer than two jobs to a false alarm.
    """
    if not 0 < good < bad < _WHOLE or one_false_alarm_in < 2:
        raise ValueError("a drift test needs 0 < good < bad < 1000, and one_false_alarm_in of at least 2")
    return Test(
        failed=_floor(Decimal(bad) / good),
        passed=_floor(Decimal(_WHOLE - bad) / (_WHOLE - good)),
        threshold=int(
            (_CONTEXT.ln(Decimal(one_false_alarm_in)) * _SCALE).to_integral_value(rounding=ROUND_CEILING)
        ),
    )


def delay(good: int, bad: int, one_false_alarm_in: int) -> int:
    """About how many jobs pass until an agent that fails with probability `bad` is found out.

    h over the mean step, ln(n) / I(bad, good): the order of the least possible delay (Lorden, theorem 3).
    """
    test = make_test(good, bad, one_false_alarm_in)
    step = (bad * test.failed + (_WHOLE - bad) * test.passed) // _WHOLE
    return -(-test.threshold // max(1, step))


def _floor(ratio: Decimal) -> int:
    return int((_CONTEXT.ln(ratio) * _SCALE).to_integral_value(rounding=ROUND_FLOOR))
