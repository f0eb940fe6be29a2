"""`oracle tab prove`, and `oracle tab verify` of an export: what two sides can show each other offline."""

from __future__ import annotations

from pathlib import Path

import rich_click as click
from click.exceptions import Exit

from oracle.cli.output import FOUND_PROBLEMS_EXIT_CODE, json_option, print_json, read_bytes, write_new
from oracle.cli.tab_found import TabActError, counting, load_log_path
from oracle.domain.amounts import format_usdc
from oracle.domain.canonical import MAX_DOCUMENT_BYTES
from oracle.domain.errors import EarnestError
from oracle.domain.tab import tabs_domain
from oracle.domain.tab_file import TabFile
from oracle.domain.types import Hash
from oracle.evidence.store import ContentStore
from oracle.pact.visible import one_line
from oracle.tabs.export import Export
from oracle.tabs.exporting import prove_receipt
from oracle.tabs.manifest import Manifest, ReceiptProof
from oracle.tabs.reading import LogReader

FILE = click.Path(path_type=Path, dir_okay=False)
SHOWN = 20  # findings that people are told; --json has all


@click.command()
@click.argument("terms", type=FILE, metavar="FILE")
@click.argument("index", type=click.IntRange(min=0))
@click.argument("output", type=FILE)
@click.option("--log", "path", required=True, type=FILE, help="Your log of the tab.")
@click.option("--force", is_flag=True, help="Replace OUTPUT if it exists.")
@json_option
def prove(*, terms: Path, index: int, output: Path, path: Path, force: bool, as_json: bool) -> None:
    """Write to OUTPUT what shows interaction INDEX of the tab of FILE, under the provider's signature.

    By it anyone can see whether an export leaves the interaction out: oracle tab verify EXPORT --receipt
    OUTPUT.
    """
    tab = load_terms(terms)
    log = LogReader(load_log_path(path))
    try:
        proof = prove_receipt(log, tabs_domain(tab.chain_id, tab.tabs), tab.tab, index)
    finally:
        log.close()
    write_new(output, proof.canonical(), force=force)
    receipt = proof.receipt
    if as_json:
        print_json({"path": str(output), "tab": tab.tab, "index": index, "price": str(receipt.price)})
        return
    click.echo(
        f"Wrote {output}: interaction {index} of tab {tab.tab}, status {receipt.status}, "
        f"{format_usdc(receipt.price)}, under a tally of {proof.tally.count}."
    )


def load_terms(path: Path) -> TabFile:
    """The file of a tab's terms."""
    return TabFile.parse(read_bytes(path, max_bytes=MAX_DOCUMENT_BYTES), what=str(path))


def is_export(data: bytes) -> bool:
    """Whether a document is the manifest of an export."""
    try:
        Manifest.parse(data)
    except EarnestError:
        return False
    return True


def verify_export(
    store: ContentStore, manifest: Hash, terms: Path | None, receipt: Path | None, *, as_json: bool
) -> None:
    """Hold an export against its tally, its signatures and the terms; exits with 1 where something is wrong.

    Args:
        terms: The tab's; they say whose signatures count, and the ceiling.
        receipt: What `prove` wrote: is that interaction where it belongs?

    Raises:
        TabActError: no terms, or those of another tab.
        EarnestError: the export cannot be read.
    """
    if terms is None:
        raise TabActError(
            "an export is verified against the tab's terms",
            field="--terms",
            next_step="give --terms FILE, the file both sides signed",
        )
    tab = load_terms(terms)
    export = Export(store, manifest)
    if (export.domain, export.tally.tab) != (tabs_domain(tab.chain_id, tab.tabs), tab.tab):
        raise TabActError(
            f"the export is of tab {export.tally.tab} on chain {export.domain.chain_id}; the terms are of tab"
            f" {tab.tab} on chain {tab.chain_id}",
            field="--terms",
            next_step="name the terms of this tab",
        )
    buyer, provider = tab.terms.buyer, tab.terms.provider
    left_out = None
    if receipt is not None:
        proof = ReceiptProof.parse(read_bytes(receipt, max_bytes=MAX_DOCUMENT_BYTES), what=str(receipt))
        left_out = export.leaves_out(proof, provider)
    with counting(export.count, "interactions", quiet=as_json) as progress:
        findings = export.verify(
            buyer=buyer, provider=provider, ceiling=tab.terms.ceiling, messages=True, progress=progress
        )
    holds = not findings and not left_out
    if as_json:
        print_json(
            {
                "export": manifest,
                "tab": tab.tab,
                "holds": holds,
                "count": export.count,
                "amount": str(export.tally.amount),
                "root": export.root,
                "findings": [
                    {"kind": found.kind, "index": found.index, "message": found.message} for found in findings
                ],
            }
            | ({} if left_out is None else {"left_out": left_out})
        )
    else:
        _say(export, manifest, [f"{found.kind}: {found.message}" for found in findings], left_out=left_out)
    if not holds:
        raise Exit(FOUND_PROBLEMS_EXIT_CODE)


def _say(export: Export, manifest: Hash, findings: list[str], *, left_out: bool | None) -> None:
    for line in findings[:SHOWN]:
        click.secho(one_line(line), fg="red")
    if len(findings) > SHOWN:
        click.echo(f"… and {len(findings) - SHOWN} more (--json)")
    if left_out is not None:
        found = "leaves that interaction out" if left_out else "has that interaction in its place"
        click.secho(f"The export {found}.", fg="red" if left_out else "green")
    tally = export.tally
    click.echo(f"{export.count:,} interactions, {format_usdc(tally.amount)}, root {export.root}")
    if not findings:
        click.secho(f"The export {manifest} holds.", fg="green")
