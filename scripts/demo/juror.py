"""The demo's juror: the pinned local model, and what blind probes showed of it."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from contextlib import closing
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from oracle.jury.probes import (
    Calibrator,
    ProbeSet,
    read_calibration,
    read_probe_set,
    write_calibration,
)
from oracle.jury.providers import ConfiguredProviders, read_providers
from oracle.pact.methodology import Methodology

# The model answers as fast as a CPU allows: one request at a time.
PROVIDERS = '[providers.local]\nkind = "local"\n'


@dataclass(frozen=True, slots=True)
class LocalJury:
    """Where the daemon finds its juror and what is known of it."""

    providers: Path
    calibrations: Path


def prepare_jury(console: Console, methodology: Methodology, folder: Path) -> LocalJury:
    """Write the providers file, and run the probes unless they were run before with this methodology.

    The calibration is kept in the cache folder, so that a second demo does not ask again.
    """
    providers = folder / "providers.toml"
    providers.write_text(PROVIDERS, encoding="utf-8")
    cache = Path(os.environ.get("EARNEST_CACHE", Path.home() / ".cache/earnest"))
    calibrations = cache / "calibrations"
    calibrations.mkdir(parents=True, exist_ok=True)
    with as_file(files("oracle.jury").joinpath("data/probes.json")) as path:
        probe_set = read_probe_set(path)
    known = read_calibration(calibrations, methodology)
    if known is None or known.probe_set != probe_set.hash():
        console.print(
            f"Asking the local model {len(probe_set.probes)} probes with known answers, once: "
            "they decide whether it may sit on a jury (a few minutes) …"
        )
        _calibrate(console, methodology, probe_set, providers, calibrations)
    return LocalJury(providers, calibrations)


def _calibrate(
    console: Console, methodology: Methodology, probe_set: ProbeSet, providers: Path, calibrations: Path
) -> None:
    with (
        closing(ConfiguredProviders(read_providers(providers))) as configured,
        Progress(console=console, transient=True) as progress,
    ):
        task = progress.add_task("probes", total=len(probe_set.probes))

        def tell(_juror: str, _probe: str, _what: str) -> None:
            progress.advance(task)

        calibrator = Calibrator(methodology, configured, secrets.token_bytes(32), tell)
        calibration = asyncio.run(calibrator.run(probe_set, int(time.time())))
    write_calibration(calibrations, methodology, calibration)
