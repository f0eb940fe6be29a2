"""The jury's decision: votes in, Pass, Fail or undecided out. The same code judges live jobs and the bench.

`Jury.fit` learns from probes who counts and what an answer is worth. A `Panel` is some of its jurors, with
the calibration and the thresholds for just these. Everything is a function of probes, rules and votes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from scipy.special import expit, logit

from oracle.jury import correlation, weights
from oracle.jury.ballots import Ballot, Probe
from oracle.jury.calibration import Calibration, CalibrationPriors, Probed, calibrate, release_threshold
from oracle.jury.correlation import Kinship
from oracle.jury.eligibility import EligibilityRules, Standing
from oracle.jury.readings import Bools, Floats, Ints, encode, encode_asked, groups, roster
from oracle.jury.standings import standings
from oracle.jury.weights import ProbeSheet, Profile, Shrinkage

DECIMALS = 6  # of what a decision states: linear algebra may differ in the last bits between machines


Outcome: TypeAlias = Literal["passed", "failed", "undecided"]
"""What a jury's votes on one criterion add up to. Only "passed" ever releases money."""
VERDICTS: dict[int, Outcome] = {1: "passed", -1: "failed", 0: "undecided"}


@dataclass(frozen=True)
class PanelRules:
    """The methodology's numbers for aggregation. Certainties and shares run from 0 to 1.

    Attributes:
        minimum_jurors: Families of which a qualified juror must be heard; with fewer it is undecided.
        release_certainty: Certainty of "good" that Pass needs at the least.
        fail_certainty: Certainty of "bad" that Fail needs at the least.
        maximum_false_release: Share of bad work that may pass; None: no limit beyond the certainty.
        maximum_false_fail: Share of good work that may fail; None: likewise.
        expected_good: Share of good work expected among jobs; None: as among the probes.
        gated: False only where an aggregation is measured with too few probes for the gate.
        stop_risk: Chance, at the most, that all jurors together would have decided otherwise, for stopping.
    """

    minimum_jurors: int = 1
    release_certainty: float = 0.5
    fail_certainty: float = 0.5
    maximum_false_release: float | None = 0.05
    maximum_false_fail: float | None = 0.10
    expected_good: float | None = None
    gated: bool = True
    stop_risk: float = 0.05
    eligibility: EligibilityRules = field(default_factory=EligibilityRules)
    shrinkage: Shrinkage = field(default_factory=Shrinkage)
    kinship: Kinship = field(default_factory=Kinship)
    priors: CalibrationPriors = field(default_factory=CalibrationPriors)


@dataclass(frozen=True)
class Decision:
    """What one ballot adds up to, and how.

    Attributes:
        outcome: Pass, Fail or undecided.
        certainty: Stated probability that the criterion is met.
        evidence: Weighed votes, in log-odds before calibration.
        pass_from: Certainty of "good" from which it is Pass.
        fail_up_to: Certainty of "good" up to which it is Fail.
        heard: Qualified jurors with an answer that counts.
        weights: Weight of each juror heard: evidence added by a full step (opinion) or one sd (score).
        reason: In a sentence.
    """

    outcome: Outcome
    certainty: float
    evidence: float
    pass_from: float
    fail_up_to: float
    heard: tuple[str, ...]
    weights: dict[str, float]
    reason: str


@dataclass(frozen=True)
class Weighed:
    """Ballots after weighing, one row a case."""

    evidence: Floats
    weights: Floats  # [cases, readers]
    heard: Ints  # families with a qualified juror heard


@dataclass(frozen=True)
class Panel:
    """Some jurors, calibrated as this very group. `usable` has shape [kinds + 1, readers]."""

    usable: Bools
    calibration: Calibration
    pass_log_odds: float
    fail_log_odds: float
    minimum_jurors: int

    def decide(self, log_odds: Floats, heard: Ints) -> Ints:
        """+1 Pass, -1 Fail, 0 undecided, for each case. Too few jurors heard: undecided."""
        passed = (log_odds > 0.0) & (log_odds >= self.pass_log_odds)
        failed = (log_odds < 0.0) & (log_odds <= self.fail_log_odds)
        verdict = passed.astype(np.int64) - failed.astype(np.int64)
        return np.where(heard >= max(self.minimum_jurors, 1), verdict, 0)


