"""`oracle score`: an agent's trust score at a block, from the daemon's store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import rich_click as click

from oracle.cli.opened import reading
from oracle.cli.output import json_option, print_json
from oracle.cli.run import config_option
from oracle.cli.values import AMOUNT, HASH
from oracle.config import load_settings
from oracle.domain.amounts import USDC_UNIT, format_usdc
from oracle.domain.fields import show_time
from oracle.domain.types import Hash, checksum
from oracle.score.agent import parse_agent
from oracle.score.coverage import coverage
from oracle.score.document import EvidenceDocument, ScoreDocument, Subject, explained, score_document
from oracle.score.errors import ScoreError
from oracle.score.price import price_of, shown
from oracle.score.versions import CURRENT, formula
from oracle.store import closed
from oracle.store.moment import at_block


@click.command()
@click.argument("agent", required=False)
@click.option(
    "--at", "block", type=click.IntRange(min=0), help="The block to read at; the newest by default."
)
@click.option("--version", type=int, default=CURRENT, show_default=True, help="Version of the formula.")
@click.option(
    "--root", "roots", type=HASH, multiple=True, help="A committee you believe; instead of [score]."
)
@click.option("--explain", is_flag=True, help="Show what each piece of evidence added.")
@click.option("--price", type=int, help="What it costs to fake this score; needs no store.")
@click.option(
    "--lowest-fee", type=AMOUNT, default=USDC_UNIT, show_default="1.00 USDC", help="A root's, for --price."
)
@config_option
@json_option
def score(
    *,
    agent: str | None,
    block: int | None,
    version: int,
    roots: tuple[Hash, ...],
    explain: bool,
    price: int | None,
    lowest_fee: int,
    config: Path,
    as_json: bool,
) -> None:
    """Compute the trust score of AGENT: a provider's ADDRESS, or ADDRESS:ID with an ERC-8004 id.

    Computed from the closed jobs themselves, so everybody who follows the same escrow gets the same digits
    for a block. docs/trust-score.md has the formula.
    """
    if price is not None:
        _show_price(price, lowest_fee, as_json=as_json)
        return
    if agent is None:
        raise ScoreError("no agent is named", field="agent", next_step="name one, or give --price")
    provider, agent_id = parse_agent(agent)
    formula(version)
    settings = load_settings(config)
    subject = Subject(provider, agent_id, frozenset(roots or settings.score.roots))
    with reading(settings) as session:
        at = at_block(session, block)
        evidence = closed.evidence_of(
            session, provider, up_to=at.block, roots=subject.roots, agent_id=agent_id
        )
        running = closed.running_of(session, provider, up_to=at.block, agent_id=agent_id)
    found = formula(version).standing(evidence, subject.roots).score(at.time)
    document = score_document(at, subject, found, coverage(running, evidence, at=at.time))
    lines = explained(evidence, subject.roots, time=at.time) if explain else []
    if as_json:
        told = document.model_dump(mode="json")
        if explain:
            told["evidence"] = [line.model_dump(mode="json") for line in lines]
        print_json(told)
        return
    _show(document, lines)


def _show_price(target: int, lowest_fee: int, *, as_json: bool) -> None:
    found = price_of(target, lowest_fee=lowest_fee)
    if not as_json:
        click.echo(shown(found))
        return
    told: dict[str, Any] = {"score": found.target, "buyers": found.buyers, "jobs": found.jobs}
    amounts = ("first", "further", "locked", "kept")
    print_json(told | {name: str(getattr(found, name)) for name in amounts})


def _show(document: ScoreDocument, lines: Sequence[EvidenceDocument]) -> None:
    who = checksum(document.agent) + ("" if document.agent_id is None else f", id {document.agent_id}")
    low, high = document.interval
    value = "unknown" if document.score is None else str(document.score)
    click.echo(f"{who}: {value}")
    click.echo(f"  at block {document.at.block}, {show_time(document.at.time)}, version {document.version}")
    click.echo(
        f"  {document.effective} effective pieces of {document.pieces}, share of passes {low} to {high}"
    )
    click.echo(f"  passes {document.passes}, failures {document.failures}")
    click.echo(f"  proven buyers {document.counterparties}, settled {format_usdc(int(document.settled))}")
    disputes, covered = document.disputes, document.coverage
    click.echo(f"  disputes won {disputes.won}, lost {disputes.lost}")
    click.echo(
        f"  coverage: {covered.running} running, bonds {format_usdc(int(covered.bonded))}, prices "
        f"{format_usdc(int(covered.exposure))}, cap {format_usdc(int(covered.cap))}"
    )
    click.echo(f"  roots: {', '.join(document.roots) or 'none named: no fee counts as spent'}")
    for line in lines:
        click.echo(
            f"  {line.subject} block {line.block}: {line.finding}, {line.reason}; "
            f"+{line.added_passes} passes, +{line.added_failures} failures; "
            f"left {line.left_passes}, {line.left_failures}"
        )
