"""`oracle verify`: go through an evaluation record again, offline."""

from __future__ import annotations

from pathlib import Path

import rich_click as click
from click.exceptions import Exit

from oracle.cli.chain import ChainOptions, chain_options
from oracle.cli.differences import differences_as_json, print_differences, print_holds
from oracle.cli.documents import FILE
from oracle.cli.evidence import load_record, store_option
from oracle.cli.output import json_option, print_json
from oracle.cli.tab_export import report
from oracle.domain.errors import EarnestError
from oracle.evaluation.record import EvaluationRecord, parse_record
from oracle.evaluation.tab_record import TAB_RECORD_SCHEMA, parse_tab_record
from oracle.evaluation.verify import Verification
from oracle.evaluation.verify import verify as verify_record
from oracle.evaluation.verify_tab import verify_period
from oracle.evidence.sealing import Identities, read_identities
from oracle.evidence.store import ContentStore, open_location
from oracle.jury.room import replayer
from oracle.tabs.export import exports_in

DIFFERS_EXIT_CODE = 1
# how the notes end that a look at the chain makes moot
CHAIN_NOTES = ("no job was given", "no attestation was given", "only against the chain")


def _with_chain(result: Verification, record: EvaluationRecord, chain: ChainOptions) -> Verification:
    # loaded here: without --rpc nothing of a chain is needed
    from oracle.cli.verify_chain import ask_chain, hold_against

    with chain.connect() as connection:
        facts = ask_chain(connection, record)
    differences, notes = hold_against(record, result.record_hash, facts)
    kept = [note for note in result.notes if not note.endswith(CHAIN_NOTES)]
    return Verification(result.record_hash, (*result.differences, *differences), (*kept, *notes))


def _is_of_a_period(data: bytes) -> bool:
    try:
        parse_tab_record(data)
    except EarnestError:
        return False
    return True


class NoStoreError(EarnestError):
    """There is no place to take the record's documents from."""


@click.command()
@click.argument("record")
@store_option
@click.option(
    "--from", "others", multiple=True, help="Further places to read from: a path or URL. Repeatable."
)
@click.option("--expect", help="The evidence hash the attestation names.")
@click.option("--identity", type=FILE, help="File with your secret key, where the delivery is private.")
@chain_options(optional=True)
@json_option
def verify(
    record: str,
    store: Path | None,
    others: tuple[str, ...],
    expect: str | None,
    identity: Path | None,
    chain: ChainOptions,
    as_json: bool,  # noqa: FBT001 - click's way
) -> None:
    """Recompute RECORD (a file, or a hash with --store) and name every line that differs.

    With --rpc it is held against the chain too: the job, its delivery, the attestation and the draw's block.
    Exits with 1 where something differs.
    """
    if store is None:
        raise NoStoreError(
            "no store was named", field="--store", next_step="give the evidence directory with --store DIR"
        )
    keys = Identities() if identity is None else read_identities(identity)
    places = ContentStore(store, [open_location(each) for each in others], keys)
    data = load_record(record, store)
    if TAB_RECORD_SCHEMA.encode() in data and _is_of_a_period(data):
        found = verify_period(
            data,
            places,
            exports_in(places),
            expected_hash=expect,
            replayer=replayer,
        )
        report(parse_tab_record(data), found, as_json=as_json)
        return
    result = verify_record(data, places, expected_hash=expect, replayer=replayer)
    if chain.rpc is not None:
        result = _with_chain(result, parse_record(data), chain)
    if as_json:
        print_json(differences_as_json(result))
    else:
        print_differences(result)
        print_holds(result)
    if not result.holds:
        raise Exit(DIFFERS_EXIT_CODE)
