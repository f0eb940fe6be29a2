"""What is withheld of a tab's period, estimated from the interactions drawn; and whether the bond is lost.

Two questions, two figures, because a mistake costs differently:

- **The money follows the point estimate.** What is withheld is the estimated amount of what failed or stayed
  undecided. Over the draws neither side gains or loses by it: a lower bound would pay for bad work, an upper
  one would take good work for nothing.
- **The bond follows the lower bound.** It is a penalty, so it is only taken where it is shown, at the
  methodology's one-sided level, that more failed than the methodology allows. What stayed undecided shows no
  fault and does not count here. Nobody loses a bond to an unlucky draw.

All of it is integer, rational or decimal arithmetic of fixed precision, so that every evaluator and everyone
who verifies gets the same digits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from oracle.domain.errors import EarnestError
from oracle.domain.types import Outcome

State: TypeAlias = Literal["passed", "failed", "undecided"]

BPS: Final = 10_000
_DIGITS: Final = 50  # of every decimal figure; far more than the answer needs
_SMALL: Final = Decimal("1e-30")  # part of a sum below which a term changes no digit that counts


class EstimateError(EarnestError):
    """The sampled outcomes do not fit the strata, so nothing can be estimated."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """A stratum with what came of its draws.

    Args:
        population: Interactions it has.
        amount: Sum of their prices, in base units.
        outcomes: (price, state) of each one drawn.
    """

    population: int
    amount: int
    outcomes: tuple[tuple[int, State], ...]

    @property
    def is_certain(self) -> bool:
        """Whether nothing of its amount is left to chance."""
        return len(self.outcomes) == self.population or self.amount == 0


@dataclass(frozen=True, slots=True)
class FailRule:
    """When a period is Fail; see `oracle.pact.methodology.TabRules`. Both in basis points."""

    share_bps: int
    level_bps: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a period comes to. Amounts in base units.

    Args:
        presented: What is asked for.
        left_out: Of it, what no receipt accounts for: withheld whole.
        failed: Estimated amount of what failed, `left_out` included unless it may be elsewhere, rounded up.
        undecided: Estimated amount of what could not be decided, rounded up.
        low, high: Interval of the amount that failed, each bound at the methodology's one-sided level.
        drawn, drawn_failed, drawn_undecided: Counts.
        effective: Draws of a simple sample that would say as much; 0 where nothing is left to chance.
        withheld, payable: Together what was presented.
        outcome: Pass, Fail (the bond is forfeited), or Lapse: nothing is payable, because of what stayed
            undecided.
        reason: In one sentence.
    """

    presented: int
    left_out: int
    failed: int
    undecided: int
    low: int
    high: int
    drawn: int
    drawn_failed: int
    drawn_undecided: int
    effective: int
    withheld: int
    payable: int
    outcome: Outcome
    reason: str


def estimate(
    presented: int, strata: Sequence[Sampled], rule: FailRule, *, out_of_reach: bool = False
) -> Estimate:
    """What is payable for a period, and whether it is Pass, Fail or Lapse.

    Args:
        presented: What the tally adds to what was settled before, in base units.
        strata: Every stratum, drawn from or not; together they hold each interaction whose receipt is there.
        out_of_reach: Whether what no receipt accounts for may be in a document that could not be fetched:
            then it is undecided. Else it failed.

    Payable never exceeds what is presented; one more failure never raises it, nor turns Fail into Pass.

    Raises:
        EstimateError: outcomes that do not fit their stratum, or a stratum with money from which nothing was
            drawn.
    """
    _check(presented, strata)
    left_out = max(0, presented - sum(each.amount for each in strata))
    lost, unknown = (0, left_out) if out_of_reach else (left_out, 0)
    failed = lost + sum((ratio(each, "failed") for each in strata), Fraction(0))
    undecided = unknown + sum((ratio(each, "undecided") for each in strata), Fraction(0))
    withheld = min(presented, math.ceil(failed + undecided))
    design = equivalent(strata)
    bounds = _interval(lost, strata, design, rule.level_bps)
    low, high = min(presented, math.floor(bounds[0])), min(presented, math.ceil(bounds[1]))
    allowed = presented * rule.share_bps // BPS
    states = [state for each in strata for _price, state in each.outcomes]
    open_ = unknown > 0 or "undecided" in states
    outcome, reason = _outcome(presented, low, allowed, withheld, rule, open_=open_)
    return Estimate(
        presented=presented,
        left_out=left_out,
        failed=min(presented, math.ceil(failed)),
        undecided=min(presented, math.ceil(undecided)),
        low=low,
        high=high,
        drawn=len(states),
        drawn_failed=states.count("failed"),
        drawn_undecided=states.count("undecided"),
        effective=0 if design is None else design.draws,
        withheld=withheld,
        payable=presented - withheld,
        outcome=outcome,
        reason=reason,
    )


def horvitz_thompson(stratum: Sampled, state: State) -> Fraction:
    """The amount of interactions in a state: each price over its inclusion probability, summed.

    Exactly unbiased, whatever the prices; but it can exceed the stratum's amount, so nothing is paid by it.
    Source: Horvitz and Thompson, JASA 47 (1952), equation for simple random sampling without replacement.
    """
    drawn = len(stratum.outcomes)
    hit = sum(price for price, each in stratum.outcomes if each == state)
    return Fraction(hit * stratum.population, drawn) if drawn else Fraction(0)


