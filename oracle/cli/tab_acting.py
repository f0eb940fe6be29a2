"""`oracle tab`: top up, present, settle, close, leave, complain."""

from __future__ import annotations

import secrets
from pathlib import Path

import rich_click as click

from oracle.chain import tab_calls
from oracle.chain.tabs import hand
from oracle.cli.chain import ChainOptions, chain_options
from oracle.cli.documents import FOLDER
from oracle.cli.keys import KeySource, key_options
from oracle.cli.output import json_option, print_json
from oracle.cli.tab_found import TabActError, find_tab, load_log_path, send_for_tab, tabs_of
from oracle.cli.values import AMOUNT, HASH
from oracle.domain.amounts import format_usdc
from oracle.domain.signatures import sign_digest
from oracle.domain.tab_terms import Phase, top_up_digest
from oracle.domain.typed import receive_authorization_digest, usdc_domain
from oracle.domain.types import Funding, Hash, Party
from oracle.evaluation.tab_record import Complaints
from oracle.evidence.store import ContentStore
from oracle.signing.signer import LocalSigner
from oracle.tabs.reading import LogReader
from oracle.tabs.signing import sign

_PERMISSION_SECONDS = 3_600  # how long a signature made for one call stays good
_LOG = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("tab", type=HASH)
@click.option("--amount", required=True, type=AMOUNT, help='USDC to add, as "20".')
@chain_options()
@key_options()
@json_option
def topup(*, tab: Hash, amount: int, chain: ChainOptions, key: KeySource, as_json: bool) -> None:
    """Add to the balance of TAB out of the buyer's wallet, up to its deposit and what is owed."""
    with chain.connect() as connection:
        found = find_tab(connection, tab)
        private = key.load(connection.deployment.chain_id)
        if found.party_of(private) is not Party.BUYER:
            raise TabActError("only the buyer's key pays from the buyer's wallet", field="key")
        deployment, tabs = connection.deployment, tabs_of(connection)
        expiry, salt = connection.now() + _PERMISSION_SECONDS, secrets.randbits(128)
        token = usdc_domain(
            deployment.chain_id, deployment.usdc, name=deployment.usdc_name, version=deployment.usdc_version
        )
        nonce = top_up_digest(tabs.domain, tab, amount, expiry, salt)
        pays = receive_authorization_digest(token, found.terms.buyer, tabs.address, amount, 0, expiry, nonce)
        data = tab_calls.top_up(
            found.terms,
            found.opening_hash,
            amount,
            Funding.AUTHORIZATION,
            expiry=expiry,
            salt=salt,
            signature=sign_digest(private, pays),
        )
        send_for_tab(connection, private, data, "top up", tab, as_json=as_json)


@click.command()
@click.argument("tab", type=HASH)
@click.option("--log", "path", required=True, type=_LOG, help="Your log of the tab.")
@chain_options()
@key_options()
@json_option
def present(*, tab: Hash, path: Path, chain: ChainOptions, key: KeySource, as_json: bool) -> None:
    """Present the newest tally of your log as TAB's next period: what the buyer signed last.

    The provider's part is its own signature, or the one in the log. Hand the export over too (oracle tab
    export --wait): what is named after the draw is not looked at.
    """
    with chain.connect() as connection:
        found = find_tab(connection, tab)
        private = key.load(connection.deployment.chain_id)
        log = LogReader(load_log_path(path))
        try:
            signed = log.signed(tab)
            given = None if signed is None else log.given(tab, signed.tally.count)
        finally:
            log.close()
        if signed is None or signed.tally.count <= found.view.settled_count:
            raise TabActError(
                f"the log has no tally under the buyer's signature beyond the {found.view.settled_count} "
                "interactions that are settled",
                field="--log",
                next_step="name the log of this tab, or wait for the buyer's signature",
            )
        theirs = b"" if given is None else given.signature
        if found.party_of(private) is Party.PROVIDER:
            theirs = sign(LocalSigner(private), tabs_of(connection).domain, signed.tally)
        data = tab_calls.present(
            found.terms,
            found.opening_hash,
            signed.tally,
            buyer_signature=signed.signature,
            provider_signature=theirs,
        )
        send_for_tab(connection, private, data, "present", tab, as_json=as_json)


