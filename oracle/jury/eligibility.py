"""Who counts: enough blind probes, adversarial ones among them, and above chance on both classes.

Share right: for an opinion 1 if right, 0 if wrong; for a score whether it lies on the right side of the
juror's cut, set without that probe's item. "Cannot tell", or no answer, is half right, as a coin would be: a
juror cannot pick the probes it is measured on. Several readings of one probe are one probe.
Bounds are quantiles of the Beta posterior under Jeffreys' prior (Brown, Cai and DasGupta 2001).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from scipy.stats import beta, norm


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
        luck: Chance that a juror at chance over both classes together gets in. Small, because many jurors
            are tried many times and one that gets in by luck moves money.
    """

    minimum: int = 80
    minimum_per_class: int = 10
    minimum_adversarial: int = 1
    minimum_of_kind: int = 1
    chance: float = 0.5
    class_risk: float = 0.05
    luck: float = 1e-4


@dataclass(frozen=True)
class Score:
    """What one juror got right on probes: counts of probes, and sums of shares right."""

    good: float = 0.0
    good_right: float = 0.0
    bad: float = 0.0
    bad_right: float = 0.0
    adversarial: int = 0
    of_kind: int = 0


@dataclass(frozen=True)
class Standing:
    """Whether a juror counts, and why not. Rates are shares from 0 to 1, bounds their lower bounds."""

    counts: bool
    good_rate: float
    good_bound: float
    bad_rate: float
    bad_bound: float
    balanced_bound: float
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
    balanced = balanced_bound(score, rules.luck)
    bounds = (
        ("right answers on good work", good_bound),
        ("right answers on bad work", bad_bound),
        ("right answers over both classes", balanced),
    )
    reasons += [
        f"lower bound of {what} is {bound:.3f}, needs more than {rules.chance:g}"
        for what, bound in bounds
        if bound <= rules.chance
    ]
    return Standing(
        counts=not reasons,
        good_rate=score.good_right / score.good if score.good else 0.0,
        good_bound=good_bound,
        bad_rate=score.bad_right / score.bad if score.bad else 0.0,
        bad_bound=bad_bound,
        balanced_bound=balanced,
        reasons=tuple(reasons),
    )
