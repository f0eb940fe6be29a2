"""Who counts: enough blind probes, adversarial ones among them, and above chance on both classes.

Share right: for an opinion 1 if right, 0 if wrong; for a score whether it lies on the right side of the
juror's cut, set without that probe's item. "Cannot tell", or no answer, is half right, as a coin would be: a
juror cannot pick the probes it is measured on. Several readings of one probe are one probe.
Bounds are quantiles of the Beta posterior under Jeffreys' prior (Brown, Cai and DasGupta 2001).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.stats import beta, norm, rankdata

from oracle.jury.readings import Bools, Floats


@dataclass(frozen=True)
class EligibilityRules:
    """When a juror counts.

    Attributes:
        minimum: Probes it must have been asked.
        minimum_per_class: Of these, with the right answer pass, and with the right answer fail.
        minimum_adversarial: Of these, made to mislead.
        minimum_of_kind: Of these, of the kind of criterion to be judged.
        chance: Share right that a coin reaches.
        class_risk: Chance that the bound of one class lies above the truth. Both classes must clear it.
        luck: Chance that a juror whose answers have nothing to do with the truth ranks good work above bad as
            well as this one did. Small, because many jurors are tried many times, and one that gets in by
            luck moves money.
    """

    minimum: int = 80
    minimum_per_class: int = 10
    minimum_adversarial: int = 1
    minimum_of_kind: int = 1
    chance: float = 0.5
    class_risk: float = 0.05
    luck: float = 1e-5


@dataclass(frozen=True)
class Score:
    """What one juror got right on probes: counts, sums of shares right, and `luck_of` its ranking."""

    good: float = 0.0
    good_right: float = 0.0
    bad: float = 0.0
    bad_right: float = 0.0
    adversarial: int = 0
    of_kind: int = 0
    luck: float = 1.0


@dataclass(frozen=True)
class Standing:
    """Whether a juror counts, and why not. Rates are shares from 0 to 1, bounds their lower bounds."""

    counts: bool
    good_rate: float
    good_bound: float
    bad_rate: float
    bad_bound: float
    luck: float
    reasons: tuple[str, ...]


def lower_bound(right: float, n: float, risk: float) -> float:
    """Quantile `risk` of the Beta posterior of a share, Jeffreys' prior; 0 without probes."""
    if n <= 0:
        return 0.0
    return float(beta.ppf(risk, right + 0.5, max(n - right, 0.0) + 0.5))


def balanced_bound(score: Score, risk: float) -> float:
    """Lower bound of the mean of both classes' shares, normal in the posterior's moments; 0 without both."""
    if score.good <= 0 or score.bad <= 0:
        return 0.0
    mean = variance = 0.0
    for right, n in ((score.good_right, score.good), (score.bad_right, score.bad)):
        share = (right + 0.5) / (n + 1.0)
        mean += share / 2.0
        variance += share * (1.0 - share) / (n + 2.0) / 4.0
    return float(mean + norm.ppf(risk) * sqrt(variance))


def luck_of(answers: Floats, good: Bools) -> float:
    """Chance that answers which know nothing rank good above bad as often as these (Mann and Whitney 1947).

    One-sided, normal with ties corrected; 1 where a class is missing or all answers are alike. For opinions
    this is the test that the share of passes is higher on good work than on bad.
    """
    n, n_good = len(answers), int(good.sum())
    n_bad = n - n_good
    if n_good == 0 or n_bad == 0:
        return 1.0
    ranks = rankdata(answers)
    _, tied = np.unique(answers, return_counts=True)
    spread = (
        n_good * n_bad / 12.0 * ((n + 1) - float((tied.astype(np.float64) ** 3 - tied).sum()) / (n * (n - 1)))
    )
    if spread <= 1e-12:
        return 1.0
    wins = float(ranks[good].sum()) - n_good * (n_good + 1) / 2.0
    return float(norm.sf((wins - n_good * n_bad / 2.0) / sqrt(spread)))


def assess(score: Score, rules: EligibilityRules) -> Standing:
    """Whether a juror with this record counts under these rules."""
    reasons: list[str] = []
    needs = (
        ("probes", score.good + score.bad, rules.minimum),
        ("probes with the answer pass", score.good, rules.minimum_per_class),
        ("probes with the answer fail", score.bad, rules.minimum_per_class),
        ("adversarial probes", score.adversarial, rules.minimum_adversarial),
        ("probes of this kind of criterion", score.of_kind, rules.minimum_of_kind),
    )
    reasons += [f"{has:g} {what}, needs {least}" for what, has, least in needs if has < least]
    good_bound = lower_bound(score.good_right, score.good, rules.class_risk)
    bad_bound = lower_bound(score.bad_right, score.bad, rules.class_risk)
    bounds = (
        ("right answers on good work", good_bound),
        ("right answers on bad work", bad_bound),
    )
    reasons += [
        f"lower bound of {what} is {bound:.3f}, needs more than {rules.chance:g}"
        for what, bound in bounds
        if bound <= rules.chance
    ]
    if score.luck > rules.luck:
        reasons.append(f"a coin does as well with a chance of {score.luck:.2g}, may be {rules.luck:.2g}")
    return Standing(
        counts=not reasons,
        good_rate=score.good_right / score.good if score.good else 0.0,
        good_bound=good_bound,
        bad_rate=score.bad_right / score.bad if score.bad else 0.0,
        bad_bound=bad_bound,
        luck=score.luck,
        reasons=tuple(reasons),
    )
