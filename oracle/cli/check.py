"""`oracle check`: the pre-flight look."""

from __future__ import annotations

from pathlib import Path

import rich_click as click
from click.exceptions import Exit

from oracle.cli.output import FOUND_PROBLEMS_EXIT_CODE, json_option, print_json
from oracle.cli.run import config_option
from oracle.config import load_settings
from oracle.daemon.logs import configure_logs
from oracle.decide.preflight import Finding, Grade
from oracle.opening.keys import secrets_of
from oracle.preflight.run import look, worst

_SIGNS = {Grade.OK: ("ok", "green"), Grade.WARNING: ("warning", "yellow"), Grade.PROBLEM: ("problem", "red")}


@click.command()
@config_option
@click.option("--strict", is_flag=True, help="Warnings too make it fail.")
@json_option
def check(config: Path, *, strict: bool, as_json: bool) -> None:
    """Look at everything the daemon needs, and say what is wrong and how to mend it.

    Keys, chain, contracts, stake and coverage, the sender's balance, database, disk, sandbox, jurors, clock,
    peers, and the time for verdicts on tabs. Changes nothing and sends nothing. Exits with 1 where something
    is a problem.
    """
    settings = load_settings(config)
    # Retries would be logged, on stdout; what they come to is among the findings.
    configure_logs(level="error", output="console", secrets=secrets_of(settings))
    findings = look(settings, config)
    if as_json:
        print_json({"grade": worst(findings).value, "findings": [_as_json(item) for item in findings]})
    else:
        for item in findings:
            sign, colour = _SIGNS[item.grade]
            click.echo(f"{click.style(f'{sign:8}', fg=colour)}{item.check:12}{item.message}")
            if item.mend is not None:
                click.echo(f"{'':20}{click.style('Next:', bold=True)} {item.mend}")
        counts = {one: sum(item.grade is one for item in findings) for one in Grade}
        click.echo(f"{counts[Grade.PROBLEM]} problems, {counts[Grade.WARNING]} warnings.")
    failing = {Grade.PROBLEM, Grade.WARNING} if strict else {Grade.PROBLEM}
    if worst(findings) in failing:
        raise Exit(FOUND_PROBLEMS_EXIT_CODE)


def _as_json(item: Finding) -> dict[str, str]:
    shown = {"check": item.check, "grade": item.grade.value, "message": item.message}
    return shown | ({} if item.mend is None else {"mend": item.mend})
