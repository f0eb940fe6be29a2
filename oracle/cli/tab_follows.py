"""What becomes of a tab if nobody acts, as the lens on tabs says it, in words and as JSON."""

from __future__ import annotations

from typing import Any

import rich_click as click

from oracle.chain.tab_lens import LensAct, LensStanding, LensStep, TabLens
from oracle.cli.chain import Connection
from oracle.cli.tab_found import FoundTab, tabs_of
from oracle.domain.amounts import amount_text, format_usdc
from oracle.domain.fields import show_time
from oracle.domain.types import Outcome, members_of

NO_LENS = "the deployment has no lens on tabs (TabLens), which says what follows if nobody acts"


def what_follows(connection: Connection, found: FoundTab) -> LensStanding | None:
    """Every step that follows if nobody acts; None where the deployment has no lens on tabs.

    Raises:
        ChainError, BadAnswerError: the companion is no lens, or one of another contract of tabs.
    """
    companion = connection.deployment.companion("TabLens")
    if companion is None:
        return None
    lens = TabLens(connection.rpc, companion.address, tabs_of(connection).address)
    lens.check()
    return lens.standing(found.id, found.terms, found.opening_hash)


def follows_as_json(standing: LensStanding | None) -> dict[str, Any] | None:
    """The same for machines; amounts as texts, evaluators by index."""
    if standing is None:
        return None
    return {
        "steps": [_step_as_json(step) for step in standing.steps],
        "closes_from": standing.closes_from,
        "buyer": amount_text(standing.buyer),
        "provider": amount_text(standing.provider),
        "evaluators": amount_text(standing.evaluators),
        "slashed": amount_text(standing.slashed),
    }


def print_follows(standing: LensStanding | None, now: int) -> None:
    """What happens if nobody acts, step by step, and what it comes to."""
    if standing is None:
        click.echo(f"{'':>10}  ({NO_LENS})")
        return
    if not standing.steps:
        return
    click.echo("If nobody acts but to take each step as soon as anyone may:")
    for step in standing.steps:
        when = "now" if step.start <= now else f"from {show_time(step.start)}"
        click.echo(f"{when:>10}  {_words(step)}")
    parts = _amounts(
        (("buyer", standing.buyer), ("provider", standing.provider), ("evaluators", standing.evaluators))
    )
    slashed = f"; slashed {format_usdc(standing.slashed)}" if standing.slashed else ""
    click.echo(f"{'in all':>10}  {parts}{slashed}")


def _words(step: LensStep) -> str:
    """One step in a line."""
    did = {LensAct.LAPSE: "nobody judged it", LensAct.SETTLE: "settled", LensAct.CLOSE: "closed"}
    words = did.get(step.act, "nothing")
    if step.outcome is not Outcome.NONE:
        words += f" {step.outcome.word}"
    shares = _amounts(
        (
            ("buyer", step.buyer),
            ("provider", step.provider),
            ("signers " + _listed(step.set), step.signers),
            ("members", step.members),
        )
    )
    if shares:
        words += f": {shares}"
    if step.slash_each:
        words += f"; {format_usdc(step.slash_each)} slashed of each of evaluators {_listed(step.slashed)}"
    return f"{words}; then {step.next.name.lower()}"


def _amounts(parts: tuple[tuple[str, int], ...]) -> str:
    return ", ".join(f"{who} {format_usdc(amount)}" for who, amount in parts if amount)


def _listed(bits: int) -> str:
    return ", ".join(str(index) for index in members_of(bits))


def _step_as_json(step: LensStep) -> dict[str, Any]:
    return {
        "act": step.act.name.lower(),
        "from": step.start,
        "next": step.next.name.lower(),
        "outcome": None if step.outcome is Outcome.NONE else step.outcome.word,
        "buyer": amount_text(step.buyer),
        "provider": amount_text(step.provider),
        "signers": amount_text(step.signers),
        "signed_by": members_of(step.set),
        "members": amount_text(step.members),
        "slash_each": amount_text(step.slash_each),
        "slashed": members_of(step.slashed),
    }
