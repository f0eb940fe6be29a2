"""Other parts of `make bench-jury`: each module here offers `measure() -> Section`, found by itself.

A section's figures join the bench's JSON object; its text and tables join docs/jury.md.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Section:
    """One part of the report.

    Attributes:
        title: Heading.
        markdown: What was done and seen.
        figures: Joins the JSON object; a name that is taken already is refused.
    """

    title: str
    markdown: str
    figures: dict[str, float | int | str | None] = field(default_factory=dict)


def measure_all() -> list[Section]:
    """Runs every section, in order of module name. An error in one of them ends the bench.

    Raises:
        TypeError: a module's `measure` returned something else than a Section.
    """
    sections: list[Section] = []
    for found in sorted(pkgutil.iter_modules(__path__), key=lambda m: m.name):
        result = importlib.import_module(f"{__name__}.{found.name}").measure()
        if not isinstance(result, Section):
            raise TypeError(f"scripts/bench_sections/{found.name}.py: measure() must return a Section.")
        sections.append(result)
    return sections
