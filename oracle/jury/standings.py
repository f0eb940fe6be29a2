"""Each juror's standing for each kind of criterion, from the probe sheet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.stats import rankdata

from oracle.jury.eligibility import EligibilityRules, Score, Standing, assess, balanced_bound, luck_of
from oracle.jury.readings import Bools, Floats
from oracle.jury.weights import ProbeSheet, Profile

ANY_KIND = ""


def shares_right(sheet: ProbeSheet, left_out: Profile) -> Floats:
    """Share right of each juror on each probe, shape [probes, jurors]; NaN where it was not asked.

    An opinion that cannot tell, and no answer at all, are half right, as a coin would be. A score is right if
    it lies on the right side of the cut its juror has without this probe's item.
    """
    side = np.where(sheet.good, 1.0, -1.0)[:, None]
    opinion = (1.0 + side * sheet.answers) / 2.0
    score = (1.0 + side * np.sign(sheet.answers - left_out.cut)) / 2.0
    right = np.where(sheet.who.scored, score, opinion)
    heard = ~np.isnan(right)
    spread = np.zeros((len(sheet.who.readers), len(sheet.who.jurors)))
    spread[np.arange(len(sheet.who.readers)), sheet.who.juror_of] = 1.0
    n = heard @ spread
    shares: Floats = np.where(n > 0, (np.where(heard, right, 0.0) @ spread) / np.maximum(n, 1.0), 0.5)
    return np.where(sheet.asked, shares, np.nan)


def standings(
    sheet: ProbeSheet, left_out: Profile, adversarial: Bools, rules: EligibilityRules, kind_pseudo: float
) -> dict[str, dict[str, Standing]]:
    """Standing by juror and kind; kind "" stands for one without probes.

    A juror must clear the gate over all its probes, and must not be shown to be no better than a coin on the
    kind in question: see `_on_kind`.
    """
    shares, leanings = shares_right(sheet, left_out), _leanings(sheet)
    found: dict[str, dict[str, Standing]] = {}
    for column, juror in enumerate(sheet.who.jurors):
        right = shares[:, column]
        heard = ~np.isnan(right)
        luck = luck_of(leanings[heard, column], sheet.good[heard])
        total = replace(score_of(right, heard, sheet.good, adversarial), luck=luck)
        by_kind = {}
        for index, kind in enumerate([*sheet.who.kinds, ANY_KIND]):
            of_kind = heard & (sheet.kinds == index)
            standing = assess(replace(total, of_kind=int(of_kind.sum())), rules)
            by_kind[kind] = _on_kind(
                standing, total, score_of(right, of_kind, sheet.good, adversarial), rules, kind_pseudo
            )
        found[juror] = by_kind
    return found


def _leanings(sheet: ProbeSheet) -> Floats:
    """How far each juror leaned towards pass on each probe, 0 to 1: the rank of its answer among its answers.

    The mean over its readers; 0.5, the middle, where it gave no answer. Shape [probes, jurors].
    """
    total = np.zeros((len(sheet.good), len(sheet.who.jurors)))
    n = np.zeros_like(total)
    for instrument in np.unique(sheet.who.instrument_of):
        own = sheet.answers[:, sheet.who.instrument_of == instrument]
        heard = ~np.isnan(own)
        count = heard.sum(axis=1)
        mean = np.where(heard, own, 0.0).sum(axis=1) / np.maximum(count, 1)
        told = count > 0
        juror = sheet.who.juror_of[sheet.who.instrument_of == instrument][0]
        # Rounded, so that means of the same answers tie whatever the order of their sum.
        total[told, juror] += (rankdata(np.round(mean[told], 9)) - 0.5) / max(int(told.sum()), 1)
        n[told, juror] += 1.0
    leanings: Floats = np.where(n > 0, total / np.maximum(n, 1.0), 0.5)
    return leanings


def score_of(right: Floats, chosen: Bools, good: Bools, adversarial: Bools) -> Score:
    """Counts and sums of shares right over the chosen probes."""
    on_good, on_bad = chosen & good, chosen & ~good
    return Score(
        good=float(on_good.sum()),
        good_right=float(right[on_good].sum()),
        bad=float(on_bad.sum()),
        bad_right=float(right[on_bad].sum()),
        adversarial=int((chosen & adversarial).sum()),
        of_kind=int(chosen.sum()),
    )


def _on_kind(
    standing: Standing, total: Score, own: Score, rules: EligibilityRules, pseudo: float
) -> Standing:
    """Bars a juror from a kind on which it is not shown to do better than a coin, over both classes.

    What it did on other kinds counts as at most `pseudo` probes a class: few probes of a kind leave most of
    the overall standing as it is, and many overrule it.
    """
    if own.of_kind == 0:
        return standing
    good, good_right = _borrow(own.good, own.good_right, total.good, total.good_right, pseudo)
    bad, bad_right = _borrow(own.bad, own.bad_right, total.bad, total.bad_right, pseudo)
    bound = balanced_bound(
        replace(own, good=good, good_right=good_right, bad=bad, bad_right=bad_right), rules.class_risk
    )
    if bound > rules.chance:
        return standing
    reason = f"lower bound of right answers on this kind is {bound:.3f}, needs more than {rules.chance:g}"
    return replace(standing, counts=False, reasons=(*standing.reasons, reason))


def _borrow(n: float, right: float, all_n: float, all_right: float, pseudo: float) -> tuple[float, float]:
    """Probes of a kind and those right, with at most `pseudo` probes' worth of other kinds added."""
    others = all_n - n
    if others <= 0:
        return n, right
    worth = min(pseudo, others)
    return n + worth, right + worth * (all_right - right) / others
