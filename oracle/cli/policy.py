"""`oracle policy`: check, simulate and run policies, and ask whether they admit an agreement."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import rich_click as click
from click.exceptions import Exit
from rich.console import Console
from rich.table import Table

from oracle.cli.documents import FILE
from oracle.cli.opened import reading
from oracle.cli.output import FOUND_PROBLEMS_EXIT_CODE, json_option, print_json, read_bytes
from oracle.cli.policy_live import admit_, event_line, events, packet, review, run
from oracle.cli.run import config_option
from oracle.config import load_settings
from oracle.domain.amounts import format_usdc
from oracle.history.task import MAX_HISTORY_BYTES, History, Task
from oracle.policy.check import flaws, warnings
from oracle.policy.document import Policy, Rule
from oracle.policy.drift import delay, make_test
from oracle.policy.files import load_policies, load_policy
from oracle.policy.signals import MEANINGS, Signal
from oracle.policy.simulate import Exposure, Simulation, simulate
from oracle.store.moment import at_block
from oracle.store.tasks import tasks_of

_SHOWN = 20


@click.group()
def policy() -> None:
    """Check, simulate and run policies: who may be trusted with how much, and what follows from bad news.

    A policy is a TOML file that names signals, thresholds, an owner, a review and consequences.
    docs/policies.md explains every field.
    """


for _command in (run, events, review, packet, admit_):
    policy.add_command(_command)


@policy.command()
@json_option
def signals(*, as_json: bool) -> None:
    """List the signals a policy may name."""
    if as_json:
        print_json(
            {
                signal.value: {
                    "about": meaning.about,
                    "unit": meaning.unit,
                    "worse": meaning.worse,
                    "says": meaning.says,
                    "windowed": meaning.windowed,
                }
                for signal, meaning in MEANINGS.items()
            }
        )
        return
    table = Table("signal", "about", "unit", "worse", "what it is", box=None)
    for signal, meaning in MEANINGS.items():
        table.add_row(signal.value, meaning.about, meaning.unit, meaning.worse, meaning.says)
    Console().print(table)


@policy.command()
@click.argument("files", metavar="FILE...", type=FILE, nargs=-1, required=True)
@json_option
def check(*, files: tuple[Path, ...], as_json: bool) -> None:
    """Hold FILEs, which are to be in force together, against themselves and each other.

    Exit code 1 where they contradict each other, say something twice, or a review was missed; not for
    warnings.
    """
    policies = [load_policy(file) for file in files]
    found, warned = flaws(policies, now=int(time.time())), warnings(policies)
    if as_json:
        told, more = (
            [{"place": one.place, "says": one.says, "fix": one.fix} for one in some]
            for some in (found, warned)
        )
        named = [_named(one) for one in policies]
        print_json({"ok": not found, "policies": named, "flaws": told, "warnings": more})
    else:
        for one in policies:
            click.echo(f"{one.name}: {one.hash()}, owned by {one.owner.name}")
            for rule in one.rules:
                click.echo(f"  {rule.id}: {_rule_line(rule)}")
        for warning in warned:
            click.echo(f"Warning: {click.style(warning.place, bold=True)}: {warning.says} ({warning.fix})")
        for flaw in found:
            click.echo(f"{click.style(flaw.place, bold=True)}: {flaw.says} ({flaw.fix})")
        click.echo(f"{len(found)} flaw(s).")
    if found:
        raise Exit(FOUND_PROBLEMS_EXIT_CODE)


@policy.command(name="simulate")
@click.argument("files", metavar="FILE...", type=FILE, nargs=-1, required=True)
@click.option("--history", type=FILE, help="A history (earnest/history/1) instead of the daemon's store.")
@click.option("--at", "block", type=click.IntRange(min=0), help="With the store: up to this block.")
@config_option
@json_option
def simulate_(
    *, files: tuple[Path, ...], history: Path | None, block: int | None, config: Path, as_json: bool
) -> None:
    """Say what FILEs would have done in past history, beside the same history without them.

    The history is the daemon's store, or a file.
    """
    policies = load_policies(files, now=int(time.time()))
    tasks, roots, until = _from_file(history) if history is not None else _from_store(config, block)
    found = simulate(policies, tasks, roots=roots, until=until)
    if as_json:
        print_json(simulation_json(found))
        return
    _show(found)


def _from_file(path: Path) -> tuple[list[Task], frozenset[str], int]:
    data = read_bytes(path, max_bytes=MAX_HISTORY_BYTES)
    read = History.parse(data, what=str(path), max_bytes=MAX_HISTORY_BYTES)
    last = max((one.close.place.timestamp for one in read.tasks if one.close is not None), default=0)
    return list(read.tasks), frozenset(read.roots), last


def _from_store(config: Path, block: int | None) -> tuple[list[Task], frozenset[str], int]:
    settings = load_settings(config)
    roots = frozenset(settings.score.roots)
    with reading(settings) as session:
        at = at_block(session, block)
        return tasks_of(session, roots=roots, up_to=at.block), roots, at.time


def simulation_json(found: Simulation) -> dict[str, Any]:
    """A simulation as plain JSON; amounts are decimal strings of base units."""
    return {
        "without": _exposure_json(found.without),
        "with": _exposure_json(found.with_policies),
        "saved": str(found.saved),
        "forgone": str(found.forgone),
        "refused": [
            {
                "job": one.task.job,
                "agent": one.task.provider,
                "time": one.task.opened.timestamp,
                "price": str(one.task.price),
                "failed": one.task.failed,
                "refusals": [
                    {"policy": why.policy, "rule": why.rule, "says": why.says} for why in one.refusals
                ],
            }
            for one in found.refused
        ],
        "events": [event.as_json() for event in found.events],
    }


def _exposure_json(one: Exposure) -> dict[str, Any]:
    return {
        "jobs": one.jobs,
        "total": str(one.total),
        "failed_jobs": one.failed_jobs,
        "failed": str(one.failed),
        "passed_jobs": one.passed_jobs,
        "passed": str(one.passed),
    }


def _show(found: Simulation) -> None:
    for event in found.events[:_SHOWN]:
        click.echo(event_line(event))
    if len(found.events) > _SHOWN:
        click.echo(f"… and {len(found.events) - _SHOWN} more; --json has all.")
    table = Table("", "jobs", "entrusted", "in jobs that failed", "in jobs that passed", box=None)
    for name, one in (("without", found.without), ("with", found.with_policies)):
        table.add_row(
            name,
            str(one.jobs),
            format_usdc(one.total),
            f"{format_usdc(one.failed)} ({one.failed_jobs})",
            f"{format_usdc(one.passed)} ({one.passed_jobs})",
        )
    Console(width=110).print(table)
    click.echo(f"{len(found.refused)} job(s) refused.")
    click.echo(f"Saved: {format_usdc(found.saved)} entrusted in jobs that failed.")
    click.echo(f"Forgone: {format_usdc(found.forgone)} in jobs that passed.")


def _named(one: Policy) -> dict[str, Any]:
    return {"name": one.name, "hash": one.hash(), "owner": one.owner.name}


def _rule_line(rule: Rule) -> str:
    kinds = ", ".join(one.kind for one in rule.then)
    if rule.signal is Signal.DRIFT and rule.drift is not None:
        test = rule.drift
        made = make_test(test.good, test.bad, test.one_false_alarm_in)
        slow = delay(test.good, test.bad, test.one_false_alarm_in)
        return (
            f"drift from {test.good} to {test.bad} thousandths, alarm at {made.threshold / 1e6:.3f}: at most "
            f"one false alarm in {test.one_false_alarm_in} jobs, found after about {slow}; {kinds}"
        )
    side = "below" if rule.below is not None else "above"
    return f"{rule.signal} {side} {rule.threshold} {MEANINGS[rule.signal].unit}; {kinds}"
