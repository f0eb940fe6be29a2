"""`oracle job prove-equivocation`: show the contract that an evaluator contradicted itself."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from oracle.chain import calls
from oracle.cli.chain import ChainOptions, Connection, chain_options
from oracle.cli.documents import FILE, load_document
from oracle.cli.job_acting import ActError
from oracle.cli.job_found import FoundJob, find_job
from oracle.cli.keys import KeySource, key_options
from oracle.cli.output import json_option, print_json
from oracle.domain.amounts import amount_text, format_usdc
from oracle.domain.equivocation_file import EquivocationFile
from oracle.domain.types import checksum


@click.command(name="prove-equivocation")
@click.argument("proof", type=FILE)
@chain_options()
@key_options()
@json_option
def prove_equivocation(*, proof: Path, chain: ChainOptions, key: KeySource, as_json: bool) -> None:
    """Show the contract the two attestations in PROOF, by which an evaluator contradicted itself.

    It is expelled and loses one share, V/k, of its stake: half to whoever shows it first, half to the job's
    parties. `oracle peers proof` writes such files. Everything is checked before anything is sent.
    """
    shown = load_document(EquivocationFile, proof)
    with chain.connect() as connection:
        found = find_job(connection, shown.job)
        index = _require_right(connection, found, shown)
        private = key.load(connection.escrow.chain_id)
        data = calls.prove_equivocation(
            found.terms,
            found.opening_hash,
            shown.deliverable,
            calls.statement_of(shown.attestation(shown.a), shown.a.attested),
            calls.statement_of(shown.attestation(shown.b), shown.b.attested),
        )
        before = connection.escrow.evaluator(shown.committee, index)
        receipt = connection.send(private, data, what="prove equivocation", quiet=as_json)
        after = connection.escrow.evaluator(shown.committee, index)
    if as_json:
        print_json(
            {
                "committee": shown.committee,
                "evaluator": index,
                "account": after.account,
                "taken": amount_text(before.stake - after.stake),
                "owed": amount_text(after.owed),
                "transaction": receipt.transaction_hash,
            }
        )
        return
    taken = format_usdc(before.stake - after.stake)
    click.echo(
        f"Evaluator {index}, {checksum(after.account)}, is expelled: {taken} taken from its stake, "
        f"{format_usdc(after.owed)} still owed."
    )


def _require_right(connection: Connection, found: FoundJob, shown: EquivocationFile) -> int:
    """The evaluator's index; refuses what the contract would, in words that name the fault."""
    escrow = connection.escrow
    if (shown.chain_id, shown.escrow) != (escrow.chain_id, escrow.address):
        raise ActError(
            f"the proof is about escrow {checksum(shown.escrow)} on chain {shown.chain_id}",
            field="escrow",
            next_step="give --rpc and --deployment of that chain",
        )
    if found.terms.committee != shown.committee:
        raise ActError(
            f"the job's committee is {found.terms.committee}, the proof names {shown.committee}",
            field="committee",
        )
    indices = set()
    for name, signer in zip(("a", "b"), shown.signers(), strict=True):
        view = escrow.key_of(shown.committee, signer)
        if not view.known:
            raise ActError(
                f"{name} is signed by {checksum(signer)}, which was never a key of this committee",
                field=f"{name}.r",
                next_step="the proof was changed, or is about another job, deliverable or chain",
            )
        indices.add(view.index)
    if len(indices) != 1:
        raise ActError("the two attestations are of different evaluators", field="evaluator")
    return indices.pop()
