"""`oracle tab`: open a tab, follow it, hand over what was served, settle, leave."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import rich_click as click
from pydantic import ValidationError

from oracle.chain import tab_calls
from oracle.cli.chain import ChainOptions, Connection, chain_options
from oracle.cli.documents import load_document
from oracle.cli.job_acting import PARTIES
from oracle.cli.keys import KeySource, account_of, key_options
from oracle.cli.output import json_option, print_json, read_bytes, write_new
from oracle.cli.tab_acting import close, complain, leave, present, settle, topup
from oracle.cli.tab_export import export, verify
from oracle.cli.tab_fees import fees
from oracle.cli.tab_found import TabActError, send_for_tab, tabs_of
from oracle.cli.tab_proof import prove
from oracle.cli.tab_show import show
from oracle.cli.values import ADDRESS, AMOUNT, HASH, MOMENT, PERIOD
from oracle.decide.tab_due import least_verdict
from oracle.domain.agreement_file import TokenPart
from oracle.domain.amounts import format_usdc
from oracle.domain.canonical import MAX_DOCUMENT_BYTES
from oracle.domain.document import DocumentError, describe_problems
from oracle.domain.signatures import sign_digest
from oracle.domain.tab_file import TabFile, TabOpeningPart, TabTermsPart
from oracle.domain.types import Address, Funding, Party, checksum, parse_hash
from oracle.pact.document import Pact
from oracle.pact.methodology import HAND_OVER_SECONDS, Methodology
from oracle.tabs.signing import require_plain

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def tab() -> None:
    """Open a tab, follow it, present and settle it, leave it.

    A tab is one escrow for many small interactions: they are signed off chain, and settled a period at a time
    by a sample of them. See docs/tabs.md.
    """


for _command in (show, topup, present, settle, fees, close, leave, complain, export, prove, verify):
    tab.add_command(_command)


@tab.command()
@click.argument("output", type=_FILE)
@click.option("--pact", required=True, metavar="FILE|HASH", help="The promise every interaction is held to.")
@click.option("--buyer", required=True, type=ADDRESS, help="Pays.")
@click.option("--provider", required=True, type=ADDRESS, help="Is paid, and puts up the bond.")
@click.option("--committee", required=True, type=HASH, help="Id of the committee that judges.")
@click.option("--deposit", required=True, type=AMOUNT, help='Paid in at opening, as "50".')
@click.option("--ceiling", required=True, type=AMOUNT, help="Highest average price of an interaction.")
@click.option("--credit", default="0", type=AMOUNT, help="Owed beyond the balance; secured by collateral.")
@click.option("--bond", default="0", type=AMOUNT, help="The provider's collateral, lost if a period fails.")
@click.option("--fee", default="0", type=AMOUNT, help="For the committee's readiness.")
@click.option("--verdict-fee", default="0", type=AMOUNT, help="For each verdict.")
@click.option("--due", default="0", type=AMOUNT, help="Owed from which a period may be presented early.")
@click.option("--open-by", default="+1h", type=MOMENT, show_default=True, help="Opened before this time.")
@click.option("--end-by", default="+30d", type=MOMENT, show_default=True, help="The tab ends here.")
@click.option("--period", default="1d", type=PERIOD, show_default=True, help="Between two presentations.")
@click.option("--window", default="2h", type=PERIOD, show_default=True, help="In which more may replace it.")
@click.option("--verdict", default="1d", type=PERIOD, show_default=True, help="Time to judge.")
@click.option("--challenge", default="1d", type=PERIOD, show_default=True, help="Time to dispute.")
@click.option("--ruling", default="2d", type=PERIOD, show_default=True, help="Time of the arbiter.")
@click.option("--grace", default="4h", type=PERIOD, show_default=True, help="Time to pay a debt.")
@click.option("--notice", default="1d", type=PERIOD, show_default=True, help="Time for the last tally.")
@click.option("--periods", default=30, type=click.IntRange(1, 65_535), show_default=True, help="At most.")
@click.option("--methodology", type=_FILE, help="The committee's: is there time to judge after its draw?")
@click.option("--force", is_flag=True, help="Replace OUTPUT if it exists.")
@chain_options()
@json_option
def new(
    *,
    output: Path,
    pact: str,
    methodology: Path | None,
    force: bool,
    chain: ChainOptions,
    as_json: bool,
    open_by: int,
    **terms: Any,
) -> None:
    """Write the terms of a tab to OUTPUT, to be signed by both sides."""
    warning = _check_verdict(terms["verdict"], methodology)
    if warning is not None and not as_json:
        click.echo(f"Warning: {warning}", err=True)
    with chain.connect() as connection:
        deployment, contract = connection.deployment, tabs_of(connection).address
        _refuse_contracts(connection, terms["buyer"], terms["provider"])
    path = Path(pact)
    named = load_document(Pact, path).hash() if path.is_file() else parse_hash(pact, field="pact")
    try:
        file = TabFile(
            chain_id=deployment.chain_id,
            escrow=deployment.escrow,
            tabs=contract,
            usdc=TokenPart(
                address=deployment.usdc, name=deployment.usdc_name, version=deployment.usdc_version
            ),
            terms=TabTermsPart(**terms),
            opening=TabOpeningPart(pact=named, open_by=open_by, salt=secrets.randbits(128)),
        )
    except ValidationError as error:
        raise DocumentError("the tab", describe_problems(error)) from error
    _save(output, file, force=force)
    if as_json:
        print_json({"path": str(output), "tab": file.tab} | ({"warning": warning} if warning else {}))
        return
    click.echo(f"Wrote {output}. The tab's id will be {file.tab}.")
    click.echo(f"The buyer pays {format_usdc(file.agreement.terms.pays_in)} at opening, fees included.")
    click.echo(f"Next: both sides: oracle tab sign {output} --as buyer|provider")


@tab.command()
@click.argument("file", type=_FILE)
@click.option("--as", "party", required=True, type=PARTIES, help="Who signs.")
@key_options()
@json_option
def sign(*, file: Path, party: str, key: KeySource, as_json: bool) -> None:
    """Sign FILE as buyer or provider.

    The buyer's signature also pays deposit and fees, and for a credit pledges as much collateral; the
    provider's also pledges the bond.
    """
    loaded, side = _load(file), Party(party)
    private = key.load(loaded.chain_id)
    account = loaded.terms.buyer if side is Party.BUYER else loaded.terms.provider
    if account_of(private) != account:
        raise TabActError(
            f"the key is {checksum(account_of(private))}'s; the {party} is {checksum(account)}",
            field=party,
            next_step="use the key of the party, or correct the terms",
        )
    pledged = b""
    if side is Party.BUYER and loaded.terms.credit:
        pledged = sign_digest(private, loaded.collateral_digest)
    signed = loaded.signed(side, sign_digest(private, loaded.digest_for(side)), pledged)
    _save(file, signed, force=True)
    missing = [each.value for each in Party if not signed.signature_of(each)]
    if as_json:
        print_json({"path": str(file), "tab": signed.tab, "missing": missing})
        return
    click.echo(f"Signed {file} as {party}; tab {signed.tab}.")
    following = f"the {missing[0]} signs" if missing else f"oracle tab open {file}"
    click.echo(f"Next: {following}")


@tab.command(name="open")
@click.argument("file", type=_FILE)
@chain_options()
@key_options()
@json_option
def open_(*, file: Path, chain: ChainOptions, key: KeySource, as_json: bool) -> None:
    """Open the tab of FILE. Anyone may, once both have signed; the key only pays the gas."""
    loaded = _load(file)
    missing = [party.value for party in Party if not loaded.signature_of(party)]
    if missing:
        raise TabActError(
            f"the {missing[0]} has not signed",
            field=f"signatures.{missing[0]}",
            next_step=f"oracle tab sign {file} --as {missing[0]}",
        )
    with chain.connect() as connection:
        if (loaded.chain_id, loaded.tabs) != (connection.deployment.chain_id, tabs_of(connection).address):
            raise TabActError(
                f"the file is for {checksum(loaded.tabs)} on chain {loaded.chain_id}",
                field="tabs",
                next_step="name the right --deployment and --rpc",
            )
        # `new` did so too, but a file can come from elsewhere, and code appear since.
        _refuse_contracts(connection, loaded.terms.buyer, loaded.terms.provider)
        data = tab_calls.open_tab(
            loaded.agreement,
            Funding.AUTHORIZATION,
            payment=loaded.signature_of(Party.BUYER),
            collateral=loaded.collateral_signature,
            provider_signature=loaded.signature_of(Party.PROVIDER),
        )
        send_for_tab(connection, key.load(loaded.chain_id), data, "open", loaded.tab, as_json=as_json)


def _refuse_contracts(connection: Connection, buyer: Address, provider: Address) -> None:
    """Both parties must be plain keys. Raises ContractAccountError: one is a contract."""
    for party, account in ((Party.BUYER, buyer), (Party.PROVIDER, provider)):
        require_plain(account, connection.rpc.code(account), party.value)


def _check_verdict(seconds: int, methodology: Path | None) -> str | None:
    """A period is drawn some time after its window; what is not judged in time is not paid.

    Returns a warning where it cannot be said what the committee needs.

    Raises:
        TabActError: the committee's methodology leaves no time to judge.
    """
    if methodology is None:
        if seconds < (least := least_verdict(HAND_OVER_SECONDS)):
            return (
                f"a committee that draws by drand needs {least} s for a verdict; --methodology FILE tells"
                " what this one needs"
            )
        return None
    delay = load_document(Methodology, methodology).period_draw.delay_seconds
    if seconds < (least := least_verdict(delay)):
        raise TabActError(
            f"{seconds} s for a verdict leave no time to judge: the draw is {delay} s after the window",
            field="verdict",
            next_step=f"give --verdict {least}s or more",
        )
    return None


def _load(path: Path) -> TabFile:
    return TabFile.parse(read_bytes(path, max_bytes=MAX_DOCUMENT_BYTES), what=str(path))


def _save(path: Path, file: TabFile, *, force: bool) -> None:
    write_new(path, (json.dumps(file.as_json(), indent=2) + "\n").encode(), force=force)
