"""Asking one juror at a time, and stopping when more would not change the answer.

On the probes it is known what the first jurors alone said and what all of them said. From that follows a
forecast of the whole jury's log-odds, with its error, from the log-odds so far. Asking ends when the chance
that the whole jury would decide otherwise is at most the methodology's `stop_risk`, or when no answer of the
remaining jurors could change the decision. While the forecast says "undecided" the next drawn juror is
asked; at the limit the whole jury's own decision stands, which may be undecided and then releases nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from oracle.jury.aggregate import VERDICTS, Decision, Jury, Outcome, Panel
from oracle.jury.ballots import Ballot
from oracle.jury.readings import Bools, Floats, Ints, encode


@dataclass(frozen=True)
class Forecast:
    """The whole jury's log-odds, from those so far: mean `intercept + slope * now`, Student-t error."""

    intercept: float
    slope: float
    spread: float
    degrees: int


def forecast(now: Panel, whole: Panel) -> Forecast:
    """Regress what the whole jury said about each probe on what the first jurors said (left-out log-odds)."""
    x, y = now.calibration.probe_log_odds, whole.calibration.probe_log_odds
    n = len(x)
    varies = float(((x - x.mean()) ** 2).sum()) if n else 0.0
    if n < 4 or varies <= 1e-12:
        return Forecast(0.0, 1.0, float("inf"), 1)
    slope = max(float(((x - x.mean()) * (y - y.mean())).sum()) / varies, 0.0)
    intercept = float(y.mean()) - slope * float(x.mean())
    spread = float(np.sqrt(((y - intercept - slope * x) ** 2).sum() / (n - 2) * (1.0 + 2.0 / n)))
    return Forecast(intercept, slope, max(spread, 1e-9), n - 2)


@dataclass(frozen=True)
class Outlook:
    """For each case: what the whole jury is expected to decide (+1, -1, 0), and the chance it does not."""

    verdict: Ints
    risk: Floats


def outlook(seen: Forecast, log_odds: Floats, whole: Panel) -> Outlook:
    """Expected decision of the whole jury, given the log-odds so far."""
    mean = seen.intercept + seen.slope * log_odds
    pass_from, fail_up_to = max(whole.pass_log_odds, 0.0), min(whole.fail_log_odds, 0.0)
    passes = np.asarray(student.sf((pass_from - mean) / seen.spread, seen.degrees), dtype=np.float64)
    fails = np.asarray(student.cdf((fail_up_to - mean) / seen.spread, seen.degrees), dtype=np.float64)
    verdict = np.where(mean >= pass_from, 1, np.where(mean <= fail_up_to, -1, 0)).astype(np.int64)
    risk = np.where(verdict == 1, 1.0 - passes, np.where(verdict == -1, 1.0 - fails, passes + fails))
    return Outlook(verdict, risk)


def settled(jury: Jury, whole: Panel, answers: Floats, kinds: Ints) -> Ints:
    """+1 or -1 where the whole jury must pass or fail whatever its remaining jurors answer, else 0.

    Remaining opinions may be anything from fail to pass; remaining scores anything seen on probes.
    """
    scored = jury.who.scored
    low, high = np.where(scored, np.inf, -1.0), np.where(scored, -np.inf, 1.0)
    for column in np.flatnonzero(scored):
        seen = jury.sheet.answers[:, jury.who.instrument_of == jury.who.instrument_of[column]]
        if not np.isnan(seen).all():
            low[column], high[column] = np.nanmin(seen), np.nanmax(seen)
    open_to = np.isnan(answers)
    ends = []
    for extreme in (low, high):
        weighed = jury.weigh(whole, np.where(open_to, extreme, answers), kinds)
        odds = whole.calibration.log_odds(weighed.evidence, kinds)
        ends.append(whole.decide(odds, weighed.heard))
    return np.where(ends[0] == ends[1], ends[0], 0)


def may_stop(jury: Jury, now: Panel, whole: Panel, answers: Floats, kinds: Ints) -> tuple[Bools, Ints]:
    """Which cases may stop with the jurors heard so far, and the decision (+1, -1) they stop with.

    Never with fewer jurors than the methodology's minimum, and never at undecided.
    """
    weighed = jury.weigh(now, answers, kinds)
    odds = now.calibration.log_odds(weighed.evidence, kinds)
    ahead = outlook(forecast(now, whole), odds, whole)
    sure = (ahead.risk <= jury.rules.stop_risk) & (ahead.verdict != 0)
    fixed = settled(jury, whole, answers, kinds)
    enough = weighed.heard >= max(now.minimum_jurors, 1)
    verdict = np.where(fixed != 0, fixed, ahead.verdict)
    return enough & (sure | (fixed != 0)), verdict


@dataclass(frozen=True)
class Progress:
    """Where a live jury stands after the votes so far.

    Attributes:
        finished: Whether asking is over.
        outcome: The jury's outcome if finished, else undecided.
        decision: The decision of the jurors heard so far, with weights and certainty.
        risk: Chance that the whole jury would decide otherwise than expected.
        next_juror: Who is asked next; None when finished.
        reason: Why asking goes on or is over.
    """

    finished: bool
    outcome: Outcome
    decision: Decision
    risk: float
    next_juror: str | None
    reason: str


def progress(jury: Jury, ballot: Ballot, order: Sequence[str]) -> Progress:
    """What to do next: a pure function of probes, rules, the votes so far and the drawn order.

    Args:
        jury: Fitted on the probes of this methodology.
        ballot: All votes so far, void ones too: a juror with a void vote has been asked, and is replaced
            only by the next drawn.
        order: Jurors in the order drawn, the limit included; those not qualified are passed over.
    """
    qualified = set(jury.qualified_jurors(ballot.kind))
    drawn = [j for j in order if j in qualified]
    asked = {v.juror for v in ballot.votes}
    answered = {v.juror for v in ballot.votes if v.counts}
    lost = asked - answered
    rest = [j for j in drawn if j not in asked]
    whole = jury.panel(j for j in drawn if j not in lost)
    now = jury.panel(j for j in drawn if j in answered)
    decision = jury.judge(ballot, now)
    answers = encode(jury.who, [ballot])
    kinds = np.array([jury.who.kind_index(ballot.kind)], dtype=np.int64)
    families = {jury.who.families[j] for j in drawn if j not in lost}
    if len(families) < max(jury.rules.minimum_jurors, 1):
        reason = f"Too few qualified jurors can still answer. {decision.reason}"
        return Progress(True, "undecided", decision, 1.0, None, reason)
    if not rest:
        return Progress(
            True, decision.outcome, decision, 0.0, None, f"All jurors were asked. {decision.reason}"
        )
    stop, verdict = may_stop(jury, now, whole, answers, kinds)
    odds = now.calibration.log_odds(jury.weigh(now, answers, kinds).evidence, kinds)
    risk = float(outlook(forecast(now, whole), odds, whole).risk[0])
    if stop[0]:
        outcome = VERDICTS[int(verdict[0])]
        reason = f"Asking all {len(drawn)} would decide otherwise with a chance of {risk:.4f}."
        return Progress(True, outcome, decision, risk, None, reason)
    reason = f"Not certain enough: the chance that all {len(drawn)} would decide otherwise is {risk:.4f}."
    return Progress(False, "undecided", decision, risk, rest[0], reason)
