"""`oracle agreement`: make, check, sign and submit the terms of a job."""

from __future__ import annotations

from pathlib import Path

import rich_click as click
from click.exceptions import Exit

from oracle.chain import calls
from oracle.cli.admission import require_admitted
from oracle.cli.agreement_check import ChainFacts, facts_from
from oracle.cli.agreement_io import AgreementError, load_agreement, save_agreement
from oracle.cli.agreement_new import new
from oracle.cli.chain import ChainOptions, Connection, chain_options
from oracle.cli.keys import KeySource, account_of, key_options
from oracle.cli.output import FOUND_PROBLEMS_EXIT_CODE, json_option, print_json
from oracle.decide.rules import Problem
from oracle.decide.signed import missing_signatures
from oracle.domain.agreement_file import AgreementFile
from oracle.domain.amounts import format_usdc
from oracle.domain.fields import show_time
from oracle.domain.signatures import sign_digest
from oracle.domain.types import Party, checksum

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def agreement() -> None:
    """Make, check, sign and submit the terms of a job.

    An agreement names the pact, the money, the times and the committee. Both sides sign it; the buyer's
    signature also pays. Submitted, it becomes a job, whose id is known beforehand.
    """


agreement.add_command(new)


@agreement.command()
@click.argument("file", type=_FILE)
@chain_options(optional=True)
@json_option
def check(*, file: Path, chain: ChainOptions, as_json: bool) -> None:
    """Hold FILE against every rule of the contract; with --rpc also against the committee and the balances.

    Exit code 1 if the contract would refuse it.
    """
    loaded = load_agreement(file)
    if chain.rpc is None:
        facts = facts_from(loaded, None)
    else:
        with chain.connect() as connection:
            facts = facts_from(loaded, connection)
    _report_check(loaded, facts, as_json=as_json)


def _report_check(loaded: AgreementFile, facts: ChainFacts, *, as_json: bool) -> None:
    problems, unsigned = facts.problems, missing_signatures(loaded)
    if as_json:
        print_json(
            {
                "job": loaded.job,
                "ok": not problems,
                "problems": [_problem_json(problem) for problem in problems],
                "missing": [problem.field for problem in unsigned],
                "checked_against_chain": facts.online,
            }
        )
    else:
        for problem in problems:
            _show_problem(problem)
        where = "the contract, the committee and the balances" if facts.online else "the contract's own rules"
        click.echo(f"{len(problems)} problem(s); held against {where}.")
        for problem in unsigned:
            click.echo(f"Still missing: {problem.message} ({problem.next_step}).")
    if problems:
        raise Exit(FOUND_PROBLEMS_EXIT_CODE)


@agreement.command()
@click.argument("file", type=_FILE)
@click.option(
    "--as", "party", required=True, type=click.Choice([party.value for party in Party]), help="Who signs."
)
@click.option("--output", type=_FILE, help="Write here instead of into FILE.")
@key_options()
@json_option
def sign(*, file: Path, party: str, output: Path | None, key: KeySource, as_json: bool) -> None:
    """Sign FILE as buyer or provider.

    The buyer's signature also pays: it lets the escrow, and nobody else, take price and fee for this very
    job until open-by.
    """
    loaded = load_agreement(file)
    side = Party(party)
    if side is Party.BUYER and loaded.funding == "allowance":
        raise AgreementError(
            "paid by allowance the buyer signs nothing",
            field="funding",
            next_step="the buyer submits it itself",
        )
    private = key.load(loaded.chain_id)
    account = loaded.terms.buyer if side is Party.BUYER else loaded.terms.provider
    if account_of(private) != account:
        raise AgreementError(
            f"the key is {checksum(account_of(private))}'s; the {party} is {checksum(account)}",
            field=party,
            next_step="use the key of the party, or correct the agreement",
        )
    signed = loaded.signed(side, sign_digest(private, loaded.digest_for(side)))
    target = output or file
    save_agreement(target, signed, force=output is None)
    rest = missing_signatures(signed)
    if as_json:
        print_json({"path": str(target), "job": signed.job, "missing": [problem.field for problem in rest]})
        return
    click.echo(f"Signed {target} as {party}; job {signed.job}.")
    following = rest[0].next_step.replace("FILE", str(file)) if rest else f"oracle agreement submit {target}"
    click.echo(f"Next: {following}")


