"""Everything measured on one file of votes, and the figures that are reported of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oracle.jury.readings import Floats
from scripts.jurybench.baselines import accuracy, dawid_skene, juror_votes, majority
from scripts.jurybench.chance import balanced_rates, measure_chance
from scripts.jurybench.measure import Figures, Run, measure
from scripts.jurybench.sequence import measure_sequence
from scripts.jurybench.votes import Recording

FEW, MANY = 20, 80  # probes
DRAWS = 100


@dataclass(frozen=True)
class Baseline:
    """Accuracy of one way to aggregate without probes, by template ("" for all together)."""

    name: str
    by_template: dict[str, float]


@dataclass(frozen=True)
class Study:
    """One file, measured."""

    recording: Recording
    few: Run
    many: Run
    sequence: dict[str, Figures]
    chance: Figures
    baselines: tuple[Baseline, ...]
    rates: Floats  # [kinds + 1, jurors], share right over both classes on the whole file


def study(recording: Recording, draws: int = DRAWS) -> Study:
    """Measure a file; a number of probes it is too small for leaves its figures empty."""
    return Study(
        recording=recording,
        few=measure(recording, FEW, draws),
        many=measure(recording, MANY, draws),
        sequence=measure_sequence(recording, MANY, draws),
        chance=measure_chance(recording, MANY, draws),
        baselines=baselines(recording),
        rates=balanced_rates(recording),
    )


def baselines(recording: Recording) -> tuple[Baseline, ...]:
    """Majority and Dawid-Skene over the jurors, and over the best juror of each family where that differs.

    Ties count as wrong, as undecided does for the jury.
    """
    templates = sorted({r.template for r in recording.who.readers})
    views = [None, *templates] if len(templates) > 1 else [None]
    found = []
    for name, rule in (("majority", majority), ("dawid_skene", dawid_skene)):
        scores = {t or "": accuracy(rule(juror_votes(recording, t)), recording) for t in views}
        found.append(Baseline(name, scores))
    best = {t or "": float(np.max(_alone(recording, t))) for t in views}
    found.append(Baseline("best_alone", best))
    return tuple(found)


def _alone(recording: Recording, template: str | None) -> list[float]:
    votes = juror_votes(recording, template)
    return [accuracy(votes[:, i], recording) for i in range(votes.shape[1])]


def figures(one: Study) -> dict[str, float | int | None]:
    """The numbers of a file under the names the targets use, with 10th and 90th percentiles."""
    found: dict[str, float | int | None] = {
        "cases": len(one.recording.probes),
        "draws": len(one.many.figures.rows.get("accuracy", [])),
    }
    both = one.sequence["either"]
    wanted = (
        ("weighted_accuracy_20", one.few.figures, "accuracy"),
        ("weighted_accuracy_80", one.many.figures, "accuracy"),
        ("false_release", one.many.figures, "false_release"),
        ("good_released", one.many.figures, "good_released"),
        ("false_fail", one.many.figures, "false_fail"),
        ("decided", one.many.figures, "decided"),
        ("brier_skill", one.many.figures, "brier_skill"),
        ("calibration_error", one.many.figures, "calibration_error"),
        ("qualified_jurors", one.many.figures, "qualified_jurors"),
        ("calls_ratio", both, "calls_ratio"),
        ("calls_accuracy", both, "accuracy"),
        ("calls_accuracy_at_once", both, "accuracy_at_once"),
        ("calls_ratio_live_limits", one.sequence["careful"], "calls_ratio"),
        ("false_release_live_limits", one.sequence["careful"], "false_release"),
        ("incompetent_weighted", one.chance, "weighted"),
        ("incompetent_tried", one.chance, "tried"),
        ("incompetent_cells_weighted", one.chance, "cells"),
        ("incompetent_cells", one.chance, "cells_at_chance"),
    )
    for name, source, row in wanted:
        found[name] = rounded(source.mean(row))
        found[f"{name}_p10"] = rounded(source.percentile(row, 10))
        found[f"{name}_p90"] = rounded(source.percentile(row, 90))
    for baseline in one.baselines:
        found[baseline.name] = rounded(baseline.by_template[""])
        found[f"{baseline.name}_best_template"] = rounded(max(baseline.by_template.values()))
    return found


def rounded(value: float | None) -> float | None:
    """Four decimals: more would be noise."""
    return None if value is None else round(value, 4)
