"""`oracle job`: everything buyer, provider and anyone may do about a job."""

from __future__ import annotations

import time
from pathlib import Path

import rich_click as click

from oracle.chain import calls
from oracle.cli.chain import ChainOptions, Connection, chain_options
from oracle.cli.documents import load_document
from oracle.cli.job_acting import (
    OUTCOMES,
    PARTIES,
    ActError,
    account_in,
    confirm,
    require_account,
    say_sent,
)
from oracle.cli.job_agree import agree, offer
from oracle.cli.job_found import FoundJob, find_job
from oracle.cli.job_prove import prove_equivocation
from oracle.cli.job_show import list_jobs, show
from oracle.cli.keys import KeySource, account_of, key_options
from oracle.cli.output import FileError, json_option, print_json
from oracle.cli.values import HASH
from oracle.decide.next_step import stakes_of
from oracle.decide.payouts import may_dispute
from oracle.domain.amounts import amount_text, format_usdc
from oracle.domain.signatures import sign_digest
from oracle.domain.typed import dispute_digest, receive_authorization_digest, usdc_domain
from oracle.domain.types import ZERO_HASH, Address, Funding, Hash, Outcome, Party, State, checksum, parse_hash
from oracle.pact.delivery import DeliveryManifest

_PERMISSION_SECONDS = 3_600  # how long a signature made for one call stays good


@click.group()
def job() -> None:
    """Follow a job, deliver, dispute, rule, concede, agree, settle.

    Everything here can also be done by calling the contract; the id and these commands are enough, because
    the job's terms are looked up from the chain.
    """


for _command in (show, list_jobs, offer, agree, prove_equivocation):
    job.add_command(_command)


@job.command()
@click.argument("job_id", metavar="JOB", type=HASH)
@click.argument("delivery", metavar="MANIFEST|HASH")
@chain_options()
@key_options()
@json_option
def deliver(*, job_id: Hash, delivery: str, chain: ChainOptions, key: KeySource, as_json: bool) -> None:
    """Anchor the delivery's hash, as the provider: once, and it cannot be replaced.

    Hand the files over first (oracle delivery pack): evaluators fetch them by this hash. A manifest's hash is
    taken as it is given; a manifest file must be one, and for the pact of this job.
    """
    with chain.connect() as connection:
        found = find_job(connection, job_id)
        deliverable = _deliverable(delivery, found)
        private = key.load(connection.escrow.chain_id)
        require_account(private, found.terms.provider, "provider")
        say_sent(connection, private, calls.deliver(job_id, deliverable), "deliver", job_id, as_json=as_json)


@job.command()
@click.argument("job_id", metavar="JOB", type=HASH)
@chain_options()
@key_options()
@json_option
def lapse(*, job_id: Hash, chain: ChainOptions, key: KeySource, as_json: bool) -> None:
    """End the wait after deliver-by or judge-by has passed. Anyone may."""
    with chain.connect() as connection:
        found = find_job(connection, job_id)
        private = key.load(connection.escrow.chain_id)
        data = calls.lapse(found.terms, found.opening_hash)
        say_sent(connection, private, data, "lapse", job_id, as_json=as_json)


@job.command()
@click.argument("job_id", metavar="JOB", type=HASH)
@click.option("--as", "party", required=True, type=PARTIES, help="Who disputes.")
@click.option("--seek", required=True, type=OUTCOMES, help="The outcome asked for.")
@click.option("--from-collateral", is_flag=True, help="Pay the deposit from free collateral, not the wallet.")
@chain_options()
@key_options()
@json_option
def dispute(
    *,
    job_id: Hash,
    party: str,
    seek: str,
    from_collateral: bool,
    chain: ChainOptions,
    key: KeySource,
    as_json: bool,
) -> None:
    """Dispute the provisional outcome, once, before the challenge ends. Costs a deposit.

    The deposit comes back, with more, if the arbiter rules for you; if it upholds the outcome it is lost.
    """
    with chain.connect() as connection:
        found = find_job(connection, job_id)
        private = key.load(connection.escrow.chain_id)
        side, sought = Party(party), Outcome[seek.upper()]
        account = account_in(found, side)
        require_account(private, account, party)
        if found.view.state is not State.JUDGED or not may_dispute(found.view.outcome, side):
            raise ActError(
                f"the {party} cannot dispute: the job is {found.view.state.word}, {found.view.outcome.word}",
                field="job",
                next_step=f"oracle job show {job_id}",
            )
        deposit = stakes_of(found.terms, found.view, found.rules).deposit
        if from_collateral:
            data = calls.dispute(
                found.terms, found.opening_hash, party=account, sought=sought, funding=Funding.COLLATERAL
            )
        else:
            data = _dispute_by_authorization(connection, found, account, sought, deposit, private)
        if not as_json:
            click.echo(f"The deposit is {format_usdc(deposit)}.", err=True)
        say_sent(connection, private, data, "dispute", job_id, as_json=as_json)


