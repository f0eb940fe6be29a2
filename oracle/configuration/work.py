"""Evaluations: where evidence lies, how many run, who the jurors are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from oracle.configuration.base import Count, Seconds, Section


class EvidenceSection(Section):
    """The content store: our own directory, copies of it, other places to read from, and the key of private
    deliveries.
    """

    directory: Path = Path("evidence")
    copies: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    identity: Path | None = None


class EvaluationSection(Section):
    """How many at a time, and how long a missing delivery is asked for."""

    workers: Annotated[int, Field(ge=1, le=64)] = 2
    tries: Count = 6
    wait: Seconds = 10.0
    drand: tuple[str, ...] | None = None


class JurySection(Section):
    """The jurors' providers and what probes showed of them; without them jury conditions stay undecided."""

    providers: Path | None = None
    calibrations: Path = Path("calibrations")
