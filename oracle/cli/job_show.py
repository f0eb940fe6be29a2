"""`oracle job show` and `list`: where a job stands, what happens if nobody acts, and who gets how much."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import rich_click as click
from rich.console import Console
from rich.table import Table

from oracle.cli.chain import ChainOptions, chain_options
from oracle.cli.job_found import FoundJob, find_job, opened_jobs
from oracle.cli.output import json_option, print_json
from oracle.cli.values import ADDRESS, HASH
from oracle.decide.next_step import NextStep, next_step
from oracle.decide.payouts import Payout
from oracle.domain.amounts import amount_text, format_usdc
from oracle.domain.fields import show_time
from oracle.domain.job import JobView
from oracle.domain.types import Address, Hash, State, checksum, members_of

_AMOUNTS = frozenset({"amount", "deposit", "to_buyer", "to_provider", "to_evaluators"})


@click.command()
@click.argument("job", type=HASH)
@chain_options()
@json_option
def show(*, job: Hash, chain: ChainOptions, as_json: bool) -> None:
    """Say where JOB stands: state, what happens if nobody acts and when, and who gets how much."""
    with chain.connect() as connection:
        found = find_job(connection, job)
        now = connection.now()
    step = next_step(found.view, found.terms, found.rules, now, deliver_by=found.agreement.opening.deliver_by)
    if as_json:
        print_json(_as_json(found, step, now))
    else:
        _in_words(found, step, now)


@click.command(name="list")
@click.option("--buyer", type=ADDRESS, help="Only jobs of this buyer.")
@click.option("--provider", type=ADDRESS, help="Only jobs of this provider.")
@click.option("--state", type=click.Choice([s.word for s in State if s]), help="Only jobs in this state.")
@chain_options()
@json_option
def list_jobs(
    *, buyer: Address | None, provider: Address | None, state: str | None, chain: ChainOptions, as_json: bool
) -> None:
    """List the jobs opened on this escrow, oldest first."""
    with chain.connect() as connection:
        opened = opened_jobs(connection, buyer=buyer, provider=provider)
        views = connection.escrow.job_states([event.job for event in opened])
    rows = [
        (event, view)
        for event, view in zip(opened, views, strict=True)
        if state is None or view.state.word == state
    ]
    if as_json:
        print_json(
            {
                "jobs": [
                    {
                        "job": event.job,
                        "state": view.state.word,
                        "outcome": view.outcome.word,
                        "buyer": event.buyer,
                        "provider": event.provider,
                        "gated": amount_text(event.agreement.terms.gated),
                        "bond": amount_text(event.agreement.terms.bond),
                    }
                    for event, view in rows
                ]
            }
        )
        return
    table = Table("job", "state", "outcome", "gated", "bond", "buyer", "provider", box=None, pad_edge=False)
    for event, view in rows:
        terms = event.agreement.terms
        table.add_row(
            event.job,
            view.state.word,
            view.outcome.word if view.outcome else "",
            format_usdc(terms.gated),
            format_usdc(terms.bond),
            checksum(event.buyer),
            checksum(event.provider),
        )
    Console(width=None if Console().is_terminal else 250).print(table)
    click.echo(f"{len(rows)} job(s).")


def _in_words(found: FoundJob, step: NextStep, now: int) -> None:
    terms = found.terms
    click.echo(f"Job {found.id}")
    click.echo(f"  {step.summary}.")
    click.echo(f"  buyer    {checksum(terms.buyer)}: {format_usdc(found.agreement.pays_in)} paid in")
    click.echo(f"  provider {checksum(terms.provider)}: bond {format_usdc(terms.bond)}")
    if found.deliverable is not None:
        click.echo(f"  delivered {found.deliverable}")
    closing = found.closing
    if closing is not None:
        click.echo(
            f"  ended by {closing.how.word}: buyer {format_usdc(closing.to_buyer)}, provider "
            f"{format_usdc(closing.to_provider)}, evaluators {format_usdc(closing.to_evaluators)}"
        )
        return
    if step.if_nobody_acts is not None:
        idle = step.if_nobody_acts
        calls = ", then ".join(f"{call} from {show_time(at)}" for call, at in idle.calls)
        click.echo(f"If nobody acts: {idle.outcome.word} ({idle.basis.word}); anyone calls {calls}.")
        click.echo(f"  {_payout_line(idle.payout)}")
    if step.payouts:
        click.echo("What the possible ends give:")
        for label, payout in step.payouts:
            click.echo(f"  {label}: {_payout_line(payout)}")
    acts = [act for act in step.acts if act.open_at(now)]
    if acts:
        click.echo("Now:")
        for act in acts:
            until = f" before {show_time(act.until)}" if act.until is not None else ""
            click.echo(f"  {act.who} may {act.what}{until} ({act.command})")


def _payout_line(payout: Payout) -> str:
    parts = [("buyer", payout.buyer), ("provider", payout.provider), ("evaluators", payout.evaluators)]
    if payout.arbiter:
        parts.append(("arbiter", payout.arbiter))
    line = ", ".join(f"{who} {format_usdc(amount)}" for who, amount in parts)
    return line + (
        f"; {payout.slashed} evaluators lose {format_usdc(payout.slash_each)} each" if payout.taken else ""
    )


def _as_json(found: FoundJob, step: NextStep, now: int) -> dict[str, Any]:
    idle = step.if_nobody_acts
    terms, opening = found.terms, found.agreement.opening
    return {
        "job": found.id,
        "state": step.state.word,
        "summary": step.summary,
        "now": now,
        "outcome": found.view.outcome.word,
        "terms": _plain(asdict(terms), {"gated", "bond", "fee"}),
        "opening": _plain(asdict(opening), {"agent_id", "up_front", "salt"}),
        "opening_hash": found.opening_hash,
        "deliverable": found.deliverable,
        "stored": _view_json(found.view),
        "if_nobody_acts": None
        if idle is None
        else {
            "outcome": idle.outcome.word,
            "basis": idle.basis.word,
            "calls": [{"call": call, "from": at} for call, at in idle.calls],
            "payout": _payout_json(idle.payout),
        },
        "payouts": {label: _payout_json(payout) for label, payout in step.payouts},
        "acts": [
            {"who": act.who, "what": act.what, "command": act.command, "since": act.since, "until": act.until}
            for act in step.acts
        ],
        "history": [
            {
                "event": type(o.event).__name__,
                "block": o.block_number,
                "transaction": o.transaction_hash,
                **_plain({k: v for k, v in asdict(o.event).items() if k != "agreement"}, _AMOUNTS),
            }
            for o in found.history
        ],
    }


def _view_json(view: JobView) -> dict[str, Any]:
    fields = asdict(view)
    for name in ("members", "signers", "attested"):
        fields[name] = members_of(fields[name])
    return _plain(fields, set())


def _payout_json(payout: Payout) -> dict[str, Any]:
    return _plain(asdict(payout), {"buyer", "provider", "evaluators", "arbiter", "slash_each"})


def _plain(fields: dict[str, Any], amounts: set[str] | frozenset[str]) -> dict[str, Any]:
    """Amounts as decimal strings, words of enums, lists for tuples."""

    def plain(name: str, value: Any) -> Any:
        if hasattr(value, "word"):
            return value.word
        if isinstance(value, tuple):
            return list(value)
        return str(value) if name in amounts else value

    return {name: plain(name, value) for name, value in fields.items()}
