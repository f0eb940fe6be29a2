"""Each juror's measured error rates with intervals, from a calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from oracle.jury.eligibility import lower_bound
from oracle.jury.record import ProbeResult

INTERVAL_RISK = 0.025  # on either side: an interval that holds the truth 19 times of 20


@dataclass(frozen=True)
class ErrorRate:
    """Errors of one juror on one class of probes. Shares from 0 to 1.

    Attributes:
        wrong: Errors; a void vote and one that cannot tell count half, as a coin would.
        asked: Probes of the class.
        unheard: Of these, void or undecided.
        low, high: 95 % interval by Jeffreys' prior (Brown, Cai and DasGupta 2001).
    """

    wrong: float
    asked: int
    unheard: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The measured error rate; 0 where nothing was asked."""
        return self.wrong / self.asked if self.asked else 0.0


@dataclass(frozen=True)
class JurorRates:
    """One juror: good work it would not pass, bad work it would, and bad work made to mislead."""

    juror: str
    good_not_passed: ErrorRate
    bad_passed: ErrorRate
    adversarial: ErrorRate


def error_rates(results: Sequence[ProbeResult], kind: str | None = None) -> tuple[JurorRates, ...]:
    """Error rates of every juror that was asked, sorted by name; of one kind of criterion, or of all."""
    chosen = [result for result in results if kind in (None, result.kind)]
    names = sorted({vote.juror for result in chosen for vote in result.votes})
    return tuple(
        JurorRates(
            name,
            _rate(name, [r for r in chosen if r.gold == "pass"]),
            _rate(name, [r for r in chosen if r.gold == "fail"]),
            _rate(name, [r for r in chosen if r.adversarial]),
        )
        for name in names
    )


def _rate(juror: str, results: Sequence[ProbeResult]) -> ErrorRate:
    wrong, asked, unheard = 0.0, 0, 0
    for result in results:
        for vote in result.votes:
            if vote.juror != juror:
                continue
            asked += 1
            if vote.verdict not in ("pass", "fail"):
                unheard += 1
                wrong += 0.5
            elif vote.verdict != result.gold:
                wrong += 1.0
    if not asked:
        return ErrorRate(0.0, 0, 0, 0.0, 1.0)
    low = lower_bound(wrong, asked, INTERVAL_RISK)
    high = 1.0 - lower_bound(asked - wrong, asked, INTERVAL_RISK)
    return ErrorRate(wrong, asked, unheard, low, high)
