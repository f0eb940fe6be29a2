"""`oracle delivery`: pack a folder into a manifest and blobs, and hold a manifest against its pact."""

from __future__ import annotations

from pathlib import Path

import rich_click as click
from click.exceptions import Exit

from oracle.cli.delivery_direct import hand_over_directly
from oracle.cli.documents import FILE, FOLDER, load_document
from oracle.cli.output import FOUND_PROBLEMS_EXIT_CODE, json_option, print_json, write_new
from oracle.evidence.private import Source, open_delivery, read_envelope, seal_delivery
from oracle.evidence.sealing import read_identities, write_identity
from oracle.evidence.store import DEFAULT_SECONDS, ContentStore, open_location
from oracle.pact.delivery import Declaration, DeliveryManifest
from oracle.pact.document import MAX_FILE_BYTES, Pact
from oracle.pact.handover import Handover, check_handover
from oracle.pact.offchain import OffchainTerms
from oracle.pact.packing import hand_over
from oracle.pact.packing import pack as pack_folder


@click.group()
def delivery() -> None:
    """Pack what is handed over, and check it against the pact.

    A delivery is a manifest that names files by hash. The manifest's own hash is what `deliver` anchors on
    chain; files and manifest lie in a content-addressed store.
    """


delivery.add_command(hand_over_directly)


@delivery.command()
@click.argument("folder", type=FOLDER)
@click.option("--pact", "pact_file", type=FILE, required=True, help="The pact this delivers on.")
@click.option("--declared", type=FILE, help="JSON file with models, human_help and rescue_work.")
@click.option(
    "--offchain",
    type=FILE,
    help="The agreement's off-chain terms: if they name keys, seal the delivery to them.",
)
@click.option("--store", type=FOLDER, help="Put files and manifest into the store in this directory.")
@click.option("--manifest", type=FILE, help="Also write the manifest to this file.")
@click.option("--force", is_flag=True, help="Replace the manifest file if it exists.")
@json_option
def pack(
    *,
    folder: Path,
    pact_file: Path,
    declared: Path | None,
    offchain: Path | None,
    store: Path | None,
    manifest: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Make the manifest of FOLDER's files and print its hash, which is the deliverable to anchor.

    With --offchain and keys in it, everything stored is sealed to buyer, provider, arbiter and evaluators,
    and the hash printed is that of the envelope. Exit code 1 if the delivery is not what the pact asks for;
    nothing is stored then.
    """
    terms = None if offchain is None else load_document(OffchainTerms, offchain)
    private = terms is not None and terms.keys is not None
    if private and store is None:
        raise click.UsageError("A private delivery is sealed into a store: give --store.")
    pact = load_document(Pact, pact_file)
    declaration = Declaration() if declared is None else load_document(Declaration, declared)
    packed = pack_folder(folder, pact=pact.hash(), declared=declaration)
    handover = check_handover(pact, DeliveryManifest.parse(packed.manifest))
    anchored = packed.hash
    if handover.as_agreed:
        if store is not None and terms is not None and private:
            place = ContentStore(store)
            anchored, _ = seal_delivery(packed.manifest, packed.blobs, terms.recipients, place)
        elif store is not None:
            hand_over(packed, ContentStore(store))
        if manifest is not None:
            write_new(manifest, packed.manifest, force=force)
    _report(anchored, handover, as_json=as_json)


@delivery.command()
@click.argument("output", type=FILE)
@json_option
def keygen(*, output: Path, as_json: bool) -> None:
    """Make a key that private deliveries are sealed to, and keep its secret in OUTPUT.

    Prints the public key, which goes into the off-chain terms. A file that exists is never replaced.
    """
    public = write_identity(output)
    if as_json:
        print_json({"path": str(output), "public": public})
    else:
        click.echo(public)


@delivery.command(name="open")
@click.argument("deliverable")
@click.argument("folder", type=FOLDER)
@click.option("--store", type=FOLDER, required=True, help="Directory of the content store.")
@click.option("--from", "others", multiple=True, help="Further places to read from. Repeatable.")
@click.option("--identity", type=FILE, required=True, help="File with your secret key.")
@json_option
def open_(
    *, deliverable: str, folder: Path, store: Path, others: tuple[str, ...], identity: Path, as_json: bool
) -> None:
    """Fetch the delivery with the anchored hash DELIVERABLE, open it, and write its files into FOLDER."""
    keys = read_identities(identity)
    place = ContentStore(store, [open_location(each) for each in others], keys)
    data = place.get(deliverable, max_bytes=MAX_FILE_BYTES)
    envelope = read_envelope(data)
    source: Source = place
    if envelope is not None:
        opened = open_delivery(envelope, place, keys, seconds=DEFAULT_SECONDS)
        source, data = opened, opened.get(opened.manifest, max_bytes=MAX_FILE_BYTES)
    read = DeliveryManifest.parse(data)
    for entry in read.files:  # every path was checked when the manifest was read: relative, without ".."
        path = folder / entry.path
        path.parent.mkdir(parents=True, exist_ok=True)
        write_new(path, source.get(entry.keccak256, max_bytes=entry.bytes), force=False)
    if as_json:
        print_json({"private": envelope is not None, "files": [entry.path for entry in read.files]})
    else:
        for entry in read.files:
            click.echo(f"{entry.keccak256}  {entry.bytes:>9}  {entry.path}")


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
