"""The gas page: figures, where they go, and what others need."""

from __future__ import annotations

from scripts.gas.scenarios import Measured


def render(measured: Measured) -> str:
    lines = []
    for name, value in measured.figures.items():
        lines.append(f"{name:20} {value:>10,}")
    for name, causes in measured.causes.items():
        lines.append(f"{name:10} " + "  ".join(f"{k} {v:,}" for k, v in causes.named().items()))
    return "\n".join(lines) + "\n"