class Jury:
    """Jurors as their probes show them. Build with `fit` (live), or from a sheet of many cases."""

    def __init__(self, sheet: ProbeSheet, adversarial: Bools, rules: PanelRules) -> None:
        self.sheet, self.rules, self.who = sheet, rules, sheet.who
        self._own = weights.profile(sheet.who, _with_unknown_kind(sheet.tally()), rules.shrinkage)
        self._left_out = weights.profile(sheet.who, sheet.tally_without_own_item(), rules.shrinkage)
        self.standings: dict[str, dict[str, Standing]] = standings(
            sheet, self._left_out, adversarial, rules.eligibility, rules.shrinkage.kind
        )
        self.qualified = self._qualified()
        self.kinship = correlation.measure(
            sheet, self.qualified[:, sheet.who.juror_of].any(axis=0), rules.kinship
        )
        self._correlation = correlation.matrix(sheet.who, self.kinship)

    @classmethod
    def fit(cls, probes: Sequence[Probe], rules: PanelRules, ballots: Iterable[Ballot] = ()) -> Jury:
        """Learn from probes. `ballots` to be judged may bring templates of known jurors; nothing else of
        them is looked at.

        Raises:
            BallotError: a juror appears in two families.
        """
        who = roster(probes, ballots)
        sheet = ProbeSheet(
            who=who,
            answers=encode(who, (p.ballot for p in probes)),
            asked=encode_asked(who, (p.ballot for p in probes)),
            kinds=np.array([who.kind_index(p.ballot.kind) for p in probes], dtype=np.int64),
            good=np.array([p.good for p in probes], dtype=np.bool_),
            items=groups([p.ballot.group for p in probes]),
        )
        return cls(sheet, np.array([p.adversarial for p in probes], dtype=np.bool_), rules)

    def _qualified(self) -> Bools:
        """Whether each juror counts for each kind; last row: a kind without probes."""
        rows = [*self.who.kinds, ""]
        if not self.rules.gated:
            return np.ones((len(rows), len(self.who.jurors)), dtype=np.bool_)
        return np.array(
            [[self.standings[j][k].counts for j in self.who.jurors] for k in rows], dtype=np.bool_
        ).reshape(len(rows), len(self.who.jurors))

    def qualified_jurors(self, kind: str) -> tuple[str, ...]:
        """Jurors that count for a kind of criterion."""
        row = self.qualified[self.who.kind_index(kind)]
        return tuple(j for j, counts in zip(self.who.jurors, row, strict=True) if counts)

    def panel(self, jurors: Iterable[str] | None = None, probe_answers: Floats | None = None) -> Panel:
        """Calibrate a group of jurors (None: all).

        Args:
            jurors: Names; who does not count for a kind has no weight there even if named.
            probe_answers: The probes as this group would have heard them, where not every reader is asked
                (one template a juror); shape as the sheet's answers.
        """
        chosen = set(self.who.jurors if jurors is None else jurors)
        named = np.array([j in chosen for j in self.who.jurors], dtype=np.bool_)
        usable = (self.qualified & named)[:, self.who.juror_of]
        sheet, rules = self.sheet, self.rules
        answers = sheet.answers if probe_answers is None else probe_answers
        weighed = self._weigh(self._left_out, answers, usable[sheet.kinds])
        fitted = calibrate(
            weighed.evidence,
            sheet.kinds,
            sheet.good,
            kind_count=len(self.who.kinds),
            priors=rules.priors,
            expected_good=rules.expected_good,
        )
        evidence = self._weigh(_rows(self._own, sheet.kinds), answers, usable[sheet.kinds]).evidence
        seen = Probed(
            stated=fitted.log_odds(evidence, sheet.kinds),
            left_out=fitted.probe_log_odds,
            good=sheet.good,
            reachable=weighed.heard >= max(rules.minimum_jurors, 1),
        )
        pass_from, fail_up_to = float(logit(rules.release_certainty)), -float(logit(rules.fail_certainty))
        if rules.maximum_false_release is not None:
            pass_from = max(pass_from, release_threshold(seen, rules.maximum_false_release))
        if rules.maximum_false_fail is not None:
            fail_up_to = min(fail_up_to, -release_threshold(seen.turned(), rules.maximum_false_fail))
        return Panel(usable, fitted, pass_from, fail_up_to, rules.minimum_jurors)

    def weigh(self, panel: Panel, answers: Floats, kinds: Ints) -> Weighed:
        """Evidence of many cases: `answers` as `readings.encode` makes them, `kinds` indices (-1: none)."""
        return self._weigh(_rows(self._own, kinds), answers, panel.usable[kinds])

    def standardised(self, answers: Floats, kinds: Ints) -> Floats:
        """Answers as distance from each reader's cut on that kind: above 0 speaks for pass. NaN stays NaN."""
        return _rows(self._own, kinds).standardise(answers)

    def _weigh(self, own: Profile, answers: Floats, usable: Bools) -> Weighed:
        heard = usable & ~np.isnan(answers)
        standard = np.where(heard, own.standardise(answers), 0.0)
        table = np.where(heard, own.strength, -1.0)
        worth = np.zeros_like(table)
        if table.size:
            distinct, where = np.unique(table, axis=0, return_inverse=True)
            solved = np.array([self._solve(row) for row in distinct])
            worth = solved[where.reshape(-1)]
        evidence: Floats = (worth * standard).sum(axis=1)
        present = np.zeros((len(answers), len(set(self.who.families.values()))), dtype=np.bool_)
        for column, family in enumerate(self.who.family_of):
            present[:, family] |= heard[:, column]
        return Weighed(evidence, worth, present.sum(axis=1))

    def _solve(self, strength: Floats) -> Floats:
        weight = np.zeros_like(strength)
        live = np.flatnonzero(strength > 0)
        if len(live):
            weight[live] = correlation.discounted(strength[live], self._correlation[np.ix_(live, live)])
        return weight

    def judge(self, ballot: Ballot, panel: Panel | None = None) -> Decision:
        """Decide one ballot by a panel (None: all qualified jurors), and say how."""
        group = panel or self.panel()
        answers = encode(self.who, [ballot])
        kinds = np.array([self.who.kind_index(ballot.kind)], dtype=np.int64)
        weighed = self.weigh(group, answers, kinds)
        odds = group.calibration.log_odds(weighed.evidence, kinds)
        families = int(weighed.heard[0])
        verdict = int(group.decide(odds, weighed.heard)[0])
        usable = group.usable[kinds[0]] & ~np.isnan(answers[0])
        heard = tuple(sorted({self.who.readers[i].juror for i in np.flatnonzero(usable)}))
        own = dict.fromkeys(heard, 0.0)
        for i in np.flatnonzero(usable):
            own[self.who.readers[i].juror] += float(weighed.weights[0, i])
        certainty, evidence = (
            round(float(expit(odds[0])), DECIMALS),
            round(float(weighed.evidence[0]), DECIMALS),
        )
        low = round(float(expit(group.fail_log_odds)), DECIMALS)
        high = round(float(expit(group.pass_log_odds)), DECIMALS)
        outcome = VERDICTS[verdict]
        needed = max(group.minimum_jurors, 1)
        if families < needed:
            qualified = ", ".join(self.qualified_jurors(ballot.kind)) or "none"
            reason = (
                f"Qualified jurors of {families} families were heard on a criterion of kind {ballot.kind!r}; "
                f"the methodology asks for {needed} (qualified by their probes: {qualified}). Name more "
                "jurors in the methodology, or run more probes of this kind."
            )
        else:
            reason = f"Certainty of pass is {certainty:.4f}; Pass from {high:.4f}, Fail up to {low:.4f}."
        own = {juror: round(weight, DECIMALS) for juror, weight in own.items()}
        return Decision(outcome, certainty, evidence, high, low, heard, own, reason)


def _rows(of: Profile, kinds: Ints) -> Profile:
    """One row a case, by its kind."""
    return Profile(of.strength[kinds], of.cut[kinds], of.scale[kinds])


def _with_unknown_kind(tally: weights.Tally) -> weights.Tally:
    """Adds a last row without probes of its kind, so that index -1 falls back to the reader's other kinds."""
    pad = [(0, 1), (0, 0), (0, 0)]
    parts = {name: getattr(tally, name) for name in tally.__dataclass_fields__}
    parts["kind_n"], parts["kind_sum"] = np.pad(tally.kind_n, pad), np.pad(tally.kind_sum, pad)
    return weights.Tally(**parts)
