"""What the commands that act on a job share: who may, and what it led to."""

from __future__ import annotations

import rich_click as click

from oracle.cli.chain import Connection
from oracle.cli.job_found import FoundJob
from oracle.cli.keys import account_of
from oracle.cli.output import print_json
from oracle.domain.errors import EarnestError
from oracle.domain.types import Address, Hash, Outcome, Party, checksum

PARTIES = click.Choice([party.value for party in Party])
OUTCOMES = click.Choice([outcome.word for outcome in Outcome if outcome])


class ActError(EarnestError):
    """What was asked is not possible for this job now."""


def account_in(found: FoundJob, party: Party) -> Address:
    """The account of one side."""
    return found.terms.buyer if party is Party.BUYER else found.terms.provider


def require_account(private: bytes, account: Address, who: str) -> None:
    """Refuse a key that is another's.

    Raises:
        ActError: the key's account is not `account`.
    """
    if account_of(private) != account:
        raise ActError(
            f"the key is {checksum(account_of(private))}'s; the {who} of this job is {checksum(account)}",
            field=who,
            next_step=f"use the key of the {who}",
        )


def confirm(question: str, *, yes: bool, as_json: bool) -> None:
    """Ask before what cannot be taken back. A program is not asked: it must say --yes.

    Raises:
        ActError: with --json and without --yes.
    """
    if yes:
        return
    if as_json:
        raise ActError("this cannot be taken back", field="--yes", next_step="give --yes with --json")
    click.confirm(question, abort=True, err=True)


def say_sent(
    connection: Connection, private: bytes, data: bytes, what: str, job_id: Hash, *, as_json: bool
) -> None:
    """Send a call about a job, and say where the job stands then."""
    receipt = connection.send(private, data, what=what, quiet=as_json)
    view = connection.escrow.job_state(job_id)
    if as_json:
        print_json(
            {
                "job": job_id,
                "transaction": receipt.transaction_hash,
                "block": receipt.block_number,
                "state": view.state.word,
                "outcome": view.outcome.word,
            }
        )
        return
    click.echo(f"Job {job_id} is now {view.state.word}{f' ({view.outcome.word})' if view.outcome else ''}.")
