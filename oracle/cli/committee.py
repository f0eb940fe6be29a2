"""`oracle committee`: create one, look at it, and take part in it as an evaluator."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import rich_click as click

from oracle.chain import calls
from oracle.cli.chain import ChainOptions, Connection, chain_options
from oracle.cli.committee_show import show
from oracle.cli.job_acting import confirm
from oracle.cli.key_proof import MAX_PROOF_BYTES, KeyProof
from oracle.cli.keys import KeySource, account_of, key_options
from oracle.cli.output import json_option, print_json, read_bytes
from oracle.cli.values import HASH
from oracle.decide.rules import Problem, committee_problems
from oracle.domain.amounts import amount_text, format_usdc
from oracle.domain.canonical import MAX_DOCUMENT_BYTES
from oracle.domain.committee import EvaluatorView
from oracle.domain.committee_file import CommitteeFile
from oracle.domain.errors import EarnestError
from oracle.domain.signatures import recover, sign_digest
from oracle.domain.typed import committee_id, key_digest
from oracle.domain.types import Hash, checksum, members_of

_FILE = click.Path(path_type=Path, dir_okay=False)
_proof_option = click.option(
    "--signing-proof", type=_FILE, help="What `oracle keys prove` printed, instead of the signing key itself."
)


class CommitteeError(EarnestError):
    """A committee cannot be made, or taken part in, as asked."""


@click.group()
def committee() -> None:
    """Create a committee, look at it, and take part in it as an evaluator.

    A committee is fixed at creation; a changed one is a new one. Evaluators stake from their free collateral
    (oracle account deposit) and name a signing key, which can be rotated.
    """


committee.add_command(show)


@committee.command()
@click.argument("file", type=_FILE)
@click.option("--check", "check_only", is_flag=True, help="Check the file and print the id; send nothing.")
@chain_options()
@key_options()
@json_option
def create(*, file: Path, check_only: bool, chain: ChainOptions, key: KeySource, as_json: bool) -> None:
    """Create the committee of FILE (JSON, schema earnest/committee/1). Anyone may; nobody owns it."""
    loaded = CommitteeFile.parse(read_bytes(file, max_bytes=MAX_DOCUMENT_BYTES), what=str(file)).committee
    deployment = chain.load() if check_only else None
    if deployment is not None:
        _require_sound(committee_problems(loaded, deployment.escrow))
        _say_id(committee_id(deployment.chain_id, deployment.escrow, loaded), None, as_json=as_json)
        return
    with chain.connect() as connection:
        escrow = connection.escrow
        _require_sound(committee_problems(loaded, escrow.address))
        private = key.load(escrow.chain_id)
        identity = committee_id(escrow.chain_id, escrow.address, loaded)
        receipt = connection.send(
            private, calls.create_committee(loaded), what="create committee", quiet=as_json
        )
    _say_id(identity, receipt.transaction_hash, as_json=as_json)


@committee.command()
@click.argument("identity", metavar="COMMITTEE", type=HASH)
@chain_options()
@key_options()
@key_options(prefix="signing-", name="signing_key")
@_proof_option
@json_option
def join(
    *,
    identity: Hash,
    chain: ChainOptions,
    key: KeySource,
    signing_key: KeySource,
    signing_proof: Path | None,
    as_json: bool,
) -> None:
    """Put in your stake and name your signing key: --keystore is the account, --signing-keystore the key.

    The signing key is online with the daemon; the account need not be. A key that lies in a remote signer or
    KMS is named by what `oracle keys prove` prints: --signing-proof.
    """

    def data(connection: Connection, index: int, private: bytes) -> bytes:
        key_address, proof = _prove(connection, identity, private, signing_key, signing_proof)
        return calls.join(identity, index, key_address, proof)

    _act(chain, key, identity, "join", data, as_json=as_json)


@committee.command()
@click.argument("identity", metavar="COMMITTEE", type=HASH)
@chain_options()
@key_options()
@key_options(prefix="signing-", name="signing_key")
@_proof_option
@json_option
def rotate(
    *,
    identity: Hash,
    chain: ChainOptions,
    key: KeySource,
    signing_key: KeySource,
    signing_proof: Path | None,
    as_json: bool,
) -> None:
    """Replace your signing key by another; your stake stays. The old key binds you for older jobs only."""

    def data(connection: Connection, index: int, private: bytes) -> bytes:
        key_address, proof = _prove(connection, identity, private, signing_key, signing_proof)
        return calls.rotate_key(identity, index, key_address, proof)

    _act(chain, key, identity, "rotate", data, as_json=as_json)


@committee.command()
@click.argument("identity", metavar="COMMITTEE", type=HASH)
@chain_options()
@key_options()
@json_option
def topup(*, identity: Hash, chain: ChainOptions, key: KeySource, as_json: bool) -> None:
    """Fill a slashed stake up again from your free collateral."""
    _act(chain, key, identity, "top up", lambda _c, index, _k: calls.top_up(identity, index), as_json=as_json)


@committee.command()
@click.argument("identity", metavar="COMMITTEE", type=HASH)
@click.option("--yes", is_flag=True, help="Do not ask.")
@chain_options()
@key_options()
@json_option
def leave(*, identity: Hash, yes: bool, chain: ChainOptions, key: KeySource, as_json: bool) -> None:
    """Give notice: no new jobs from now on. Cannot be taken back; withdraw when the last job has closed."""
    confirm(f"Leave committee {identity} for good?", yes=yes, as_json=as_json)
    _act(chain, key, identity, "leave", lambda _c, index, _k: calls.leave(identity, index), as_json=as_json)


@committee.command()
@click.argument("identity", metavar="COMMITTEE", type=HASH)
@chain_options()
@key_options()
@json_option
def withdraw(*, identity: Hash, chain: ChainOptions, key: KeySource, as_json: bool) -> None:
    """Take what is left of your stake, as free collateral, after you left and your last job has closed."""
    _act(
        chain,
        key,
        identity,
        "withdraw",
        lambda _c, index, _k: calls.withdraw(identity, index),
        as_json=as_json,
    )


@committee.command()
@click.argument("identity", metavar="COMMITTEE", type=HASH)
@click.option(
    "--evaluator", "index", required=True, type=click.IntRange(0, 31), help="Whose debt: its index."
)
@click.option("--subject", required=True, type=HASH, help="The job it contradicted itself on.")
@chain_options()
@key_options()
@json_option
def collect(
    *, identity: Hash, index: int, subject: Hash, chain: ChainOptions, key: KeySource, as_json: bool
) -> None:
    """Collect what an expelled evaluator still owes over a job, once nothing binds its stake. Anyone may."""
    with chain.connect() as connection:
        private = key.load(connection.escrow.chain_id)
        data = calls.collect(identity, index, subject)
        receipt = connection.send(private, data, what="collect", quiet=as_json)
        view = connection.escrow.evaluator(identity, index)
    if as_json:
        print_json(
            {
                "committee": identity,
                "index": index,
                "owed": amount_text(view.owed),
                "transaction": receipt.transaction_hash,
            }
        )
        return
    click.echo(f"Evaluator {index} owes {format_usdc(view.owed)} more.")


@committee.command()
@click.argument("identity", metavar="COMMITTEE", type=HASH)
@click.option("--evaluators", "listed", required=True, help="Their indices, as 0,2,4: who signed together.")
@chain_options()
@key_options()
@json_option
def fees(*, identity: Hash, listed: str, chain: ChainOptions, key: KeySource, as_json: bool) -> None:
    """Credit the fees that a set of evaluators earned together, in equal parts. Anyone may."""
    evaluator_set = _set_of(listed)
    with chain.connect() as connection:
        earned = connection.escrow.fees_of(identity, evaluator_set)
        private = key.load(connection.escrow.chain_id)
        data = calls.draw_fees(identity, evaluator_set)
        receipt = connection.send(private, data, what="draw fees", quiet=as_json)
        left = connection.escrow.fees_of(identity, evaluator_set)
    if as_json:
        print_json(
            {
                "evaluators": members_of(evaluator_set),
                "drawn": amount_text(earned - left),
                "transaction": receipt.transaction_hash,
            }
        )
        return
    click.echo(f"Credited {format_usdc(earned - left)} to {len(members_of(evaluator_set))} evaluators.")


def _act(
    chain: ChainOptions,
    key: KeySource,
    identity: Hash,
    what: str,
    data: Callable[[Connection, int, bytes], bytes],
    *,
    as_json: bool,
) -> None:
    """Do something as one of the committee's evaluators, and say how it stands then."""
    with chain.connect() as connection:
        private = key.load(connection.escrow.chain_id)
        index = _index_of(connection, identity, private)
        receipt = connection.send(private, data(connection, index, private), what=what, quiet=as_json)
        view = connection.escrow.evaluator(identity, index)
    if as_json:
        print_json(
            {
                "committee": identity,
                "index": index,
                "standing": view.standing.word,
                "stake": amount_text(view.stake),
                "key": view.key,
                "transaction": receipt.transaction_hash,
            }
        )
        return
    click.echo(
        f"Evaluator {index}, {checksum(view.account)}, is {view.standing.word}: {format_usdc(view.stake)} "
        f"at stake, signing with {checksum(view.key)}."
    )


