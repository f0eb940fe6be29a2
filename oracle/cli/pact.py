"""`oracle pact`: write, check, hash, read and compare pacts."""

from __future__ import annotations

import json
from pathlib import Path

import rich_click as click
from click.exceptions import Exit

from oracle.cli.documents import FILE, FOLDER, load_document
from oracle.cli.output import FOUND_PROBLEMS_EXIT_CODE, json_option, print_json, write_new
from oracle.evidence.store import ContentStore
from oracle.pact.diff import diff as diff_pacts
from oracle.pact.diff import lineage
from oracle.pact.document import Pact
from oracle.pact.lint import Finding, lint
from oracle.pact.packing import check_materials, publish
from oracle.pact.packing import materials as list_materials
from oracle.pact.render import render
from oracle.pact.templates import TEMPLATES, from_template


@click.group()
def pact() -> None:
    """Write, check, read and compare pacts.

    A pact is the promise of a job: conditions that can be measured, what the buyer gives, and what the
    provider hands over. Its hash is what both sides sign; a changed pact has another hash.
    """


@pact.command()
@click.argument("output", type=FILE)
@click.option(
    "--template",
    type=click.Choice(sorted(TEMPLATES)),
    help="Kind of work: " + "; ".join(f"{name}: {about}" for name, about in sorted(TEMPLATES.items())) + ".",
)
@click.option("--from", "parent", type=FILE, help="Start the next version of this pact instead.")
@click.option("--name", help="Name of the pact, in lower case with hyphens (default: the template's).")
@click.option("--force", is_flag=True, help="Replace OUTPUT if it exists.")
@json_option
def new(
    *, output: Path, template: str | None, parent: Path | None, name: str | None, force: bool, as_json: bool
) -> None:
    """Write a new pact to OUTPUT, from a template or as the next version of another."""
    if (template is None) == (parent is None):
        raise click.UsageError("Give either --template or --from.")
    if parent is not None:
        older = load_document(Pact, parent)
        draft = older.as_json() | {"version": older.version + 1, "parent": older.hash()}
    else:
        draft = from_template(template or "").as_json()
    if name is not None:
        draft["name"] = name
    made = Pact.parse(json.dumps(draft).encode(), what="the new pact")
    _write(output, made, force=force)
    if as_json:
        print_json({"path": str(output), "name": made.name, "version": made.version, "hash": made.hash()})
        return
    click.echo(f"Wrote {output}: {made.name}, version {made.version}.")
    click.echo("Next: edit it, add files with `oracle pact materials`, then `oracle pact check`.")


@pact.command()
@click.argument("file", type=FILE)
@click.option(
    "--materials", "folder", type=FOLDER, help="Also check this folder against the pact's materials."
)
@click.option("--strict", is_flag=True, help="Let warnings fail the check, too.")
@json_option
def check(*, file: Path, folder: Path | None, strict: bool, as_json: bool) -> None:
    """Say whether every condition in FILE can be measured, and why not.

    Exit code 0: it can be signed. 1: the check found something. 2: FILE is not a pact.
    """
    read = load_document(Pact, file)
    findings = lint(read)
    problems = check_materials(read, folder) if folder is not None else ()
    fails = bool(problems) or any(strict or finding.level == "error" for finding in findings)
    if as_json:
        shown = [finding._asdict() for finding in findings]
        print_json({"ok": not fails, "hash": read.hash(), "findings": shown, "materials": list(problems)})
    else:
        for finding in findings:
            _show_finding(finding)
        for problem in problems:
            click.echo(f"{click.style('error', fg='red')} material: {problem}")
        critical = sum(1 for condition in read.conditions if condition.severity.value == "critical")
        click.echo(
            f"{read.name} version {read.version}: {len(read.conditions)} conditions, {critical} critical"
        )
        click.echo(f"hash {read.hash()}")
        click.echo("It cannot be signed like this." if fails else "Every condition can be measured.")
    if fails:
        raise Exit(FOUND_PROBLEMS_EXIT_CODE)


def _show_finding(finding: Finding) -> None:
    colour = "red" if finding.level == "error" else "yellow"
    click.echo(f"{click.style(finding.level, fg=colour)} {finding.rule} at {finding.field}")
    click.echo(f"  {finding.message}")
    click.echo(f"  -> {finding.next_step}")


