"""`oracle policy run`, `events`, `review`, `packet` and `admit`: policies on the daemon's store."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import rich_click as click
from click.exceptions import Exit

from oracle.cli.agreement_io import load_agreement
from oracle.cli.documents import FILE
from oracle.cli.opened import opened, reading
from oracle.cli.output import FOUND_PROBLEMS_EXIT_CODE, json_option, print_json
from oracle.cli.run import config_option
from oracle.cli.values import AMOUNT, HASH
from oracle.config import Settings, load_settings
from oracle.daemon.following import run_policies
from oracle.domain.amounts import format_usdc
from oracle.domain.canonical import canonical_hash
from oracle.domain.fields import show_time
from oracle.domain.types import Hash, parse_address
from oracle.policy.admission import Admission, Asked, admit
from oracle.policy.document import Policy
from oracle.policy.errors import PolicyError
from oracle.policy.event import PolicyEvent
from oracle.policy.files import load_policies, load_policy
from oracle.policy.review import reviewed_event
from oracle.store import policies as policy_store
from oracle.store.policies import StoredPolicyEvent

_FILES = click.argument("files", metavar="[FILE]...", type=FILE, nargs=-1)


def _policies(settings: Settings, files: tuple[Path, ...]) -> list[Policy]:
    """The policies named, or those of `[policies]`."""
    paths = list(files) or [settings.path(path) for path in settings.policies.files]
    if not paths:
        raise PolicyError(
            "no policy is named", field="policies.files", next_step="name a file, or list it in [policies]"
        )
    return load_policies(paths, now=int(time.time()))


@click.command()
@_FILES
@config_option
@json_option
def run(*, files: tuple[Path, ...], config: Path, as_json: bool) -> None:
    """Carry FILEs (or those of [policies]) through the store, and keep every event that is new.

    May be repeated: what is kept already stays as it is. The daemon does the same as it goes.
    """
    settings = load_settings(config)
    policies = _policies(settings, files)
    with opened(settings) as database:
        with database.read() as session:
            found = run_policies(session, policies, frozenset(settings.score.roots))
        with database.write() as session:
            made = policy_store.add_events(session, found.events)
    if as_json:
        print_json({"block": found.at.block, "new": [_stored_json(one) for one in made]})
        return
    for one in made:
        click.echo(stored_line(one))
    click.echo(f"{len(made)} new event(s), at block {found.at.block}; {len(found.engine.held)} rule(s) hold.")


@click.command()
@click.option("--policy", "name", help="Only this policy's.")
@click.option("--subject", help="Only about this agent, or evaluator (COMMITTEE/INDEX).")
@click.option("--limit", type=click.IntRange(1, 10_000), default=200, show_default=True, help="At most.")
@click.option("--verify", is_flag=True, help="Recompute every hash and link of the chain first.")
@config_option
@json_option
def events(
    *, name: str | None, subject: str | None, limit: int, verify: bool, config: Path, as_json: bool
) -> None:
    """Show what policies did, the oldest first. Exit code 1 where --verify finds a broken link."""
    with reading(load_settings(config)) as session:
        broken = policy_store.broken_link(session) if verify else None
        found = policy_store.list_events(session, policy=name, subject=subject, limit=limit)
    if as_json:
        told: dict[str, Any] = {"events": [_stored_json(one) for one in found]}
        print_json(told | ({"broken_at": broken} if verify else {}))
    else:
        for one in found:
            click.echo(stored_line(one))
        if verify:
            end = found[-1].link if found else "nothing"
            click.echo(
                f"The chain holds; its end is {end}." if broken is None else f"Broken at event {broken}."
            )
    if broken is not None:
        raise Exit(FOUND_PROBLEMS_EXIT_CODE)


@click.command()
@click.argument("file", type=FILE)
@click.option("--by", "reviewer", required=True, help="Who reviewed it.")
@click.option("--note", required=True, help="What was found.")
@config_option
@json_option
def review(*, file: Path, reviewer: str, note: str, config: Path, as_json: bool) -> None:
    """Note that the policy in FILE was reviewed now."""
    settings, read = load_settings(config), load_policy(file)
    for field, value in (("by", reviewer), ("note", note)):
        if not value.strip() or not value.isprintable() or len(value) > 500:
            raise PolicyError(f"{field} must be one printable line of at most 500 characters", field=field)
    with opened(settings) as database, database.write() as session:
        (made,) = policy_store.add_events(
            session, [reviewed_event(read, by=reviewer, note=note, now=int(time.time()))]
        )
    if as_json:
        print_json(_stored_json(made))
        return
    click.echo(stored_line(made))


@click.command()
@click.argument("file", type=FILE)
@config_option
@json_option
def packet(*, file: Path, config: Path, as_json: bool) -> None:
    """Print the evidence packet of the policy in FILE: the policy, its events and its caps now, and a hash.

    For a rollout this is the one packet its owner shows.
    """
    settings = load_settings(config)
    (read,) = load_policies([file], now=int(time.time()))
    with reading(settings) as session:
        found = run_policies(session, [read], frozenset(settings.score.roots))
        stored = policy_store.list_events(session, policy=read.name, limit=10_000)
    caps = {agent: str(state.cap) for (_, agent), state in sorted(found.engine.rollouts.items())}
    body: dict[str, Any] = {
        "schema": "earnest/policy-packet/1",
        "policy": read.as_json(),
        "policy_hash": read.hash(),
        "at": found.at.model_dump(mode="json"),
        "caps": caps,
        "holds": [
            {"rule": key.rule, "subject": key.subject, "since": hold.since}
            for key, hold in sorted(found.engine.held.items())
        ],
        "events": [{"event": one.event, "link": one.link} | one.document.as_json() for one in stored],
    }
    digest = canonical_hash(body)
    if as_json:
        print_json(body | {"hash": digest})
        return
    click.echo(f"{read.name} ({read.hash()}), owned by {read.owner.name}")
    click.echo(f"  {len(stored)} event(s), {len(body['holds'])} rule(s) hold at block {found.at.block}")
    for agent, cap in caps.items():
        click.echo(f"  {agent}: cap {format_usdc(int(cap))}")
    click.echo(f"Packet {digest}; --json prints it.")


@click.command(name="admit")
@click.argument("agreement", type=FILE, required=False)
@click.option("--agent", help="Instead of an agreement: the provider.")
@click.option("--price", type=AMOUNT, help="Instead of an agreement: its price.")
@click.option("--bond", type=AMOUNT, default=0, help="Instead of an agreement: its bond.")
@click.option("--committee", type=HASH, help="Instead of an agreement: who judges.")
@click.option("--pact", type=HASH, help="Instead of an agreement: what is promised.")
@click.option("--policy", "files", type=FILE, multiple=True, help="Policies; by default those of [policies].")
@config_option
@json_option
def admit_(
    *,
    agreement: Path | None,
    agent: str | None,
    price: int | None,
    bond: int,
    committee: Hash | None,
    pact: Hash | None,
    files: tuple[Path, ...],
    config: Path,
    as_json: bool,
) -> None:
    """Say whether the policies admit AGREEMENT now. Exit code 1 where they refuse it."""
    asked = _asked(agreement, agent, price, bond, committee, pact)
    settings = load_settings(config)
    with reading(settings) as session:
        found = run_policies(session, _policies(settings, files), frozenset(settings.score.roots))
    told = admit(found.engine, asked)
    if as_json:
        print_json(admission_json(told))
    else:
        for line in admission_lines(told):
            click.echo(line)
    if not told.admitted:
        raise Exit(FOUND_PROBLEMS_EXIT_CODE)


def _asked(
    agreement: Path | None,
    agent: str | None,
    price: int | None,
    bond: int,
    committee: Hash | None,
    pact: Hash | None,
) -> Asked:
    if agreement is not None:
        loaded = load_agreement(agreement)
        terms = loaded.terms
        return Asked(terms.provider, loaded.agreement.price, terms.bond, terms.committee, loaded.opening.pact)
    if agent is None or price is None:
        raise PolicyError(
            "nothing is asked", field="agreement", next_step="name a file, or --agent and --price"
        )
    return Asked(parse_address(agent, field="agent"), price, bond, committee, pact)


def admission_json(told: Admission) -> dict[str, Any]:
    """An admission as plain JSON; amounts are decimal strings of base units."""
    return {
        "admitted": told.admitted,
        "largest": None if told.largest is None else str(told.largest),
        "bond": str(told.bond),
        "refusals": [
            {"policy": one.policy, "rule": one.rule, "says": one.says, "fix": one.fix}
            for one in told.refusals
        ],
    }


def admission_lines(told: Admission) -> Iterator[str]:
    """An admission for people."""
    for one in told.refusals:
        rule = "" if one.rule is None else f".{one.rule}"
        yield f"Refused by {one.policy}{rule}: {one.says}. Next: {one.fix}."
    if told.admitted:
        yield "Admitted."
    if told.largest is not None:
        yield f"Largest price now: {format_usdc(told.largest)}."
    if told.bond:
        yield f"Least bond for this price: {format_usdc(told.bond)}."


def event_line(event: PolicyEvent) -> str:
    """An event on one line."""
    where = "" if event.at is None else f", block {event.at.block}"
    rule = "" if event.rule is None else f".{event.rule}"
    who = "" if event.subject.kind == "policy" else f" for {event.subject.kind} {event.subject.key}"
    return f"{show_time(event.time)}{where}: {event.policy}{rule} {event.happened}{who}: {event.says}"


def stored_line(one: StoredPolicyEvent) -> str:
    """A stored event on one line."""
    return f"{one.sequence:>5}  {event_line(one.document)}"


def _stored_json(one: StoredPolicyEvent) -> dict[str, Any]:
    told: dict[str, Any] = {"sequence": one.sequence, "event": one.event, "link": one.link}
    return told | dict(one.document.as_json())