def ratio(stratum: Sampled, state: State) -> Fraction:
    """The amount of interactions in a state: the share among the prices drawn, times the stratum's amount.

    Hájek's estimator (in Godambe and Sprott, Foundations of Statistical Inference, 1971, page 236): the
    Horvitz-Thompson one, divided by its own estimate of the known amount. Never above the amount, and exact
    where all or none failed. Unbiased where prices are equal; else its bias is at most its standard error
    times the coefficient of variation of the mean price drawn (Hartley and Ross, Nature 174, 1954), and in a
    stratum the dearest costs less than twice the cheapest.
    """
    total = sum(price for price, _state in stratum.outcomes)
    hit = sum(price for price, each in stratum.outcomes if each == state)
    return Fraction(stratum.amount * hit, total) if total else Fraction(0)


@dataclass(frozen=True, slots=True)
class Design:
    """A simple random sample that says as much as the strata's together: `draws` of `population`."""

    draws: int
    population: int


def equivalent(strata: Sequence[Sampled]) -> Design | None:
    """The simple sample that is no surer than these, whatever failed; None: nothing is left to chance.

    With w the stratum's part of the amount that is left to chance, q = Σp² / (Σp)² over its draws (1/n for
    equal prices; Kish, Survey Sampling, 1965, section 11.7) and 1 - n/N the finite population correction
    (Cochran 1977, section 2.6), the estimated share of the failures has the variance
    Σ w² q (1 - n/N) π (1 - π). Since π (1 - π) is concave, that is at most π (1 - π), for the share π of all
    strata, times the largest w q (1 - n/N). So the draws are 1 over the largest w q, and the population is
    theirs at the lowest rate n/N. It does not depend on what failed, and for one stratum with equal prices it
    is that stratum.
    """
    open_ = [each for each in strata if not each.is_certain]
    if not open_:
        return None
    amount = sum(each.amount for each in open_)
    worst, rate = Fraction(0), Fraction(1)
    for each in open_:
        prices = [price for price, _state in each.outcomes]
        spread = Fraction(sum(price * price for price in prices), sum(prices) ** 2)
        worst = max(worst, Fraction(each.amount, amount) * spread)
        rate = min(rate, Fraction(len(prices), each.population))
    draws = math.floor(1 / worst)
    return Design(draws, math.ceil(draws / rate))


def _interval(
    lost: int, strata: Sequence[Sampled], design: Design | None, level_bps: int
) -> tuple[Fraction, Fraction]:
    """Bounds of the amount that failed, each at the one-sided level.

    What is certain counts as it is. For the rest: exact bounds of a simple sample's share, at the equivalent
    design, as Korn and Graubard (Survey Methodology 24, 1998) do for samples that are not simple; counts are
    rounded towards the wider interval.
    """
    certain = lost + sum((ratio(each, "failed") for each in strata if each.is_certain), Fraction(0))
    if design is None:
        return certain, certain
    open_ = [each for each in strata if not each.is_certain]
    amount = sum(each.amount for each in open_)
    failed = sum((ratio(each, "failed") for each in open_), Fraction(0))
    draws, population = design.draws, design.population
    few = fewest(math.floor(failed / amount * draws), draws, population, level_bps)
    good = fewest(math.floor((1 - failed / amount) * draws), draws, population, level_bps)
    low = min(failed, Fraction(few * amount, population))
    return certain + low, certain + max(failed, Fraction((population - good) * amount, population))


@lru_cache(maxsize=4_096)
def fewest(hits: int, draws: int, population: int, level_bps: int) -> int:
    """The fewest of a population that hit, as so many hits among the draws show it at the one-sided level.

    The smallest number with which so many hits or more are likelier than 1 - level: the exact bound by the
    hypergeometric distribution (Cochran 1977, section 3.6; for large populations Clopper and Pearson,
    Biometrika 26, 1934).
    """
    if hits <= 0:
        return 0
    risk = Decimal(BPS - level_bps) / BPS
    low, high = hits - 1, population - (draws - hits)  # `low` of them are too few, `high` are enough
    with localcontext(Context(prec=_DIGITS)):
        every = Decimal(math.comb(population, draws))
        while high - low > 1:
            middle = (low + high) // 2
            if _ways(hits, draws, middle, population) / every > risk:
                high = middle
            else:
                low = middle
    return high


def _ways(hits: int, draws: int, good: int, population: int) -> Decimal:
    """In how many of all draws without replacement, from a population with so many good ones, X >= hits."""
    first = Decimal(math.comb(good, hits) * math.comb(population - good, draws - hits))
    term, total = first, first
    for k in range(hits, min(draws, good)):
        term *= Decimal((good - k) * (draws - k)) / ((k + 1) * (population - good - draws + k + 1))
        total += term
        if term < total * _SMALL and k * population > good * draws:  # beyond the mean, terms only fall
            break
    return total


def _outcome(
    presented: int, low: int, allowed: int, withheld: int, rule: FailRule, *, open_: bool
) -> tuple[Outcome, str]:
    level, share = f"{rule.level_bps / 100:g} %", f"{rule.share_bps / 100:g} %"
    if low > allowed:
        return Outcome.FAIL, f"at a level of {level}, more than {share} of what is presented failed"
    if 0 < presented == withheld and open_:
        return Outcome.LAPSE, "nothing that was drawn was shown to be good, nor enough of it to have failed"
    return Outcome.PASS, f"it is not shown, at a level of {level}, that more than {share} failed"


def _check(presented: int, strata: Sequence[Sampled]) -> None:
    if presented < 0:
        raise EstimateError(f"{presented} cannot be presented", field="presented")
    for number, each in enumerate(strata):
        drawn = [price for price, _state in each.outcomes]
        if len(drawn) > each.population or sum(drawn) > each.amount or min(drawn, default=0) < 0:
            raise EstimateError(f"stratum {number} has more drawn than it holds", field="strata")
        if each.amount and not sum(drawn):
            raise EstimateError(f"nothing that costs was drawn of stratum {number}", field="strata")