@pact.command(name="hash")
@click.argument("file", type=FILE)
@click.option("--expect", help="Fail unless the hash is this one.")
@json_option
def hash_(*, file: Path, expect: str | None, as_json: bool) -> None:
    """Print the hash of FILE: keccak-256 of its canonical form (RFC 8785)."""
    read = load_document(Pact, file, expect=expect)
    if as_json:
        print_json({"name": read.name, "version": read.version, "hash": read.hash()})
    else:
        click.echo(read.hash())


@pact.command()
@click.argument("file", type=FILE)
@click.option("--plain", is_flag=True, help="Print the Markdown itself.")
@json_option
def show(*, file: Path, plain: bool, as_json: bool) -> None:
    """Show FILE as a contract a person can read."""
    read = load_document(Pact, file)
    if as_json:
        print_json({"hash": read.hash(), "pact": read.as_json()})
    elif plain:
        click.echo(render(read), nl=False)
    else:
        from rich.console import Console
        from rich.markdown import Markdown

        Console().print(Markdown(render(read)))


@pact.command()
@click.argument("older", type=FILE)
@click.argument("newer", type=FILE)
@json_option
def diff(*, older: Path, newer: Path, as_json: bool) -> None:
    """Say what changed from OLDER to NEWER, and whether NEWER is its next version."""
    before, after = load_document(Pact, older), load_document(Pact, newer)
    changes, line = diff_pacts(before, after), lineage(before, after)
    if as_json:
        print_json(
            {
                "older": before.hash(),
                "newer": after.hash(),
                "is_next_version": line.follows,
                "lineage_problems": list(line.problems),
                "changes": [change._asdict() for change in changes],
            }
        )
        return
    click.echo(f"{before.name} version {before.version}  {before.hash()}")
    click.echo(f"{after.name} version {after.version}  {after.hash()}")
    for change in changes:
        colour = {"+": "green", "-": "red", "~": "yellow"}[str(change)[0]]
        click.echo(click.style(str(change), fg=colour))
    if not changes:
        click.echo("Nothing that is measured or handed over has changed.")
    for problem in line.problems:
        click.echo(f"Not the next version: {problem}")


@pact.command()
@click.argument("file", type=FILE)
@click.argument("folder", type=FOLDER)
@click.option(
    "--evaluators",
    multiple=True,
    metavar="PATH",
    help="File, or folder ending in /, that only the evaluators may see. Can be given several times.",
)
@json_option
def materials(*, file: Path, folder: Path, evaluators: tuple[str, ...], as_json: bool) -> None:
    """List the files of FOLDER in the pact FILE as its materials, by hash and size."""
    read = load_document(Pact, file)
    entries = list_materials(folder, evaluators=evaluators)
    draft = read.as_json() | {"materials": [entry.as_json() for entry in entries]}
    made = Pact.parse(json.dumps(draft).encode(), what=str(file))
    _write(file, made, force=True)
    if as_json:
        print_json({"hash": made.hash(), "materials": draft["materials"]})
        return
    for entry in entries:
        click.echo(f"{entry.keccak256}  {entry.bytes:>9}  {entry.disclosed:<10}  {entry.path}")
    click.echo(f"{len(entries)} materials in {file}; its hash is now {made.hash()}")


@pact.command(name="publish")
@click.argument("file", type=FILE)
@click.option("--materials", "folder", type=FOLDER, help="Folder of the pact's materials.")
@click.option("--store", type=FOLDER, required=True, help="Directory of the content-addressed store.")
@json_option
def publish_(*, file: Path, folder: Path | None, store: Path, as_json: bool) -> None:
    """Put FILE and its materials into a store under their hashes, where evaluators find them.

    Materials for the evaluators only go with them: use a store that only evaluators can read.
    """
    read = load_document(Pact, file)
    publish(read, folder, ContentStore(store))
    if as_json:
        print_json({"hash": read.hash(), "materials": len(read.materials), "store": str(store)})
    else:
        click.echo(read.hash())


def _write(path: Path, document: Pact, *, force: bool) -> None:
    text = json.dumps(document.as_json(), indent=2, ensure_ascii=False) + "\n"
    write_new(path, text.encode(), force=force)
