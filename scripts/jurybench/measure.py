"""What the jury gets right when it hears everyone: means over seeded draws of the probes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import expit

from oracle.jury.aggregate import PanelRules
from oracle.jury.readings import Bools, Floats
from oracle.jury.rules import panel_rules
from oracle.pact.methodology import (
    Controls,
    DrawRules,
    JuryRules,
    Methodology,
    ProbeRules,
    RubricTemplate,
    SamplingRow,
)
from scripts.jurybench.draws import jury_from, split
from scripts.jurybench.votes import Recording

GATE_FROM = 80  # probes; with fewer a bound would lock good jurors out by luck
BINS = 10


@dataclass
class Figures:
    """One number a draw under each name; mean and 10th and 90th percentile are what is reported."""

    rows: dict[str, list[float]] = field(default_factory=dict)

    def add(self, **values: float) -> None:
        """One draw's numbers."""
        for name, value in values.items():
            self.rows.setdefault(name, []).append(float(value))

    def mean(self, name: str) -> float | None:
        """Mean over the draws; None where nothing was measured."""
        values = self.rows.get(name)
        return float(np.mean(values)) if values else None

    def percentile(self, name: str, which: float) -> float | None:
        """A percentile over the draws; None where nothing was measured."""
        values = self.rows.get(name)
        return float(np.percentile(values, which)) if values else None


@dataclass
class Run:
    """All draws with one number of probes.

    Attributes:
        figures: Per draw.
        stated: Sum of stated certainties per bin, `held`: of right answers, `cases`: how many.
        qualified: Share of draws in which each juror counts, [kinds, jurors].
    """

    figures: Figures
    stated: Floats
    held: Floats
    cases: Floats
    qualified: Floats


def committee(*, marked: bool) -> Methodology:
    """A methodology as a committee would write it, with every default; certainties alone bind nothing.

    Three quarters of the probes must have been put to a juror, so that one missing from a few cases is not
    shut out for that alone; adversarial ones are asked for where the file marks any.
    """
    return Methodology(
        name="bench",
        version=1,
        summary="Measured on recorded votes.",
        jury=JuryRules(
            jurors=(),
            templates=(RubricTemplate(id="recorded", instructions="As recorded."),),
            minimum_jurors=1,
            maximum_jurors=32,
            release_certainty_bps=5_001,
            fail_certainty_bps=5_001,
        ),
        probes=ProbeRules(minimum=(3 * GATE_FROM) // 4, minimum_adversarial=10 if marked else 0),
        controls=Controls(negative=("…",), manipulation=("…",)),
        draw=DrawRules(source="drand-quicknet"),
        sampling=(SamplingRow(value_up_to=None, interactions=1),),
    )


def rules_for(recording: Recording, probes: int) -> PanelRules:
    """What such a methodology comes to for a live jury; the gate from 80 probes on."""
    return replace(panel_rules(committee(marked=recording.marked)), gated=probes >= GATE_FROM)


def measure(recording: Recording, probes: int, draws: int) -> Run:
    """Judge every case that no probe is about, by all jurors and all their readings, once a draw."""
    rules = rules_for(recording, probes)
    run = Run(
        Figures(),
        np.zeros(BINS),
        np.zeros(BINS),
        np.zeros(BINS),
        np.zeros((len(recording.who.kinds), len(recording.who.jurors))),
    )
    for seed in range(draws):
        drawn = split(recording.items, probes, seed)
        if drawn is None:
            break
        jury = jury_from(recording, drawn.probes, rules)
        panel = jury.panel()
        kinds, good = recording.kinds[drawn.judged], recording.good[drawn.judged]
        weighed = jury.weigh(panel, recording.means[drawn.judged], kinds)
        odds = panel.calibration.log_odds(weighed.evidence, kinds)
        certainty = expit(odds)
        either = replace(panel, pass_log_odds=0.0, fail_log_odds=0.0).decide(odds, weighed.heard)
        careful = panel.decide(odds, weighed.heard)
        right = np.where(good, 1, -1)
        run.figures.add(
            accuracy=(either == right).mean(),
            decided_either=(either != 0).mean(),
            decided=(careful != 0).mean(),
            accuracy_of_decided=(careful == right)[careful != 0].mean() if (careful != 0).any() else 0.0,
            qualified_jurors=jury.qualified[kinds].sum(axis=1).mean(),
            **rates(careful == 1, good, "false_release", "good_released"),
            **rates(careful == -1, good, "bad_failed", "false_fail"),
            **calibration_figures(certainty, good),
        )
        bins = np.clip((certainty * BINS).astype(int), 0, BINS - 1)
        run.stated += np.bincount(bins, certainty, BINS)
        run.held += np.bincount(bins, good.astype(np.float64), BINS)
        run.cases += np.bincount(bins, minlength=BINS)
        run.qualified += jury.qualified[:-1]
    run.qualified /= max(len(run.figures.rows.get("accuracy", [])), 1)
    return run


def rates(chosen: Bools, good: Bools, of_bad: str, of_good: str) -> dict[str, float]:
    """Share chosen of the bad and of the good cases; a class without cases is left out."""
    found = {}
    if (~good).any():
        found[of_bad] = float(chosen[~good].mean())
    if good.any():
        found[of_good] = float(chosen[good].mean())
    return found


def calibration_figures(certainty: Floats, good: Bools) -> dict[str, float]:
    """Brier skill over the base rate, and expected calibration error over ten equal bins."""
    base = float(good.mean())
    found = {}
    if 0.0 < base < 1.0:
        found["brier_skill"] = 1.0 - float(((certainty - good) ** 2).mean()) / (base * (1.0 - base))
    bins = np.clip((certainty * BINS).astype(int), 0, BINS - 1)
    gaps = np.abs(np.bincount(bins, certainty, BINS) - np.bincount(bins, good.astype(np.float64), BINS))
    found["calibration_error"] = float(gaps.sum() / len(good))
    return found