@agreement.command()
@click.argument("file", type=_FILE)
@click.option("--ask", metavar="URL", help="Ask this oracle first whether its policies admit it.")
@click.option("--ask-key", help="The oracle's public key (base64); its answer must be signed by it.")
@chain_options()
@key_options()
@json_option
def submit(
    *, file: Path, ask: str | None, ask_key: str | None, chain: ChainOptions, key: KeySource, as_json: bool
) -> None:
    """Open the job of FILE. Anyone may, once both have signed; the key only pays the gas.

    With --ask nothing is opened that the policies of that oracle refuse.
    """
    loaded = load_agreement(file)
    if ask is not None:
        require_admitted(loaded, ask, key=ask_key)
    with chain.connect() as connection:
        _require_same_escrow(loaded, connection)
        private = key.load(loaded.chain_id)
        problems = facts_from(loaded, connection).problems
        problems += missing_signatures(loaded, sender=account_of(private))
        if problems:
            first = problems[0]
            others = f" (and {len(problems) - 1} more: oracle agreement check)" if len(problems) > 1 else ""
            raise AgreementError(
                f"{first.field}: {first.message}{others}",
                field=first.field,
                next_step=first.next_step.replace("FILE", str(file)) or "correct it, and let both sign again",
            )
        data = calls.open_job(
            loaded.agreement,
            loaded.funding_kind,
            buyer_signature=loaded.signature_of(Party.BUYER) or b"",
            provider_signature=loaded.signature_of(Party.PROVIDER) or b"",
        )
        receipt = connection.send(private, data, what="open", quiet=as_json)
    if as_json:
        print_json(
            {"job": loaded.job, "transaction": receipt.transaction_hash, "block": receipt.block_number}
        )
        return
    click.echo(f"Opened job {loaded.job}.")
    click.echo(
        f"Next: the provider delivers before {show_time(loaded.opening.deliver_by)}: oracle job deliver"
    )


@agreement.command()
@click.argument("file", type=_FILE)
@json_option
def show(*, file: Path, as_json: bool) -> None:
    """Say in words what FILE agrees on."""
    loaded = load_agreement(file)
    if as_json:
        print_json({"job": loaded.job, "opening_hash": loaded.opening_hash, "agreement": loaded.as_json()})
        return
    terms, opening = loaded.terms, loaded.opening
    signed = [party.value for party in Party if loaded.signature_of(party) is not None]
    lines = [
        ("job", loaded.job),
        ("chain and escrow", f"{loaded.chain_id}, {checksum(loaded.escrow)}"),
        ("buyer", checksum(terms.buyer)),
        ("provider", checksum(terms.provider)),
        ("pact", opening.pact),
        ("committee", terms.committee),
        ("price", f"{format_usdc(loaded.agreement.price)}, of it {format_usdc(opening.up_front)} up front"),
        ("fee", f"{format_usdc(terms.fee)} to the evaluators"),
        ("bond", f"{format_usdc(terms.bond)} by the provider, lost to the buyer if the job fails"),
        ("open by", show_time(opening.open_by)),
        ("deliver by", show_time(opening.deliver_by)),
        ("judge by", show_time(terms.judge_by)),
        (
            "challenge",
            f"{terms.challenge} s" if terms.challenge else "none: unsecured, a verdict is final at once",
        ),
        ("ruling", f"{terms.ruling} s"),
        ("buyer pays by", loaded.funding),
        ("signed by", ", ".join(signed) or "nobody"),
    ]
    for label, value in lines:
        click.echo(f"{label:>17}  {value}")


def _require_same_escrow(loaded: AgreementFile, connection: Connection) -> None:
    if (loaded.chain_id, loaded.escrow) != (connection.escrow.chain_id, connection.escrow.address):
        raise AgreementError(
            f"the agreement is for {checksum(loaded.escrow)} on chain {loaded.chain_id}; the deployment is "
            f"{checksum(connection.escrow.address)} on chain {connection.escrow.chain_id}",
            field="escrow",
            next_step="name the right --deployment and --rpc",
        )


def _problem_json(problem: Problem) -> dict[str, str]:
    shown = {"field": problem.field, "message": problem.message}
    return shown | ({"next_step": problem.next_step} if problem.next_step else {})


def _show_problem(problem: Problem) -> None:
    advice = f" ({problem.next_step})" if problem.next_step else ""
    click.echo(f"{click.style(problem.field, bold=True)}: {problem.message}{advice}")
