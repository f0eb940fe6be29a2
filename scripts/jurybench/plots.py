"""The report's pictures, as SVG without dates or random ids, so that the same numbers give the same file."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scripts.jurybench.measure import Run
from scripts.jurybench.study import MANY, Study

mpl.rcParams.update({"svg.hashsalt": "earnest", "font.size": 9, "axes.spines.top": False})
mpl.rcParams.update({"axes.spines.right": False, "figure.dpi": 100, "svg.fonttype": "none"})
INK, SOFT, WARN = "#1f4e79", "#9fbfdf", "#b3541e"


def draw_all(studies: list[Study], folder: Path) -> dict[str, list[str]]:
    """Write every picture; the file names by name of recording."""
    folder.mkdir(parents=True, exist_ok=True)
    names: dict[str, list[str]] = {}
    for one in studies:
        stem = f"jury-{one.recording.name}"
        pictures = (
            ("accuracy", _accuracy),
            ("release", _release),
            ("certainty", _certainty),
            ("jurors", _jurors),
            ("calls", _calls),
        )
        for what, painter in pictures:
            figure, axes = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
            if painter(one, axes):
                _save(figure, folder / f"{stem}-{what}.svg")
                names.setdefault(one.recording.name, []).append(f"{stem}-{what}.svg")
            plt.close(figure)
    return names


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, format="svg", metadata={"Date": None})


def _accuracy(one: Study, axes: Axes) -> bool:
    bars: list[tuple[str, float, float, float]] = []
    for baseline in one.baselines:
        values = baseline.by_template
        bars.append((baseline.name.replace("_", " "), values[""], min(values.values()), max(values.values())))
    for name, run in ((f"weighted, {20} probes", one.few), (f"weighted, {MANY} probes", one.many)):
        mean = run.figures.mean("accuracy")
        low, high = run.figures.percentile("accuracy", 10), run.figures.percentile("accuracy", 90)
        if mean is not None and low is not None and high is not None:
            bars.append((name, mean, low, high))
    middle = np.array([b[1] for b in bars])
    lows, highs = np.array([b[2] for b in bars]), np.array([b[3] for b in bars])
    colours = [SOFT if "weighted" not in b[0] else INK for b in bars]
    spread = np.abs(np.stack([np.minimum(lows, middle) - middle, np.maximum(highs, middle) - middle]))
    axes.barh([b[0] for b in bars], middle, xerr=spread, color=colours, ecolor="#333333", capsize=3)
    axes.set_xlim(0.0, 1.0)
    axes.set_xlabel("share of cases right (bars: by template, or 10th to 90th percentile of draws)")
    return True


def _release(one: Study, axes: Axes) -> bool:
    rows = one.many.figures.rows
    if "false_release" not in rows or "good_released" not in rows:
        return False
    axes.scatter(rows["false_release"], rows["good_released"], s=14, color=SOFT, label="one draw of probes")
    axes.scatter(
        np.mean(rows["false_release"]), np.mean(rows["good_released"]), s=60, color=INK, label="mean"
    )
    axes.axvline(0.05, color=WARN, lw=1, ls="--", label="limit and target")
    axes.axhline(0.5, color=WARN, lw=1, ls="--")
    axes.set_xlabel(f"share of bad work released ({MANY} probes)")
    axes.set_ylabel("share of good work released")
    axes.set_ylim(-0.02, 1.02)
    axes.legend(frameon=False)
    return True


def _certainty(one: Study, axes: Axes) -> bool:
    run: Run = one.many
    seen = run.cases > 0
    if not seen.any():
        return False
    stated, held = run.stated[seen] / run.cases[seen], run.held[seen] / run.cases[seen]
    axes.plot([0, 1], [0, 1], color="#999999", lw=1)
    axes.scatter(stated, held, s=20 + 300 * run.cases[seen] / run.cases.sum(), color=INK)
    axes.set_xlabel(f"stated certainty of pass (ten bins, {MANY} probes; dot size: cases)")
    axes.set_ylabel("share that was good")
    return True


def _jurors(one: Study, axes: Axes) -> bool:
    names = one.recording.who.jurors
    place = np.arange(len(names))
    axes.barh(place + 0.2, one.rates[-1], 0.4, color=SOFT, label="right on the whole file, mean of classes")
    axes.barh(
        place - 0.2,
        one.many.qualified.mean(axis=0),
        0.4,
        color=INK,
        label="share of draws and kinds in which it counts",
    )
    axes.set_yticks(place, names)
    axes.axvline(0.5, color=WARN, lw=1, ls="--")
    axes.set_xlim(0.0, 1.0)
    axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    return True


def _calls(one: Study, axes: Axes) -> bool:
    drawn = False
    for name, colour, label in (("either", INK, "at even odds"), ("careful", WARN, "under the live limits")):
        ratios = one.sequence[name].rows.get("calls_ratio")
        if ratios:
            axes.hist(ratios, bins=list(np.linspace(0, 1, 26)), alpha=0.6, color=colour, label=label)
            drawn = True
    axes.axvline(0.6, color="#333333", lw=1, ls="--", label="target")
    axes.set_xlabel("calls made, over one call of each qualified juror")
    axes.set_ylabel("draws")
    axes.legend(frameon=False)
    return drawn
