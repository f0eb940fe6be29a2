"""`oracle jury`: measure jurors on probes, and explain a jury's decision."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click
from rich.console import Console

from oracle.cli.documents import FILE, FOLDER, load_document
from oracle.cli.evidence import load_record, store_option
from oracle.cli.output import json_option, print_json
from oracle.domain.canonical import canonical_bytes
from oracle.domain.errors import EarnestError
from oracle.pact.methodology import Methodology

if TYPE_CHECKING:
    from oracle.jury.probes import Calibration


class NoJuryError(EarnestError):
    """The record holds no decision of a jury that was asked for."""


@click.group()
def jury() -> None:
    """Measure jurors on probes with known answers, and explain what a jury decided.

    A juror counts only after its probes: enough of them, adversarial ones among them, and better than a
    coin on good and on bad work.
    """


@jury.command()
@click.argument("methodology", type=FILE)
@click.option("--providers", type=FILE, required=True, help="TOML: where each provider alias is reached.")
@click.option("--calibrations", type=FOLDER, required=True, help="Folder to keep the result in.")
@click.option("--probes", type=FILE, help="Probe set; without it the public one that comes along.")
@click.option("--plot", type=FILE, help="Also draw the error rates to this file (svg, png, pdf).")
@click.option("--quiet", is_flag=True, help="Do not show each answer as it comes.")
@json_option
def calibrate(
    *,
    methodology: Path,
    providers: Path,
    calibrations: Path,
    probes: Path | None,
    plot: Path | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Put probes to the jurors of METHODOLOGY and keep what they show.

    Probes are asked by the very questions that judge jobs, controls among them. The result counts for this
    methodology only, and for as many days as it says.
    """
    from oracle.jury.probes import GENERAL_PROBES, Calibrator, read_probe_set, write_calibration
    from oracle.jury.providers import ConfiguredProviders, read_providers

    rules = load_document(Methodology, methodology)
    probe_set = read_probe_set(probes or GENERAL_PROBES)
    reached = ConfiguredProviders(read_providers(providers))

    def tell(juror: str, probe: str, what: str) -> None:
        if not quiet:
            click.echo(f"{juror}: {probe}: {what}", err=True)

    try:
        calibrator = Calibrator(rules, reached, os.urandom(32), tell)
        calibration = asyncio.run(calibrator.run(probe_set, int(time.time())))
    finally:
        reached.close()
    kept = write_calibration(calibrations, rules, calibration)
    _report(rules, calibration, kept, plot, as_json=as_json)


@jury.command()
@click.argument("methodology", type=FILE)
@click.option("--calibrations", type=FOLDER, required=True, help="Folder with what probes showed.")
@click.option("--plot", type=FILE, help="Also draw the error rates to this file (svg, png, pdf).")
@json_option
def rates(*, methodology: Path, calibrations: Path, plot: Path | None, as_json: bool) -> None:
    """Show the measured error rates of METHODOLOGY's jurors again, without asking anyone."""
    from oracle.jury.probes import calibration_path, read_calibration

    rules = load_document(Methodology, methodology)
    calibration = read_calibration(calibrations, rules)
    if calibration is None:
        raise NoJuryError(
            f"there is no calibration for {rules.hash()} in {calibrations}",
            field="--calibrations",
            next_step="run `oracle jury calibrate`",
        )
    _report(rules, calibration, calibration_path(calibrations, rules), plot, as_json=as_json)


@jury.command()
@click.argument("record")
@store_option
@click.option("--condition", help="Only this condition.")
@json_option
def show(*, record: str, store: Path | None, condition: str | None, as_json: bool) -> None:
    """Explain the jury's decisions in RECORD (a file, or a hash with --store) step by step."""
    from oracle.cli.jury_view import show_section
    from oracle.evaluation.record import parse_record
    from oracle.jury.record import Section

    read = parse_record(load_record(record, store))
    found = {
        entry.id: entry.jury.section
        for entry in read.conditions
        if entry.jury is not None and entry.jury.section and condition in (None, entry.id)
    }
    if not found:
        wanted = f"condition {condition!r}" if condition else "any condition"
        notes = "; ".join(f"{e.id}: {e.note}" for e in read.conditions if e.method == "jury" and e.note)
        raise NoJuryError(f"the record holds no jury's decision on {wanted}{f' ({notes})' if notes else ''}")
    if as_json:
        print_json(found)
        return
    console = Console(soft_wrap=True)
    for name, section in found.items():
        show_section(console, name, Section.model_validate_json(canonical_bytes(section)))


def _report(
    rules: Methodology, calibration: Calibration, kept: Path, plot: Path | None, *, as_json: bool
) -> None:
    from oracle.cli.jury_view import plot_rates, show_rates
    from oracle.jury.deliberate import standings_of
    from oracle.jury.rates import error_rates

    measured = error_rates(calibration.results)
    kinds = sorted({result.kind for result in calibration.results})
    standings = {kind: standings_of(rules, kind, calibration.results) for kind in kinds}
    if plot is not None:
        plot_rates(plot, measured)
    if as_json:
        shown: dict[str, Any] = {
            "methodology": calibration.methodology,
            "calibration": str(kept),
            "measured_at": calibration.measured_at,
            "jurors": [
                {
                    "juror": row.juror,
                    "good_not_passed": dataclasses.asdict(row.good_not_passed),
                    "bad_passed": dataclasses.asdict(row.bad_passed),
                    "adversarial": dataclasses.asdict(row.adversarial),
                }
                for row in measured
            ],
            "standings": {k: [s.model_dump(mode="json") for s in found] for k, found in standings.items()},
            "not_measured": calibration.not_measured,
        }
        print_json(shown)
        return
    console = Console(soft_wrap=True)
    for kind, found in standings.items():
        console.print(f"Kind of criterion: {kind}", markup=False)
        show_rates(console, error_rates(calibration.results, kind), found)
    for juror, why in calibration.not_measured.items():
        console.print(f"{juror} was not measured: {why}", markup=False)
    console.print(f"Kept in {kept}", markup=False)