def _index_of(connection: Connection, identity: Hash, private: bytes) -> int:
    state = connection.escrow.committee_state(identity)
    evaluators: list[EvaluatorView] = connection.escrow.evaluators(identity, state.evaluators)
    account = account_of(private)
    for index, view in enumerate(evaluators):
        if view.account == account:
            return index
    raise CommitteeError(
        f"{checksum(account)} is no evaluator of this committee",
        field="key",
        next_step="oracle committee show lists its evaluators",
    )


def _prove(
    connection: Connection, identity: Hash, private: bytes, signing: KeySource, proof: Path | None
) -> tuple[str, bytes]:
    """(address, signature over `Key`) of the signing key."""
    domain, account = connection.escrow.domain, account_of(private)
    if proof is None:
        signer = signing.load(connection.escrow.chain_id)
        address = account_of(signer)
        return address, sign_digest(signer, key_digest(domain, identity, account, address))
    if signing.given:
        raise CommitteeError(
            "two signing keys are named",
            field="--signing-proof",
            next_step="give either --signing-proof or --signing-keystore",
        )
    given = KeyProof.parse(read_bytes(proof, max_bytes=MAX_PROOF_BYTES), what=str(proof))
    if recover(key_digest(domain, identity, account, given.key), given.signature) != given.key:
        raise CommitteeError(
            f"{proof} does not prove that {checksum(given.key)} signs for {checksum(account)} in {identity}",
            field="--signing-proof",
            next_step=f"run where the key is configured: oracle keys prove {identity} {checksum(account)}",
        )
    return given.key, given.signature


def _require_sound(problems: list[Problem]) -> None:
    if problems:
        first = problems[0]
        raise CommitteeError(f"{first.field}: {first.message}", field=first.field)


def _say_id(identity: Hash, transaction: Hash | None, *, as_json: bool) -> None:
    if as_json:
        print_json({"committee": identity} | ({"transaction": transaction} if transaction else {}))
        return
    click.echo(f"{'Created committee' if transaction else 'The id would be'} {identity}")
    if transaction:
        click.echo("Next: each evaluator deposits its stake and joins: oracle committee join")


def _set_of(listed: str) -> int:
    bits = 0
    for part in listed.split(","):
        text = part.strip()
        if not (text.isascii() and text.isdecimal() and int(text) < 32):
            raise CommitteeError(
                f"--evaluators is {listed[:60]!r}", field="evaluators", next_step="list indices, as 0,2,4"
            )
        bits |= 1 << int(text)
    return bits