@click.command()
@click.argument("tab", type=HASH)
@chain_options()
@key_options()
@json_option
def settle(*, tab: Hash, chain: ChainOptions, key: KeySource, as_json: bool) -> None:
    """Carry out what is final for TAB, or what its time has made so. Anyone may.

    Presented, and the time for a verdict is over: it lapses. Judged, disputed or ruled, and final: it is paid
    out. Owing: what the balance allows is paid, and after the grace period the rest out of the collateral.
    """
    with chain.connect() as connection:
        found = find_tab(connection, tab)
        private = key.load(connection.deployment.chain_id)
        if found.view.phase in (Phase.OPEN, Phase.CLOSED, Phase.NONE):
            raise TabActError(
                f"tab {tab} is {found.view.phase.name.lower()}: nothing is to be settled",
                field="tab",
                next_step=f"oracle tab show {tab}",
            )
        if found.view.phase is Phase.PRESENTED:
            data = tab_calls.lapse(found.terms, found.opening_hash, found.tally)
            what = "lapse"
        else:
            data = tab_calls.settle(found.terms, found.opening_hash, pay_out=True)
            what = "settle"
        send_for_tab(connection, private, data, what, tab, as_json=as_json)


@click.command()
@click.argument("tab", type=HASH)
@chain_options()
@key_options()
@json_option
def leave(*, tab: Hash, chain: ChainOptions, key: KeySource, as_json: bool) -> None:
    """Give notice for TAB: one last tally may be presented within its notice period. Cannot be taken back."""
    with chain.connect() as connection:
        found = find_tab(connection, tab)
        private = key.load(connection.deployment.chain_id)
        party = found.account(found.party_of(private))
        data = tab_calls.give_notice(found.terms, found.opening_hash, party)
        send_for_tab(connection, private, data, "give notice", tab, as_json=as_json)


@click.command()
@click.argument("tab", type=HASH)
@chain_options()
@key_options()
@json_option
def close(*, tab: Hash, chain: ChainOptions, key: KeySource, as_json: bool) -> None:
    """End TAB where no period is pending and its time is over: everybody gets back what is its own."""
    with chain.connect() as connection:
        found = find_tab(connection, tab)
        private = key.load(connection.deployment.chain_id)
        if not as_json:
            click.echo(f"The balance is {format_usdc(found.view.balance)}.", err=True)
        data = tab_calls.close(found.terms, found.opening_hash, pay_out=True)
        send_for_tab(connection, private, data, "close", tab, as_json=as_json)


@click.command()
@click.argument("tab", type=HASH)
@click.argument("indices", nargs=-1, required=True, type=click.IntRange(min=0))
@click.option("--store", required=True, type=FOLDER, help="Content store the evaluators read from.")
@chain_options()
@key_options()
@json_option
def complain(
    *, tab: Hash, indices: tuple[int, ...], store: Path, chain: ChainOptions, key: KeySource, as_json: bool
) -> None:
    """Name interactions of TAB that were bad, as the buyer: all of them are drawn, up to a limit.

    It counts if it is on chain before the draw, which the committee's methodology sets (hand_over_seconds).
    """
    with chain.connect() as connection:
        found = find_tab(connection, tab)
        private = key.load(connection.deployment.chain_id)
        if found.party_of(private) is not Party.BUYER:
            raise TabActError("only the buyer's complaints count", field="key")
        document = ContentStore(store).put(
            Complaints(tab=tab, indices=tuple(sorted(set(indices)))).canonical()
        )
        receipt = connection.send(
            private,
            hand(tab, document),
            what="complain",
            quiet=as_json,
            to=tabs_of(connection).handover,
        )
    if as_json:
        print_json({"tab": tab, "document": document, "transaction": receipt.transaction_hash})
        return
    click.echo(f"Complained of {len(set(indices))} interactions: {document}")
