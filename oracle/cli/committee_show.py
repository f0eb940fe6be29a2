"""`oracle committee show`: terms, coverage, and where each evaluator stands."""

from __future__ import annotations

from typing import Any

import rich_click as click
from rich.console import Console
from rich.table import Table

from oracle.cli.chain import ChainOptions, chain_options
from oracle.cli.output import json_option, print_json
from oracle.cli.values import HASH
from oracle.domain.amounts import amount_text, format_usdc
from oracle.domain.committee import UNBOUNDED, CommitteeView, EvaluatorView
from oracle.domain.types import Hash, checksum, members_of


@click.command()
@click.argument("identity", metavar="COMMITTEE", type=HASH)
@chain_options()
@json_option
def show(*, identity: Hash, chain: ChainOptions, as_json: bool) -> None:
    """Show a committee's terms, what it can still cover, and where each evaluator stands."""
    with chain.connect() as connection:
        state = connection.escrow.committee_state(identity)
        evaluators = connection.escrow.evaluators(identity, state.evaluators)
    if as_json:
        print_json(_as_json(identity, state, evaluators))
        return
    _in_words(identity, state, evaluators)


def _in_words(identity: Hash, state: CommitteeView, evaluators: list[EvaluatorView]) -> None:
    members = state.active.bit_count()
    click.echo(f"Committee {identity}")
    click.echo(f"  {state.threshold} of {state.evaluators} make a verdict; {members} are at full stake")
    click.echo(
        f"  stake {format_usdc(state.stake)} each; {format_usdc(state.reserved)} reserved, "
        f"{format_usdc(state.free)} free"
    )
    click.echo(f"  covers another {format_usdc(state.free * state.threshold)} at stake now")
    click.echo(f"  {_fee(state)}")
    most = "no limit to what" if state.max_value == UNBOUNDED else f"at most {format_usdc(state.max_value)}"
    click.echo(f"  {most} is at stake in one job")
    click.echo(f"  arbiter {checksum(state.arbiter)}, paid {format_usdc(state.arbiter_cost)}")
    click.echo(
        f"  at least {state.min_verdict} s for a verdict and {state.min_ruling} s for a ruling; "
        f"challenge at most {state.max_challenge} s"
    )
    click.echo(f"  silence costs its members {format_usdc(state.silence)} together")
    click.echo(f"  methodology {state.methodology}")
    table = Table("", "account", "signing key", "standing", "stake", "owes", box=None, pad_edge=False)
    for index, view in enumerate(evaluators):
        standing = f"{view.standing.word}{', expelled' if view.expelled else ''}"
        table.add_row(
            str(index),
            checksum(view.account),
            checksum(view.key),
            standing,
            format_usdc(view.stake),
            format_usdc(view.owed),
        )
    Console(width=None if Console().is_terminal else 200).print(table)


def _fee(state: CommitteeView) -> str:
    if state.fee_flat == UNBOUNDED:
        return "takes no jobs"
    return f"fee at least {format_usdc(state.fee_flat)}, and {state.fee_rate} millionths of the value a day"


def _as_json(identity: Hash, state: CommitteeView, evaluators: list[EvaluatorView]) -> dict[str, Any]:
    return {
        "committee": identity,
        "threshold": state.threshold,
        "active": members_of(state.active),
        "stake": amount_text(state.stake),
        "reserved": amount_text(state.reserved),
        "free": amount_text(state.free),
        "coverage_left": amount_text(state.free * state.threshold),
        "silence": amount_text(state.silence),
        "arbiter": state.arbiter,
        "arbiter_cost": amount_text(state.arbiter_cost),
        "methodology": state.methodology,
        "fee_flat": amount_text(state.fee_flat),
        "fee_rate": state.fee_rate,
        "max_value": amount_text(state.max_value),
        "min_verdict": state.min_verdict,
        "min_ruling": state.min_ruling,
        "max_challenge": state.max_challenge,
        "evaluators": [
            {
                "index": index,
                "account": view.account,
                "key": view.key,
                "standing": view.standing.word,
                "expelled": view.expelled,
                "stake": amount_text(view.stake),
                "owed": amount_text(view.owed),
                "liable": amount_text(view.liable),
                "may_withdraw": view.may_withdraw,
            }
            for index, view in enumerate(evaluators)
        ],
    }