@job.command()
@click.argument("job_id", metavar="JOB", type=HASH)
@click.option("--as", "party", required=True, type=PARTIES, help="Who gives in.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@chain_options()
@key_options()
@json_option
def concede(
    *, job_id: Hash, party: str, yes: bool, chain: ChainOptions, key: KeySource, as_json: bool
) -> None:
    """Give in: the other side gets what the outcome that goes against you says. Cannot be taken back."""
    with chain.connect() as connection:
        found = find_job(connection, job_id)
        private = key.load(connection.escrow.chain_id)
        account = account_in(found, Party(party))
        require_account(private, account, party)
        confirm(f"Concede job {job_id} as {party}?", yes=yes, as_json=as_json)
        data = calls.concede(found.terms, found.opening_hash, party=account, pay_out=True)
        say_sent(connection, private, data, "concede", job_id, as_json=as_json)


@job.command()
@click.argument("job_id", metavar="JOB", type=HASH)
@click.option("--outcome", "ruling", required=True, type=OUTCOMES, help="The outcome that becomes final.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@chain_options()
@key_options()
@json_option
def rule(*, job_id: Hash, ruling: str, yes: bool, chain: ChainOptions, key: KeySource, as_json: bool) -> None:
    """Rule on a dispute, as the committee's arbiter: final, and within the ruling period only.

    You are paid alike whatever you rule.
    """
    with chain.connect() as connection:
        found = find_job(connection, job_id)
        private = key.load(connection.escrow.chain_id)
        require_account(private, found.committee.arbiter, "arbiter")
        if found.view.state is not State.DISPUTED:
            raise ActError(
                f"the job is {found.view.state.word}, not disputed",
                field="job",
                next_step=f"oracle job show {job_id}",
            )
        confirm(f"Rule {ruling} on job {job_id}?", yes=yes, as_json=as_json)
        data = calls.rule(found.terms, found.opening_hash, Outcome[ruling.upper()], pay_out=True)
        say_sent(connection, private, data, "rule", job_id, as_json=as_json)


@job.command()
@click.argument("job_id", metavar="JOB", type=HASH)
@click.option("--keep", is_flag=True, help="Leave what is owed as free collateral instead of paying it out.")
@chain_options()
@key_options()
@json_option
def settle(*, job_id: Hash, keep: bool, chain: ChainOptions, key: KeySource, as_json: bool) -> None:
    """Close a job whose challenge or ruling period is over, and pay both parties out. Anyone may."""
    with chain.connect() as connection:
        found = find_job(connection, job_id)
        private = key.load(connection.escrow.chain_id)
        data = calls.settle(found.terms, found.opening_hash, pay_out=not keep)
        say_sent(connection, private, data, "settle", job_id, as_json=as_json)


@job.command()
@click.argument("job_id", metavar="JOB", type=HASH)
@chain_options()
@key_options()
@json_option
def claim(*, job_id: Hash, chain: ChainOptions, key: KeySource, as_json: bool) -> None:
    """Pay all free collateral of your account out to its wallet, after JOB is closed."""
    with chain.connect() as connection:
        private = key.load(connection.escrow.chain_id)
        account = account_of(private)
        found = find_job(connection, job_id)
        if found.view.state is not State.CLOSED:
            raise ActError(
                f"the job is {found.view.state.word}, not closed", next_step=f"oracle job show {job_id}"
            )
        amount = connection.escrow.collateral_of(account)
        if amount == 0:
            raise ActError(
                f"{checksum(account)} has no free collateral",
                field="account",
                next_step="the closing may have paid it out already: oracle job show",
            )
        receipt = connection.send(private, calls.claim(account, amount), what="claim", quiet=as_json)
    if as_json:
        print_json(
            {"account": account, "amount": amount_text(amount), "transaction": receipt.transaction_hash}
        )
        return
    click.echo(f"Paid {format_usdc(amount)} to {checksum(account)}.")


def _dispute_by_authorization(
    connection: Connection, found: FoundJob, account: Address, sought: Outcome, deposit: int, private: bytes
) -> bytes:
    expiry = max(connection.now(), int(time.time())) + _PERMISSION_SECONDS
    nonce = dispute_digest(connection.escrow.domain, found.id, account, found.view.outcome, sought, expiry)
    token = connection.deployment
    usdc = usdc_domain(token.chain_id, token.usdc, name=token.usdc_name, version=token.usdc_version)
    digest = receive_authorization_digest(usdc, account, token.escrow, deposit, 0, expiry, nonce)
    return calls.dispute(
        found.terms,
        found.opening_hash,
        party=account,
        sought=sought,
        funding=Funding.AUTHORIZATION,
        expiry=expiry,
        signature=sign_digest(private, digest),
    )


def _deliverable(text: str, found: FoundJob) -> Hash:
    path = Path(text)
    if path.is_file():
        manifest = load_document(DeliveryManifest, path)
        pact = found.agreement.opening.pact
        if manifest.pact != pact:
            raise ActError(
                f"{path} delivers on the pact {manifest.pact}; this job's is {pact}",
                field="pact",
                next_step="pack it for this job's pact: oracle delivery pack FOLDER --pact FILE",
            )
        return manifest.hash()
    if not text.startswith("0x"):
        raise FileError(
            f"there is no file {text}", field="delivery", next_step="name a manifest, or give its hash"
        )
    deliverable = parse_hash(text, field="delivery")
    if deliverable == ZERO_HASH:
        raise ActError(
            "the delivery's hash is zero", field="delivery", next_step="oracle delivery pack prints it"
        )
    return deliverable
