"""`oracle tab export` and `verify`: what a party hands to the evaluators, and what they made of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import rich_click as click
from click.exceptions import Exit

from oracle.chain.tabs import TabView, hand
from oracle.cli.chain import ChainOptions, chain_options
from oracle.cli.differences import differences_as_json, print_differences, print_holds
from oracle.cli.documents import FOLDER
from oracle.cli.evidence import load_record, store_option
from oracle.cli.keys import KeySource, key_options
from oracle.cli.output import FOUND_PROBLEMS_EXIT_CODE, json_option, print_json
from oracle.cli.tab_found import TabActError, counting, find_tab, load_log_path, tabs_of
from oracle.cli.tab_proof import FILE, is_export, verify_export
from oracle.cli.values import HASH
from oracle.domain.amounts import format_usdc
from oracle.domain.canonical import keccak_hex
from oracle.domain.tab_terms import Phase
from oracle.domain.types import Hash
from oracle.evaluation.tab_record import TabRecord, parse_tab_record
from oracle.evaluation.verify import Verification
from oracle.evaluation.verify_tab import verify_period
from oracle.evidence.store import ContentStore, open_location
from oracle.jury.room import replayer
from oracle.tabs.export import exports_in
from oracle.tabs.exporting import write_export
from oracle.tabs.reading import LogReader

_LOG = click.Path(path_type=Path, dir_okay=False)
_POLL = 5.0  # seconds between two looks at a window that is open


def wait_for_window(
    view: Callable[[], TabView], now: Callable[[], int], sleep: Callable[[float], None] = time.sleep
) -> TabView:
    """Wait until the tally presented can no more be replaced.

    Args:
        view: Reads the tab.
        now: The chain's time, Unix seconds.

    Returns:
        The tab as it is then.
    """
    while (found := view()).phase is Phase.PRESENTED and now() < found.deadline:
        sleep(_POLL)
    return found


@click.command()
@click.argument("tab", type=HASH)
@click.option("--log", "path", required=True, type=_LOG, help="Your log of the tab.")
@click.option("--store", required=True, type=FOLDER, help="Content store the evaluators read from.")
@click.option("--no-hand", is_flag=True, help="Only write it; name it on chain another time.")
@click.option("--wait", is_flag=True, help="First wait until what is presented can no more be replaced.")
@chain_options()
@key_options()
@json_option
def export(
    *,
    tab: Hash,
    path: Path,
    store: Path,
    no_hand: bool,
    wait: bool,
    chain: ChainOptions,
    key: KeySource,
    as_json: bool,
) -> None:
    """Write all your log has of TAB into a store, and name it on chain for the evaluators.

    What goes beyond the presented tally does no harm, and covers one that replaces it. So export again, or
    with --wait, if more was served since and the window is still open. Receipts and messages that are
    settled already are left out, but for their place in the tree.
    """
    with chain.connect() as connection:
        found = find_tab(connection, tab)
        private = key.load(connection.deployment.chain_id)
        party, tabs = found.party_of(private), tabs_of(connection)
        log, view = LogReader(load_log_path(path)), found.view
        try:
            if wait:
                if not as_json and view.phase is Phase.PRESENTED:
                    ends = max(0, view.deadline - connection.now())
                    click.echo(
                        f"Waiting {ends} s, until what is presented can no more be replaced …", err=True
                    )
                view = wait_for_window(lambda: tabs.state(tab), connection.now)
            count, first = log.head(tab).count, view.settled_count
            if count <= first:
                raise TabActError(
                    f"the log has nothing beyond the {first} interactions that are settled",
                    field="--log",
                    next_step="name the log of this tab",
                )
            with counting(count, "receipts", quiet=as_json) as progress:
                manifest = write_export(
                    log,
                    tabs.domain,
                    tab,
                    party,
                    ContentStore(store),
                    first=first,
                    count=count,
                    progress=progress,
                )
        finally:
            log.close()
        sent = None
        if not no_hand:
            data = hand(tab, manifest)
            sent = connection.send(private, data, what="hand over", quiet=as_json, to=tabs.handover)
    if as_json:
        transaction = None if sent is None else sent.transaction_hash
        print_json({"tab": tab, "manifest": manifest, "count": count, "transaction": transaction})
        return
    click.echo(f"Exported {count - first:,} interactions of tab {tab}: {manifest}")
    if view.phase is Phase.PRESENTED:
        click.echo("If a tally of more interactions replaces the presented one, export again.")
    else:
        click.echo(f"Next: oracle tab present {tab} --log {path}")


@click.command()
@click.argument("record")
@store_option
@click.option(
    "--from", "others", multiple=True, help="Further places to read from: a path or URL. Repeatable."
)
@click.option("--expect", help="The evidence hash the attestation names.")
@click.option("--terms", type=FILE, help="Of an export: the tab's file, as both sides signed it.")
@click.option("--receipt", type=FILE, help="Of an export: is this receipt in its place? (oracle tab prove)")
@json_option
def verify(
    *,
    record: str,
    store: Path | None,
    others: tuple[str, ...],
    expect: str | None,
    terms: Path | None,
    receipt: Path | None,
    as_json: bool,
) -> None:
    """Recompute RECORD, of a period, offline: exports, draw, every interaction drawn, and what is payable.

    RECORD is a file, or a hash with --store. It may be an export (what oracle tab export names), too: then
    every receipt, both messages of each, the root and the signatures are held against each other and the
    terms. Exits with 1 where something differs.
    """
    if store is None:
        raise TabActError("no store was named", field="--store", next_step="give --store DIR")
    places = ContentStore(store, [open_location(each) for each in others])
    data = load_record(record, store)
    if is_export(data):
        verify_export(places, keccak_hex(data), terms, receipt, as_json=as_json)
        return
    if not as_json:
        click.echo("Going through the exports and every interaction drawn …", err=True)
    parsed = parse_tab_record(data)
    with counting(parsed.estimate.drawn, "interactions", quiet=as_json) as progress:
        result = verify_period(
            data,
            places,
            exports_in(places),
            expected_hash=expect,
            replayer=replayer,
            progress=progress,
        )
    report(parsed, result, as_json=as_json)


def report(parsed: TabRecord, result: Verification, *, as_json: bool) -> None:
    """Say what came of it; exits with 1 where something differs."""
    found = parsed.estimate
    if as_json:
        print_json(
            differences_as_json(result)
            | {
                "outcome": parsed.outcome,
                "presented": found.presented,
                "payable": found.payable,
                "withheld": found.withheld,
                "low": found.low,
                "high": found.high,
                "drawn": found.drawn,
                "failed": found.drawn_failed,
            }
        )
    else:
        print_differences(result)
        interactions = parsed.intake.interactions
        click.echo(f"{found.drawn:,} of {interactions:,} interactions drawn, {found.drawn_failed} failed")
        low, high = format_usdc(int(found.low)), format_usdc(int(found.high))
        click.echo(
            f"withheld {format_usdc(int(found.withheld))} of {format_usdc(int(found.presented))} "
            f"(failed: {low} to {high}), payable {format_usdc(int(found.payable))}: {parsed.outcome}"
        )
        print_holds(result)
    if not result.holds:
        raise Exit(FOUND_PROBLEMS_EXIT_CODE)
