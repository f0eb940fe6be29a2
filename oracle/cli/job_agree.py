"""`oracle job offer` and `agree`: both sides split what a job holds, as they like and in any state."""

from __future__ import annotations

import json
from pathlib import Path

import rich_click as click

from oracle.chain import calls
from oracle.cli.chain import ChainOptions, Connection, chain_options
from oracle.cli.job_acting import PARTIES, ActError, account_in, confirm, require_account, say_sent
from oracle.cli.job_found import FoundJob, find_job
from oracle.cli.keys import KeySource, key_options
from oracle.cli.output import json_option, print_json, read_bytes, write_new
from oracle.cli.values import AMOUNT, HASH, MOMENT
from oracle.domain.amounts import format_usdc
from oracle.domain.canonical import MAX_DOCUMENT_BYTES
from oracle.domain.fields import show_time
from oracle.domain.signatures import SignatureError, recover, sign_digest
from oracle.domain.split_file import SplitFile
from oracle.domain.typed import split_digest
from oracle.domain.types import Hash, Outcome, Party, State, checksum

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("job_id", metavar="JOB", type=HASH)
@click.option("--as", "party", required=True, type=PARTIES, help="Who offers.")
@click.option("--to-buyer", required=True, type=AMOUNT, help="Part of gated amount and bond for the buyer.")
@click.option("--until", default="+1d", type=MOMENT, show_default=True, help="The offer ends here.")
@click.option("--output", required=True, type=_FILE, help="Write the offer to this file.")
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@chain_options()
@key_options()
@json_option
def offer(
    *,
    job_id: Hash,
    party: str,
    to_buyer: int,
    until: int,
    output: Path,
    force: bool,
    chain: ChainOptions,
    key: KeySource,
    as_json: bool,
) -> None:
    """Sign an offer to split what JOB holds, and write it to a file for the other side.

    Nothing is sent. The offer is void once the job moves on, or when it ends.
    """
    with chain.connect() as connection:
        found = find_job(connection, job_id)
        private = key.load(connection.escrow.chain_id)
        require_account(private, account_in(found, Party(party)), party)
        state, outcome = _standing(found)
        _require_possible(found, to_buyer, until, connection.now())
        digest = split_digest(connection.escrow.domain, job_id, state, outcome, to_buyer, until)
        made = SplitFile.model_validate(
            {
                "chain_id": connection.escrow.chain_id,
                "escrow": connection.escrow.address,
                "job": job_id,
                "state": state.word,
                "outcome": outcome.word,
                "to_buyer": to_buyer,
                "expiry": until,
                "offered_by": party,
                "signature": "0x" + sign_digest(private, digest).hex(),
            }
        )
    write_new(output, (json.dumps(made.as_json(), indent=2) + "\n").encode(), force=force)
    rest = found.terms.value - to_buyer
    if as_json:
        print_json({"path": str(output), "job": job_id, "to_buyer": str(to_buyer), "to_provider": str(rest)})
        return
    other = "provider" if party == "buyer" else "buyer"
    click.echo(f"Offered {format_usdc(to_buyer)} to the buyer and {format_usdc(rest)} to the provider.")
    click.echo(f"Next: the {other}, before {show_time(until)}: oracle job agree {output}")


@click.command()
@click.argument("file", type=_FILE)
@click.option("--yes", is_flag=True, help="Do not ask.")
@chain_options()
@key_options()
@json_option
def agree(*, file: Path, yes: bool, chain: ChainOptions, key: KeySource, as_json: bool) -> None:
    """Agree to the offer in FILE, as the other side: the job is closed and paid out. Cannot be taken back."""
    split = SplitFile.parse(read_bytes(file, max_bytes=MAX_DOCUMENT_BYTES), what=str(file))
    with chain.connect() as connection:
        _require_here(split, connection)
        found = find_job(connection, split.job)
        private = key.load(connection.escrow.chain_id)
        other = Party.PROVIDER if split.party is Party.BUYER else Party.BUYER
        require_account(private, account_in(found, other), other.value)
        _require_standing(split, found)
        _require_possible(found, split.to_buyer, split.expiry, connection.now())
        _require_signed(split, found, connection)
        rest = found.terms.value - split.to_buyer
        confirm(
            f"Close job {split.job}: {format_usdc(split.to_buyer)} to the buyer, {format_usdc(rest)} to the "
            "provider?",
            yes=yes,
            as_json=as_json,
        )
        signed = {"buyer_signature": b"", "provider_signature": b""}
        signed[f"{split.offered_by}_signature"] = split.signature_bytes
        data = calls.agree(
            found.terms,
            found.opening_hash,
            to_buyer=split.to_buyer,
            expiry=split.expiry,
            pay_out=True,
            buyer_signature=signed["buyer_signature"],
            provider_signature=signed["provider_signature"],
        )
        say_sent(connection, private, data, "agree", split.job, as_json=as_json)


def _standing(found: FoundJob) -> tuple[State, Outcome]:
    """State and provisional outcome, as a split names them."""
    state = found.view.state
    if state is State.CLOSED:
        raise ActError(f"job {found.id} is closed", field="job", next_step=f"oracle job show {found.id}")
    return state, Outcome.NONE if state is State.OPEN else found.view.outcome


def _require_possible(found: FoundJob, to_buyer: int, expiry: int, now: int) -> None:
    held = found.terms.value
    if to_buyer > held:
        raise ActError(
            f"{format_usdc(to_buyer)} to the buyer is more than the {format_usdc(held)} there are",
            field="to_buyer",
            next_step="gated amount and bond are split; the fee is not",
        )
    if expiry <= now:
        raise ActError(
            f"the offer ended at {show_time(expiry)}; the chain's time is {show_time(now)}",
            field="expiry",
            next_step="make a new offer: oracle job offer",
        )


def _require_here(split: SplitFile, connection: Connection) -> None:
    if (split.chain_id, split.escrow) != (connection.escrow.chain_id, connection.escrow.address):
        raise ActError(
            f"the offer is for {checksum(split.escrow)} on chain {split.chain_id}; the deployment is "
            f"{checksum(connection.escrow.address)} on chain {connection.escrow.chain_id}",
            field="escrow",
            next_step="name the right --deployment and --rpc",
        )


def _require_standing(split: SplitFile, found: FoundJob) -> None:
    state, outcome = _standing(found)
    if (split.state, split.outcome) != (state.word, outcome.word):
        raise ActError(
            f"the offer was made while the job was {split.state} ({split.outcome}); it is {state.word} "
            f"({outcome.word}) now",
            field="state",
            next_step="make a new offer: oracle job offer",
        )


def _require_signed(split: SplitFile, found: FoundJob, connection: Connection) -> None:
    """Refuse what the contract would; a contract wallet judges its own signatures."""
    account = account_in(found, split.party)
    if connection.rpc.code(account):
        return
    try:
        signer = recover(split.digest, split.signature_bytes)
    except SignatureError as error:
        raise ActError(error.message, field="signature", next_step="ask for a new offer") from error
    if signer != account:
        raise ActError(
            f"the signature is not the {split.offered_by}'s over exactly this offer",
            field="signature",
            next_step="ask for a new offer; a changed one is void",
        )
