"""From weighed evidence to a stated certainty, and the thresholds that keep errors rare. From probes only.

certainty = 1 / (1 + exp(-(a + a_k + (b + b_k)·t)))  for evidence t on a criterion of kind k.
The evidence is already in log-odds, so the priors say "believe it": b ~ N(1, 0.5), a ~ N(0, 2); kinds differ
a little: a_k ~ N(0, 0.5), b_k ~ N(0, 0.3) (standard deviations). Maximum a posteriori by Newton's method; the
evidence of each probe must have been weighed without that probe's item, and its own certainty is corrected
for its own influence on the fit (approximate leave-one-out, Rad and Maleki 2020).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from oracle.jury.readings import Bools, Floats, Ints


@dataclass(frozen=True)
class CalibrationPriors:
    """Standard deviations of the coefficients; see the module's text."""

    intercept: float = 2.0
    slope: float = 0.5
    kind_intercept: float = 0.5
    kind_slope: float = 0.3


@dataclass(frozen=True)
class Calibration:
    """A fitted map from evidence to log-odds of "good".

    Attributes:
        coefficients: intercept, slope, then per kind intercepts and slopes.
        kinds: How many kinds.
        shift: Added to every log-odds: the mix expected minus the probes' own.
        probe_log_odds: Of each probe, left out, shape [probes].
    """

    coefficients: Floats
    kinds: int
    shift: float
    probe_log_odds: Floats

    def log_odds(self, evidence: Floats, kinds: Ints) -> Floats:
        """Log-odds of "good" for cases of the given kind indices (-1: a kind without probes)."""
        a, b = self.coefficients[0], self.coefficients[1]
        known = kinds >= 0
        own_a = np.where(known, self.coefficients[2 : 2 + self.kinds][kinds] if self.kinds else 0.0, 0.0)
        own_b = np.where(known, self.coefficients[2 + self.kinds :][kinds] if self.kinds else 0.0, 0.0)
        # More evidence for "good" must never lower the certainty of "good".
        slope = np.maximum(b + own_b, 0.0)
        total: Floats = a + own_a + slope * evidence + self.shift
        return total


def calibrate(
    evidence: Floats,
    kinds: Ints,
    good: Bools,
    *,
    kind_count: int,
    priors: CalibrationPriors,
    expected_good: float | None = None,
) -> Calibration:
    """Fit the map on probes.

    Args:
        evidence: Of each probe, weighed without its own item, shape [probes].
        kinds: Kind index of each probe.
        good: Right answers.
        kind_count: How many kinds there are.
        priors: Of the coefficients.
        expected_good: Share of good work expected in the cases to come; None: as among the probes.
    """
    n, width = len(evidence), 2 + 2 * kind_count
    design = np.zeros((n, width))
    design[:, 0] = 1.0
    design[:, 1] = evidence
    rows = np.arange(n)
    design[rows, 2 + kinds] = 1.0
    design[rows, 2 + kind_count + kinds] = evidence
    spread = np.r_[
        priors.intercept,
        priors.slope,
        np.full(kind_count, priors.kind_intercept),
        np.full(kind_count, priors.kind_slope),
    ]
    precision = 1.0 / spread**2
    start = np.zeros(width)
    start[1] = 1.0
    theta, hessian = _newton(design, good.astype(np.float64), precision, start)
    log_odds = design @ theta
    p = expit(log_odds)
    variance = np.maximum(p * (1.0 - p), 1e-9)
    leverage = np.clip(
        variance * np.einsum("ij,ij->i", design, np.linalg.solve(hessian, design.T).T), 0, 0.95
    )
    left_out = log_odds - leverage / (1.0 - leverage) * (good - p) / variance
    shift = 0.0
    if expected_good is not None and n:
        shift = float(logit(expected_good) - logit((good.sum() + 0.5) / (n + 1.0)))
    return Calibration(theta, kind_count, shift, left_out + shift)


def _newton(design: Floats, target: Floats, precision: Floats, prior: Floats) -> tuple[Floats, Floats]:
    """The maximum of a strictly concave posterior, with halved steps where a full one would not improve."""

    def loss(theta: Floats) -> float:
        eta = design @ theta
        fit = np.logaddexp(0.0, eta).sum() - target @ eta
        return float(fit + 0.5 * precision @ (theta - prior) ** 2)

    theta = prior.copy()
    hessian = np.diag(precision)
    for _ in range(50):
        p = expit(design @ theta)
        hessian = (design * (p * (1.0 - p))[:, None]).T @ design + np.diag(precision)
        step = np.linalg.solve(hessian, design.T @ (target - p) - precision * (theta - prior))
        here, size = loss(theta), 1.0
        while size > 1e-4 and loss(theta + size * step) > here + 1e-12:
            size /= 2.0
        theta = theta + size * step
        if float(np.abs(size * step).max(initial=0.0)) < 1e-8:
            break
    return theta, hessian


@dataclass(frozen=True)
class Probed:
    """The probes as one group of jurors sees them; each attribute has shape [probes].

    Attributes:
        stated: Log-odds as a case with these very answers would be given.
        left_out: Log-odds without the probe's own item.
        good: Right answers.
        reachable: Whether enough jurors were heard to decide at all.
    """

    stated: Floats
    left_out: Floats
    good: Bools
    reachable: Bools

    def turned(self) -> Probed:
        """The same, seen from the other side: log-odds of "bad"."""
        return Probed(-self.stated, -self.left_out, ~self.good, self.reachable)


def release_threshold(seen: Probed, limit: float) -> float:
    """The lowest log-odds from which at most a share `limit` of bad work is expected to pass.

    The share is estimated twice and averaged: by the certainties themselves, which uses every probe, and by
    counting bad probes that would pass left out, which trusts no model; one more is counted than was seen,
    for the case to come could be it (split conformal). Answers that state the same certainty are never
    split. For wrongly failed good work use `turned`.

    Args:
        seen: The probes.
        limit: The share allowed, 0 to 1.

    Returns:
        Infinity where not even the topmost probe leaves room.
    """
    bad = ~seen.good
    wrong = expit(-seen.left_out)
    if not seen.reachable.any() or not bad.any():
        return float("inf")
    stated = np.round(seen.stated, 9)
    levels = np.unique(stated[seen.reachable])[::-1]
    by_model = np.array([wrong[seen.reachable & (stated >= level)].sum() for level in levels]) / wrong.sum()
    passing = np.array([(bad & seen.reachable & (seen.left_out >= level)).sum() for level in levels])
    share = np.maximum.accumulate((by_model + passing / (bad.sum() + 1.0)) / 2.0)
    inside = np.flatnonzero(share <= limit)
    if not len(inside):
        return float("inf")
    last = int(inside[-1])
    if last + 1 >= len(levels):
        return float(levels[last])
    # Into the gap to the next level, by how much of the limit is left.
    left = (limit - share[last]) / (share[last + 1] - share[last])
    return float(levels[last] - left * (levels[last] - levels[last + 1]))
