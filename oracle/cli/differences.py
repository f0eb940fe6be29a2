"""How a verification is told, of a job's record and of a period's."""

from __future__ import annotations

from typing import Any

import rich_click as click

from oracle.evaluation.verify import Verification
from oracle.pact.visible import one_line


def differences_as_json(result: Verification) -> dict[str, Any]:
    """What every verification says, for `--json`."""
    return {
        "record": result.record_hash,
        "holds": result.holds,
        "differences": [difference._asdict() for difference in result.differences],
        "notes": list(result.notes),
    }


def print_differences(result: Verification) -> None:
    """Every line that differs, and what was noted."""
    for difference in result.differences:
        click.secho(f"differs at {difference.pointer or '(whole record)'}", fg="red")
        click.echo(f"  recorded:   {one_line(difference.recorded)}")
        click.echo(f"  recomputed: {one_line(difference.recomputed)}")
    for note in result.notes:
        click.echo(f"note: {one_line(note)}")


def print_holds(result: Verification) -> None:
    """That nothing differs, where nothing does."""
    if result.holds:
        click.secho(f"The record {result.record_hash} holds.", fg="green")
