"""`oracle agreement new`: write down the terms of a job."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import rich_click as click
from pydantic import ValidationError

from oracle.cli.agreement_io import AgreementError, save_agreement
from oracle.cli.chain import ChainOptions, chain_options
from oracle.cli.documents import load_document
from oracle.cli.output import FileError, json_option, print_json, read_bytes
from oracle.cli.values import ADDRESS, AMOUNT, HASH, MOMENT, PERIOD
from oracle.domain.agreement_file import AgreementFile, OpeningPart, TermsPart, TokenPart
from oracle.domain.canonical import MAX_DOCUMENT_BYTES, canonical_hash, parse_json
from oracle.domain.committee import DAY, UNBOUNDED, CommitteeView, lowest_fee
from oracle.domain.document import DocumentError, describe_problems
from oracle.domain.types import ZERO_HASH, Hash, parse_hash
from oracle.pact.document import Pact

_FILE = click.Path(path_type=Path, dir_okay=False)
_DEFAULT_CHALLENGE = "1d"


@click.command()
@click.argument("output", type=_FILE)
@click.option("--pact", required=True, metavar="FILE|HASH", help="The promise.")
@click.option("--buyer", required=True, type=ADDRESS, help="Pays.")
@click.option("--provider", required=True, type=ADDRESS, help="Is paid, and puts up the bond.")
@click.option("--committee", required=True, type=HASH, help="Id of the committee that judges.")
@click.option("--price", required=True, type=AMOUNT, help='All the buyer pays for the work, as "12.50".')
@click.option("--up-front", default="0", type=AMOUNT, help="Part of the price paid at opening.")
@click.option("--bond", default="0", type=AMOUNT, help="The provider's collateral, lost if the job fails.")
@click.option("--fee", type=AMOUNT, help="For the evaluators; with --rpc the committee's lowest by default.")
@click.option("--open-by", default="+1h", type=MOMENT, show_default=True, help="Opened before this time.")
@click.option(
    "--deliver-by", default="+1d", type=MOMENT, show_default=True, help="Delivered before this time."
)
@click.option("--judge-by", type=MOMENT, help="Judged before this time (default: a day after deliver-by).")
@click.option(
    "--challenge", default=_DEFAULT_CHALLENGE, type=PERIOD, show_default=True, help="Time to dispute."
)
@click.option(
    "--ruling", type=PERIOD, help="Time of the arbiter; with --rpc the committee's shortest by default."
)
@click.option(
    "--agent-id",
    default=0,
    type=click.IntRange(min=0, max=2**256 - 1),
    help="ERC-8004 id of the provider's agent.",
)
@click.option("--offchain", metavar="FILE|HASH", help="Off-chain terms, as JSON or their hash.")
@click.option(
    "--funding",
    type=click.Choice(["authorization", "allowance", "collateral"]),
    default="authorization",
    show_default=True,
    help="How the buyer pays.",
)
@click.option("--force", is_flag=True, help="Replace OUTPUT if it exists.")
@chain_options(optional=True)
@json_option
def new(
    *,
    output: Path,
    pact: str,
    offchain: str | None,
    force: bool,
    as_json: bool,
    chain: ChainOptions,
    **given: Any,
) -> None:
    """Write the terms of a job to OUTPUT, to be signed by both sides."""
    deployment = chain.load()
    committee: CommitteeView | None = None
    now = 0
    if chain.rpc is not None:
        with chain.connect() as connection:
            committee, now = connection.escrow.committee_state(given["committee"]), connection.now()
    token = TokenPart(address=deployment.usdc, name=deployment.usdc_name, version=deployment.usdc_version)
    try:
        file = AgreementFile(
            chain_id=deployment.chain_id,
            escrow=deployment.escrow,
            usdc=token,
            funding=given["funding"],
            terms=_terms(given, committee, now),
            opening=OpeningPart(
                pact=_pact_hash(pact),
                offchain=ZERO_HASH if offchain is None else _offchain_hash(offchain),
                agent_id=given["agent_id"],
                up_front=given["up_front"],
                open_by=given["open_by"],
                deliver_by=given["deliver_by"],
                salt=secrets.randbits(128),
            ),
        )
    except ValidationError as error:
        # A figure that was worked out, as the lowest fee, may not fit though what was typed does.
        raise DocumentError("the agreement", describe_problems(error)) from error
    save_agreement(output, file, force=force)
    if as_json:
        print_json({"path": str(output), "job": file.job})
        return
    click.echo(f"Wrote {output}. The job's id will be {file.job}.")
    click.echo(f"Next: oracle agreement check {output}, then both sides sign it.")


def _terms(given: dict[str, Any], committee: CommitteeView | None, now: int) -> TermsPart:
    """`now`: the earliest it can be opened; the lowest fee falls the later it is."""
    if given["up_front"] > given["price"]:
        raise AgreementError(
            "more is paid up front than the price", field="up_front", next_step="give a smaller --up-front"
        )
    if committee is None and (given["fee"] is None or given["ruling"] is None):
        raise AgreementError(
            "the fee and the ruling period are not known",
            field="fee",
            next_step="give --fee and --ruling, or --rpc to take the committee's own",
        )
    gated = given["price"] - given["up_front"]
    least = committee.min_verdict if committee else 0
    judge_by = given["judge_by"] or given["deliver_by"] + max(DAY, least)
    fee, ruling = given["fee"], given["ruling"]
    if committee is not None and committee.fee_flat == UNBOUNDED:
        raise AgreementError(
            "this committee takes no jobs", field="committee", next_step="choose another one"
        )
    if committee is not None and fee is None:
        fee = lowest_fee(
            fee_flat=committee.fee_flat,
            fee_rate=committee.fee_rate,
            value=gated + given["bond"],
            opened_at=now,
            judge_by=judge_by,
        )
    if committee is not None and ruling is None:
        ruling = committee.min_ruling
    return TermsPart(
        buyer=given["buyer"],
        provider=given["provider"],
        committee=given["committee"],
        gated=gated,
        bond=given["bond"],
        fee=fee,
        judge_by=judge_by,
        challenge=given["challenge"],
        ruling=ruling,
    )


def _pact_hash(text: str) -> Hash:
    path = Path(text)
    return load_document(Pact, path).hash() if path.is_file() else _hash_or_file_error(text, "pact")


def _offchain_hash(text: str) -> Hash:
    path = Path(text)
    if not path.is_file():
        return _hash_or_file_error(text, "offchain")
    return canonical_hash(parse_json(read_bytes(path, max_bytes=MAX_DOCUMENT_BYTES), what=text))


def _hash_or_file_error(text: str, field: str) -> Hash:
    if text.startswith("0x"):
        return parse_hash(text, field=field)
    raise FileError(f"there is no file {text}", field=field, next_step="name a file, or give its hash")
