"""Providers who cheat on a share of calls, under the draw and the estimator of `oracle.decide`.

All figures are of one period, as shares of what was presented. A provider that cheats saves `gain` of the
price of each call it cheats on; the committee finds a share `detection` of the bad calls it looks at. Against
being honest it gains what it saved, and loses what is withheld and, with a Fail, the bond.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from oracle.decide.draw import Draw
from oracle.decide.estimate import FailRule, Sampled, State, estimate
from oracle.decide.sampling import Stratum, draw_sample
from oracle.domain.types import Outcome

Strategy: TypeAlias = Literal["any", "dear", "cheap"]

PRICES: Final = (1_000,) * 900 + (10_000,) * 100  # base units: a tenth of the calls cost ten times as much
WANTED: Final = 60  # interactions drawn
RULE: Final = FailRule(share_bps=1_000, level_bps=9_500)
TRIALS: Final = 250


@dataclass(frozen=True, slots=True)
class Case:
    """One way to cheat. Shares: of the calls it may choose from, of the price, of the bad ones found.

    Args:
        share: Of the calls, those it cheats on.
        strategy: From which it chooses: any, the dear or the cheap ones.
        gain: What it saves, of a call's price.
        detection: Share of bad calls that are found when they are drawn.
        bond: Over the presented amount.
    """

    share: float
    strategy: Strategy
    gain: float
    detection: float
    bond: float

    @property
    def condition(self) -> bool:
        """Sampling rate × detection × stake at risk > gain, for each call it cheats on.

        A drawn failure withholds its price over its sampling rate: that is the stake at risk without the
        bond. So the rate cancels out, whatever the call's price and stratum.
        """
        return self.detection > self.gain


@dataclass(frozen=True, slots=True)
class Result:
    """Means over the trials, as shares of what was presented; `error` is the standard error of `net`."""

    case: Case
    saved: float
    withheld: float
    fails: float
    net: float
    error: float


CASES: Final = (
    Case(0.02, "any", 0.00, 0.95, 1.0),
    Case(0.02, "any", 0.50, 0.95, 1.0),
    Case(0.05, "any", 0.50, 0.95, 1.0),
    Case(0.05, "any", 0.50, 0.95, 0.0),
    Case(0.20, "any", 0.50, 0.95, 0.0),
    Case(0.20, "any", 0.50, 0.95, 1.0),
    Case(1.00, "any", 0.50, 0.95, 1.0),
    Case(0.20, "dear", 0.50, 0.95, 1.0),
    Case(0.20, "cheap", 0.50, 0.95, 1.0),
    Case(0.20, "any", 0.50, 0.70, 0.0),
    Case(0.20, "any", 0.80, 0.95, 0.0),
    Case(0.05, "any", 0.80, 0.60, 1.0),
    Case(0.20, "any", 0.80, 0.60, 0.0),
    Case(0.20, "any", 0.80, 0.60, 1.0),
    Case(1.00, "any", 0.80, 0.60, 1.0),
)


def run(case: Case, trials: int = TRIALS) -> Result:
    """Simulate one way to cheat."""
    chance = random.Random(repr(case))  # noqa: S311 - a simulation, the same every time
    presented = sum(PRICES)
    saved, withheld, fails, net = [], [], [], []
    for trial in range(trials):
        bad = _bad(case, chance)
        strata = draw_sample(
            enumerate(PRICES),
            complained=(),
            complaints_at_most=0,
            wanted=WANTED,
            draw=Draw(trial.to_bytes(32, "big")),
        )
        found = estimate(presented, [_judged(each, bad, case, chance) for each in strata], RULE)
        lost = found.withheld + (case.bond * presented if found.outcome is Outcome.FAIL else 0.0)
        gained = case.gain * sum(PRICES[index] for index in bad)
        saved.append(gained / presented)
        withheld.append(found.withheld / presented)
        fails.append(float(found.outcome is Outcome.FAIL))
        net.append((gained - lost) / presented)
    return Result(
        case=case,
        saved=statistics.fmean(saved),
        withheld=statistics.fmean(withheld),
        fails=statistics.fmean(fails),
        net=statistics.fmean(net),
        error=statistics.stdev(net) / len(net) ** 0.5,
    )


def table(results: list[Result]) -> str:
    """The results as a table in Markdown."""
    return "\n".join(_rows(results)) + "\n"


def _rows(results: list[Result]) -> Iterator[str]:
    yield "| cheats on | of calls | saves | detection | bond | condition | withheld | Fail | gains |"
    yield "| ---: | --- | ---: | ---: | ---: | --- | ---: | ---: | ---: |"
    for each in results:
        case = each.case
        yield (
            f"| {case.share:.0%} | {case.strategy} | {case.gain:.0%} | {case.detection:.0%} "
            f"| {case.bond:g} × | {'holds' if case.condition else 'does not hold'} "
            f"| {each.withheld:.1%} | {each.fails:.0%} | {each.net:+.1%} ± {each.error:.1%} |"
        )


def _bad(case: Case, chance: random.Random) -> frozenset[int]:
    """The calls it cheats on."""
    dear = max(PRICES)
    choice = [
        index
        for index, price in enumerate(PRICES)
        if case.strategy == "any" or (price == dear) == (case.strategy == "dear")
    ]
    return frozenset(chance.sample(choice, round(case.share * len(choice))))


def _judged(stratum: Stratum, bad: frozenset[int], case: Case, chance: random.Random) -> Sampled:
    outcomes: list[tuple[int, State]] = []
    for index in stratum.drawn:
        found = index in bad and chance.random() < case.detection
        outcomes.append((PRICES[index], "failed" if found else "passed"))
    return Sampled(stratum.population, stratum.amount, tuple(outcomes))
