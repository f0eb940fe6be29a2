"""`oracle milestones`: jobs opened together under one payment, each judged and paid on its own."""

from __future__ import annotations

import json
from pathlib import Path

import rich_click as click
from click.exceptions import Exit

from oracle.chain import calls
from oracle.cli.agreement_io import AgreementError, load_agreement
from oracle.cli.chain import ChainOptions, chain_options
from oracle.cli.keys import KeySource, account_of, key_options
from oracle.cli.milestones_check import missing_in, party_of, problems_in
from oracle.cli.output import FOUND_PROBLEMS_EXIT_CODE, json_option, print_json, read_bytes, write_new
from oracle.domain.amounts import format_usdc
from oracle.domain.canonical import MAX_DOCUMENT_BYTES
from oracle.domain.fields import show_time
from oracle.domain.milestones_file import MilestonesFile
from oracle.domain.signatures import sign_digest
from oracle.domain.types import Party, checksum

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def milestones() -> None:
    """Open several jobs together, all or none.

    Write an agreement for each (oracle agreement new), put them together here, let both sides sign the list
    once, and submit it. Afterwards each is a job of its own.
    """


@milestones.command()
@click.argument("output", type=_FILE)
@click.argument("files", type=_FILE, nargs=-1, required=True)
@click.option("--force", is_flag=True, help="Replace OUTPUT if it exists.")
@json_option
def new(*, output: Path, files: tuple[Path, ...], force: bool, as_json: bool) -> None:
    """Put the agreements FILES, in this order, into OUTPUT. Signatures in them are left behind."""
    loaded = [load_agreement(path).as_json() for path in files]
    bare = [{name: value for name, value in each.items() if name != "signatures"} for each in loaded]
    made = MilestonesFile.parse(json.dumps({"agreements": bare}).encode(), what="the milestones")
    _save(output, made, force=force)
    if as_json:
        print_json({"path": str(output), "jobs": made.jobs})
        return
    click.echo(f"Wrote {output}: {len(made.jobs)} jobs, {format_usdc(made.pays_in)} together.")
    click.echo(f"Next: both sides: oracle milestones sign {output} --as buyer|provider")


@milestones.command()
@click.argument("file", type=_FILE)
@json_option
def show(*, file: Path, as_json: bool) -> None:
    """Show the jobs in FILE, what they cost together, and who has signed."""
    loaded = _load(file)
    missing = missing_in(loaded, sender=None)
    if as_json:
        print_json(
            {
                "jobs": loaded.jobs,
                "digest": loaded.digest,
                "pays_in": str(loaded.pays_in),
                "open_by": loaded.open_by,
                "missing": [problem.field for problem in missing],
            }
        )
        return
    for number, each in enumerate(loaded.agreements):
        terms = each.terms
        click.echo(
            f"{number}  {each.job}  {format_usdc(each.agreement.price)}, bond {format_usdc(terms.bond)}, "
            f"deliver by {show_time(each.opening.deliver_by)}"
        )
    click.echo(f"The buyer pays {format_usdc(loaded.pays_in)} in all, before {show_time(loaded.open_by)}.")
    for problem in missing:
        click.echo(f"Still missing: {problem.message} ({problem.next_step.replace('FILE', str(file))}).")


@milestones.command()
@click.argument("file", type=_FILE)
@chain_options()
@json_option
def check(*, file: Path, chain: ChainOptions, as_json: bool) -> None:
    """Hold every job of FILE against contract, committee and balances, and the signatures against the list.

    Exit code 1 if the contract would refuse it.
    """
    loaded = _load(file)
    with chain.connect() as connection:
        problems = problems_in(loaded, connection)
    if as_json:
        shown = [{"field": problem.field, "message": problem.message} for problem in problems]
        print_json({"ok": not problems, "jobs": loaded.jobs, "problems": shown})
    else:
        for problem in problems:
            click.echo(f"{click.style(problem.field, bold=True)}: {problem.message}")
        click.echo(f"{len(problems)} problem(s) in {len(loaded.jobs)} jobs.")
    if problems:
        raise Exit(FOUND_PROBLEMS_EXIT_CODE)


@milestones.command()
@click.argument("file", type=_FILE)
@click.option(
    "--as", "party", required=True, type=click.Choice([party.value for party in Party]), help="Who signs."
)
@key_options()
@json_option
def sign(*, file: Path, party: str, key: KeySource, as_json: bool) -> None:
    """Sign the list in FILE as buyer or provider; the buyer's signature pays for all of them at once."""
    loaded = _load(file)
    side = Party(party)
    private = key.load(loaded.first.chain_id)
    account = party_of(loaded, side)
    if account_of(private) != account:
        raise AgreementError(
            f"the key is {checksum(account_of(private))}'s; the {party} is {checksum(account)}",
            field=party,
            next_step="use the key of the party, or correct the agreements",
        )
    signed = loaded.signed(side, sign_digest(private, loaded.digest_for(side)))
    _save(file, signed, force=True)
    rest = missing_in(signed, sender=None)
    if as_json:
        print_json({"path": str(file), "jobs": signed.jobs, "missing": [problem.field for problem in rest]})
        return
    click.echo(f"Signed {file} as {party}: {len(signed.jobs)} jobs, {format_usdc(signed.pays_in)} together.")
    following = rest[0].next_step.replace("FILE", str(file)) if rest else f"oracle milestones submit {file}"
    click.echo(f"Next: {following}")


@milestones.command()
@click.argument("file", type=_FILE)
@chain_options()
@key_options()
@json_option
def submit(*, file: Path, chain: ChainOptions, key: KeySource, as_json: bool) -> None:
    """Open all jobs of FILE, or none. Anyone may, once both have signed; the key only pays the gas."""
    loaded = _load(file)
    with chain.connect() as connection:
        private = key.load(connection.escrow.chain_id)
        problems = [*problems_in(loaded, connection), *missing_in(loaded, sender=account_of(private))]
        if problems:
            first = problems[0]
            more = f" (and {len(problems) - 1} more: oracle milestones check)" if len(problems) > 1 else ""
            raise AgreementError(
                f"{first.field}: {first.message}{more}",
                field=first.field,
                next_step=first.next_step or "correct it, put the list together again, and let both sign",
            )
        data = calls.open_milestones(
            [each.agreement for each in loaded.agreements],
            loaded.first.funding_kind,
            buyer_signature=loaded.signature_of(Party.BUYER) or b"",
            provider_signature=loaded.signature_of(Party.PROVIDER) or b"",
        )
        receipt = connection.send(private, data, what="open", quiet=as_json)
    if as_json:
        print_json({"jobs": loaded.jobs, "transaction": receipt.transaction_hash})
        return
    click.echo(f"Opened {len(loaded.jobs)} jobs:")
    for job in loaded.jobs:
        click.echo(f"  {job}")
    click.echo("Next: the provider delivers each: oracle job deliver")


def _load(path: Path) -> MilestonesFile:
    return MilestonesFile.parse(read_bytes(path, max_bytes=MAX_DOCUMENT_BYTES), what=str(path))


def _save(path: Path, file: MilestonesFile, *, force: bool) -> None:
    write_new(path, (json.dumps(file.as_json(), indent=2) + "\n").encode(), force=force)
