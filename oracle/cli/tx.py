"""`oracle tx`: the outbox, and every transaction that was signed for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click

from oracle.cli.opened import reading
from oracle.cli.output import json_option, print_json
from oracle.cli.run import config_option
from oracle.cli.values import HASH
from oracle.config import load_settings
from oracle.domain.errors import EarnestError
from oracle.domain.fields import show_time
from oracle.domain.types import Hash, parse_hash
from oracle.pact.visible import one_line
from oracle.store import history
from oracle.store.history import OutboxEntry, SignedTransaction

_GWEI = 10**9


class NoEntryError(EarnestError):
    """The outbox holds nothing by that name."""


@click.command()
@click.argument("which", required=False)
@click.option("--job", type=HASH, help="Only what is for this job.")
@click.option("--live", is_flag=True, help="Only what is neither final nor dropped.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many."
)
@config_option
@json_option
def tx(*, which: str | None, job: Hash | None, live: bool, limit: int, config: Path, as_json: bool) -> None:
    """Show what the daemon sends: newest first, or WHICH (an entry's number or a transaction's hash).

    An entry is one thing to be done on chain. It may need several transactions: each replacement is one.
    """
    number, tx_hash = _which(which)
    with reading(load_settings(config)) as session:
        entries = history.outbox_entries(
            session, job=job, entry=number, tx_hash=tx_hash, live=live, limit=limit
        )
    if which is not None and not entries:
        raise NoEntryError(f"there is no entry or transaction {which}", next_step="list them with: oracle tx")
    if as_json:
        print_json({"entries": [entry_json(entry) for entry in entries]})
        return
    for entry in entries:
        click.echo(entry_line(entry))
        if which is not None:
            _in_full(entry)
    if not entries:
        click.echo("Nothing.")


def _which(text: str | None) -> tuple[int | None, Hash | None]:
    if text is None:
        return None, None
    if text.isascii() and text.isdecimal() and len(text) < 19:
        return int(text), None
    return None, parse_hash(text, field="WHICH")


def entry_line(entry: OutboxEntry) -> str:
    """One line for an entry."""
    nonce = "-" if entry.nonce is None else str(entry.nonce)
    line = f"{entry.id:<7}{entry.standing:9}{entry.purpose.value:8}{entry.job or '':68}nonce {nonce:8}"
    why = entry.dropped or entry.error
    return (line + (one_line(why) if why else "")).rstrip()


def _in_full(entry: OutboxEntry) -> None:
    click.echo(f"  queued {show_time(int(entry.created_at))}, sent by {entry.sender} to {entry.target}")
    for one in entry.transactions:
        click.echo(
            f"  {one.tx_hash} nonce {one.nonce}, at most {one.max_fee / _GWEI:.3f} gwei: {_fate(one)}"
            + (" (a no-op in its place)" if one.noop else "")
        )


def _fate(one: SignedTransaction) -> str:
    if one.block is not None:
        return f"{'mined' if one.ok else 'failed'} in block {one.block}"
    if one.abandoned:
        return "can never be mined: its nonce was used"
    if one.sent_at is None:
        return "signed, not sent yet"
    return f"sent {show_time(int(one.sent_at))}" + (", the fee was too low" if one.underpriced else "")


def entry_json(entry: OutboxEntry) -> dict[str, Any]:
    """An entry as plain JSON."""
    return {
        "entry": entry.id,
        "standing": entry.standing,
        "purpose": entry.purpose.value,
        "job": entry.job,
        "sender": entry.sender,
        "nonce": entry.nonce,
        "tries": entry.tries,
        "created_at": entry.created_at,
        "final_in": entry.final_in,
        "dropped": entry.dropped,
        "error": entry.error,
        "transactions": [
            {
                "hash": one.tx_hash,
                "nonce": one.nonce,
                "noop": one.noop,
                "max_fee": str(one.max_fee),
                "priority_fee": str(one.priority_fee),
                "signed_at": one.signed_at,
                "sent_at": one.sent_at,
                "underpriced": one.underpriced,
                "abandoned": one.abandoned,
                "block": one.block,
                "ok": one.ok,
            }
            for one in entry.transactions
        ],
    }
