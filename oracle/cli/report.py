"""`oracle report`: measures of a program."""

from __future__ import annotations

import time
from pathlib import Path

import rich_click as click
from rich.console import Console
from rich.table import Table

from oracle.cli.opened import reading
from oracle.cli.output import json_option, print_json
from oracle.cli.run import config_option
from oracle.cli.values import MOMENT
from oracle.config import load_settings
from oracle.daemon.openness import kept_in
from oracle.domain.amounts import format_usdc
from oracle.domain.errors import EarnestError
from oracle.domain.fields import show_time
from oracle.policy.files import load_policies
from oracle.report.document import Report, Share
from oracle.report.reading import read_report
from oracle.report.words import has_tabs, measures, percent, tabs_said, waiting

_WIDTH = 110


class ReportError(EarnestError):
    """The time asked for is none."""


@click.command()
@click.option("--since", type=MOMENT, default=0, help="Only from here on: 2026-11-01T00:00:00Z.")
@click.option("--until", type=MOMENT, help="Only before this.")
@config_option
@json_option
def report(*, since: int, until: int | None, config: Path, as_json: bool) -> None:
    """Measure the program: pacts kept, confidence, freshness, disputes, overturned verdicts, incidents.

    docs/incidents.md says what each figure is.
    """
    if until is not None and until <= since:
        raise ReportError("until is not after since", field="until", next_step="name a later time")
    settings = load_settings(config)
    policies = load_policies([settings.path(path) for path in settings.policies.files], now=int(time.time()))
    with reading(settings) as session:
        found = read_report(
            session,
            kept_in(settings.path(settings.evidence.directory)),
            roots=settings.score.roots,
            policies=policies,
            since=since,
            until=until,
        )
    if as_json:
        print_json(found.as_json() | {"hash": found.hash()})
        return
    _show(found)


def _show(found: Report) -> None:
    console = Console(width=_WIDTH)
    start = "the beginning" if found.since == 0 else show_time(found.since)
    console.print(f"From {start} to {show_time(found.until)}, block {found.block} of chain {found.chain_id}.")
    console.print(
        f"{found.opened} job(s) opened for {format_usdc(int(found.entrusted))}, {found.ended} ended."
    )
    if has_tabs(found):
        console.print(tabs_said(found))
    table = Table("measure", "value", "5 % to 95 %", "of", box=None)
    for name, one in measures(found):
        if isinstance(one, Share):
            table.add_row(name, percent(one.share), f"{percent(one.low)} to {percent(one.high)}", str(one.of))
        else:
            table.add_row(name, waiting(one), "", str(one.count))
    console.print(table)
    console.print(f"{found.incidents} incident(s).")
    for weakness in found.weaknesses[:10]:
        console.print(f"  {len(weakness.jobs)} × {weakness.says}", markup=False)
    for happened, count in found.policy_events.items():
        console.print(f"  policies: {count} × {happened}")
