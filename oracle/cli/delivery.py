"""`oracle delivery`: pack a folder into a manifest and blobs, and hold a manifest against its pact."""

from __future__ import annotations

from pathlib import Path

import rich_click as click
from click.exceptions import Exit

from oracle.cli.documents import FILE, FOLDER, load_document
from oracle.cli.output import FOUND_PROBLEMS_EXIT_CODE, json_option, print_json, write_new
from oracle.evidence.store import ContentStore
from oracle.pact.delivery import Declaration, DeliveryManifest
from oracle.pact.document import Pact
from oracle.pact.handover import Handover, check_handover
from oracle.pact.packing import hand_over
from oracle.pact.packing import pack as pack_folder


@click.group()
def delivery() -> None:
    """Pack what is handed over, and check it against the pact.

    A delivery is a manifest that names files by hash. The manifest's own hash is what `deliver` anchors on
    chain; files and manifest lie in a content-addressed store.
    """


@delivery.command()
@click.argument("folder", type=FOLDER)
@click.option("--pact", "pact_file", type=FILE, required=True, help="The pact this delivers on.")
@click.option("--declared", type=FILE, help="JSON file with models, human_help and rescue_work.")
@click.option("--store", type=FOLDER, help="Put files and manifest into the store in this directory.")
@click.option("--manifest", type=FILE, help="Also write the manifest to this file.")
@click.option("--force", is_flag=True, help="Replace the manifest file if it exists.")
@json_option
def pack(
    *,
    folder: Path,
    pact_file: Path,
    declared: Path | None,
    store: Path | None,
    manifest: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Make the manifest of FOLDER's files and print its hash, which is the deliverable to anchor.

    Exit code 1 if the delivery is not what the pact asks for; nothing is stored then.
    """
    pact = load_document(Pact, pact_file)
    declaration = Declaration() if declared is None else load_document(Declaration, declared)
    packed = pack_folder(folder, pact=pact.hash(), declared=declaration)
    handover = check_handover(pact, DeliveryManifest.parse(packed.manifest))
    if handover.as_agreed:
        if store is not None:
            hand_over(packed, ContentStore(store))
        if manifest is not None:
            write_new(manifest, packed.manifest, force=force)
    _report(packed.hash, handover, as_json=as_json)


@delivery.command()
@click.argument("manifest", type=FILE)
@click.option("--pact", "pact_file", type=FILE, required=True, help="The pact it delivers on.")
@click.option("--expect", help="Fail unless the manifest has this hash.")
@json_option
def check(*, manifest: Path, pact_file: Path, expect: str | None, as_json: bool) -> None:
    """Say whether MANIFEST is what the pact asks for, before anything in it is measured."""
    read = load_document(DeliveryManifest, manifest, expect=expect)
    _report(read.hash(), check_handover(load_document(Pact, pact_file), read), as_json=as_json)


def _report(digest: str, handover: Handover, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "ok": handover.as_agreed,
                "hash": digest,
                "problems": [problem._asdict() for problem in handover.problems],
                "asked": list(handover.asked),
                "unasked": list(handover.unasked),
            }
        )
    else:
        for problem in handover.problems:
            click.echo(
                f"{click.style('error', fg='red')} {problem.rule} at {problem.field}: {problem.message}"
            )
        for path in handover.unasked:
            click.echo(
                f"{click.style('note', fg='yellow')} the pact does not ask for {path!r}; nobody will read it"
            )
        click.echo(digest)
    if not handover.as_agreed:
        raise Exit(FOUND_PROBLEMS_EXIT_CODE)
