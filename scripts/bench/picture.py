"""The picture of docs/performance.md: CPU for a new job over the jobs of history."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def draw(cpu_ms: Mapping[int, float], path: Path) -> None:
    """Write it as SVG without a date: the same numbers give the same file.

    Args:
        cpu_ms: Milliseconds of CPU for a new job, by number of closed jobs in the database.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    mpl.rcParams.update({"svg.hashsalt": "earnest", "font.size": 9, "svg.fonttype": "none"})
    mpl.rcParams.update({"axes.spines.top": False, "axes.spines.right": False})
    path.parent.mkdir(parents=True, exist_ok=True)
    figure, axes = plt.subplots(figsize=(6.4, 3.0), layout="constrained")
    sizes = sorted(cpu_ms)
    axes.plot(sizes, [cpu_ms[size] for size in sizes], marker="o", color="#1f4e79")
    axes.set_xscale("log")
    axes.set_ylim(0, 1.4 * max(cpu_ms.values()))
    axes.set_xlabel("closed jobs in the database")
    axes.set_ylabel("ms of CPU for a new job")
    figure.savefig(path, format="svg", metadata={"Date": None})
    plt.close(figure)
