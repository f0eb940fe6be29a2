"""`oracle evidence`: read an evaluation record, and copy the store elsewhere."""

from __future__ import annotations

from pathlib import Path

import rich_click as click
from rich.console import Console
from rich.table import Table

from oracle.cli.output import FileError, json_option, print_json, read_bytes
from oracle.daemon.evaluation import UndecidedNotice
from oracle.domain.canonical import keccak_hex
from oracle.domain.errors import EarnestError
from oracle.evaluation.record import MAX_RECORD_BYTES, ConditionEntry, EvaluationRecord, parse_record
from oracle.evidence.errors import WrongContentError
from oracle.evidence.store import ContentStore, open_copy
from oracle.pact.document import MAX_FILE_BYTES
from oracle.pact.visible import one_line

COPY_SECONDS = 120.0  # for one file
_COLOURS = {"passed": "green", "failed": "red", "undecided": "yellow"}
_OUTCOME_COLOURS = {"pass": "green", "fail": "red", "lapse": "yellow"}


@click.group()
def evidence() -> None:
    """Read evaluation records, and copy the store elsewhere."""


def load_record(record: str, store: Path | None) -> bytes:
    """A record's bytes, from a file or by its hash from a store's directory.

    Raises:
        FileError, EvidenceError: it is not there.
    """
    if record.startswith("0x") and store is not None and not Path(record).exists():
        return ContentStore(store).get(record, max_bytes=MAX_RECORD_BYTES)
    if record.startswith("0x") and not Path(record).exists():
        raise FileError(
            f"there is no file {record}", field="record", next_step="for a hash give --store DIR as well"
        )
    return read_bytes(Path(record), max_bytes=MAX_RECORD_BYTES)


store_option = click.option(
    "--store",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory of the evidence store, for records and files by hash.",
)


@evidence.command()
@click.argument("record")
@store_option
@json_option
def show(record: str, store: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click's way
    """Print RECORD: a file, or a hash with --store."""
    data = load_record(record, store)
    notice = _undecided(data)
    if notice is not None:
        if as_json:
            print_json({"hash": keccak_hex(data), "undecided": notice.as_json()})
        else:
            click.echo(f"Outcome      LAPSE: nothing could be evaluated: {one_line(notice.reason)}")
            click.echo(f"Job          {notice.job}")
            click.echo(f"Evaluator    {notice.evaluator}")
        return
    parsed = parse_record(data)
    if as_json:
        print_json({"hash": keccak_hex(data), "record": parsed.as_json()})
        return
    _print(parsed, keccak_hex(data), Console(highlight=False, soft_wrap=True))


@evidence.command()
@click.argument("place")
@click.option(
    "--store",
    required=True,
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Directory of the evidence store.",
)
@json_option
def copy(place: str, store: Path, as_json: bool) -> None:  # noqa: FBT001 - click's way
    """Copy everything in the store to PLACE, a folder or an s3:// address, by hash."""
    target, source = open_copy(place), ContentStore(store)
    copied, damaged = 0, []
    for content_hash in source.directory.hashes():
        try:
            data = source.get(content_hash, max_bytes=MAX_FILE_BYTES)
        except WrongContentError:
            damaged.append(content_hash)
            continue
        target.write(content_hash, data, seconds=COPY_SECONDS)
        copied += 1
    if as_json:
        print_json({"ok": not damaged, "copied": copied, "damaged": damaged})
    else:
        click.echo(f"{copied} copied to {target.name}.")
        for content_hash in damaged:
            click.echo(f"{content_hash} is damaged in the store and was not copied.", err=True)
    if damaged:
        raise SystemExit(1)


def _undecided(data: bytes) -> UndecidedNotice | None:
    """What a committee attests with where no evaluation could begin; None for every other document."""
    try:
        return UndecidedNotice.parse(data)
    except EarnestError:
        return None


def _print(record: EvaluationRecord, record_hash: str, console: Console) -> None:
    colour = _OUTCOME_COLOURS[record.outcome]
    console.print(f"[bold]Outcome[/bold]      [{colour}]{record.outcome.upper()}[/{colour}]: ", end="")
    console.print(one_line(record.aggregation.reason), markup=False)
    rows = {
        "Record": record_hash,
        "Evaluator": record.evaluator,
        "Job": record.subject.job,
        "Delivery": record.subject.deliverable,
        "Pact": record.pact,
        "Methodology": record.methodology,
        "Software": f"{record.software.name} {record.software.version}, Python {record.software.python}",
        "Draw": _draw_words(record),
    }
    for name, value in rows.items():
        console.print(f"[bold]{name:<12}[/bold] ", end="")
        console.print(value, markup=False)
    for trouble in (*record.intake.problems, *record.intake.obstacles):
        console.print(f"[bold]Intake[/bold]       {trouble.rule}: ", end="")
        console.print(one_line(trouble.message), markup=False)
    for hidden in record.intake.hidden:
        console.print("[bold]Hidden[/bold]       ", end="")
        counts = hidden.model_dump(exclude={"path"}, exclude_defaults=True)
        console.print(one_line(f"{hidden.path}: {counts}"), markup=False)
    table = Table("condition", "severity", "weight", "method", "state", "why", box=None, pad_edge=False)
    for entry in record.conditions:
        state = f"[{_COLOURS[entry.state]}]{entry.state}[/]"
        table.add_row(entry.id, entry.severity, str(entry.weight), entry.method, state, _escaped(_why(entry)))
    console.print()
    console.print(table)
    added = record.aggregation
    console.print(
        f"\nWeight {added.held} held, {added.open} undecided, of {added.total}; {added.needed} needed "
        f"({added.pass_share_bps / 100:.2f} %)."
    )


def _draw_words(record: EvaluationRecord) -> str:
    if record.draw is None:
        return "none was needed"
    value = record.draw.randomness
    if value.source == "drand-quicknet":
        return f"drand quicknet, round {value.round}"
    return f"hash of block {value.block_number} (weaker than drand: its maker can influence it)"


def _why(entry: ConditionEntry) -> str:
    if entry.check is not None:
        return (
            f"{entry.check.reason} ({entry.check.tool} {entry.check.version}, {entry.check.duration_ms} ms)"
        )
    if entry.jury is not None:
        return f"{entry.jury.reason} ({entry.jury.model_calls} model calls)"
    return entry.note or ""


def _escaped(text: str) -> str:
    return one_line(text).replace("[", "\\[")
