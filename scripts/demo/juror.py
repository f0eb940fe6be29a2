"""The demo's juror: the pinned local model, and what its probes showed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from oracle.pact.methodology import Methodology


@dataclass(frozen=True, slots=True)
class LocalJury:
    """Where the daemon finds its juror and what is known of it."""

    providers: Path
    calibrations: Path


def prepare_jury(console: Console, methodology: Methodology, folder: Path) -> LocalJury:
    """Write the providers file, and run the probes if they were not run before with this methodology."""
    raise SystemExit("not here yet")
