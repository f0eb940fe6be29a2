"""Every signal that a policy may name: what it measures, in which unit, and which way is worse.

Shares are lower limits of their interval (Clopper and Pearson, one side, 95 %; `oracle.score.bounds`), so a
few jobs never make a rate look high.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

THOUSANDTHS: Final = "thousandths"
USDC: Final = "USDC base units"
DAYS: Final = "days"
COUNT: Final = "jobs and periods"

About = Literal["agent", "evaluator"]


class Signal(StrEnum):
    """The vocabulary."""

    SCORE = "score"
    INTERVAL_LOW = "interval-low"
    INTERVAL_WIDTH = "interval-width"
    EFFECTIVE = "effective-pieces"
    FRESHNESS = "days-since-pass"
    COVERAGE_CAP = "coverage-cap"
    EXPOSURE = "open-exposure"
    UNBACKED = "unbacked-up-front"
    DISPUTE_RATE = "dispute-rate"
    FAILURE_RATE = "failure-rate"
    FAILURE_STREAK = "failure-streak"
    DRIFT = "drift"
    DEFAULTS = "defaults"
    WITHHELD = "withheld-share"
    OVERTURNED_RATE = "overturned-rate"
    SILENT_RATE = "silent-rate"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a signal is. `low` and `high` bound its thresholds; `windowed`: it looks back over a window."""

    about: About
    unit: str
    worse: Literal["above", "below"]
    says: str
    high: int
    windowed: bool = False


_FAR: Final = 2**63 - 1
_YEARS: Final = 3_660  # days

MEANINGS: Final[dict[Signal, Meaning]] = {
    Signal.SCORE: Meaning("agent", THOUSANDTHS, "below", "trust score; unknown on thin evidence", 1_000),
    Signal.INTERVAL_LOW: Meaning("agent", THOUSANDTHS, "below", "lower limit of the share of passes", 1_000),
    Signal.INTERVAL_WIDTH: Meaning("agent", THOUSANDTHS, "above", "width of the score's interval", 1_000),
    Signal.EFFECTIVE: Meaning(
        "agent", "thousandths of a piece", "below", "effective pieces of evidence", 10_000_000
    ),
    Signal.FRESHNESS: Meaning("agent", DAYS, "above", "days since the last Pass that counted", _YEARS),
    Signal.COVERAGE_CAP: Meaning("agent", USDC, "below", "largest bond at stake now or lately", _FAR),
    Signal.EXPOSURE: Meaning("agent", USDC, "above", "prices of jobs and tabs that run", _FAR),
    Signal.UNBACKED: Meaning("agent", USDC, "above", "up-front parts beyond the bond of their job", _FAR),
    Signal.DISPUTE_RATE: Meaning(
        "agent", THOUSANDTHS, "above", "share of what ended that was disputed, lower limit", 1_000, True
    ),
    Signal.FAILURE_RATE: Meaning(
        "agent", THOUSANDTHS, "above", "share of what was judged that failed, lower limit", 1_000, True
    ),
    Signal.FAILURE_STREAK: Meaning("agent", COUNT, "above", "failures since the last Pass", 1_000),
    Signal.DRIFT: Meaning("agent", "a sequential test", "above", "the share of failures has risen", 0),
    Signal.DEFAULTS: Meaning("agent", "jobs", "above", "jobs that were never delivered", 100_000, True),
    Signal.WITHHELD: Meaning(
        "agent", THOUSANDTHS, "above", "share of what its tabs presented that was withheld", 1_000, True
    ),
    Signal.OVERTURNED_RATE: Meaning(
        "evaluator", THOUSANDTHS, "above", "share of its verdicts overturned, lower limit", 1_000, True
    ),
    Signal.SILENT_RATE: Meaning(
        "evaluator", THOUSANDTHS, "above", "share of deliveries it left unjudged, lower limit", 1_000, True
    ),
}


def nearest(name: str) -> str | None:
    """The signal that was probably meant."""
    found = difflib.get_close_matches(name[:80], [signal.value for signal in Signal], n=1, cutoff=0.5)
    return found[0] if found else None
