"""`oracle registry`: what was written to ERC-8004's reputation registry, what is due, what is read back."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import rich_click as click

from oracle.chain.anyone import Anyone
from oracle.cli.opened import reading
from oracle.cli.output import json_option, print_json
from oracle.cli.run import config_option
from oracle.cli.values import ADDRESS
from oracle.config import Settings, load_settings
from oracle.configuration.base import ConfigError
from oracle.configuration.registry import RegistrySection
from oracle.domain.errors import EarnestError
from oracle.domain.fields import show_time
from oracle.domain.types import Address
from oracle.opening.keys import load_key
from oracle.opening.places import open_pool
from oracle.pact.visible import one_line
from oracle.registry.aggregate import TAG
from oracle.registry.contract import Registry, Summary
from oracle.score.agent import parse_agent
from oracle.store import registry as store
from oracle.store.registry import Post

_STATES = (store.WAITING, store.QUEUED, store.POSTED, store.REFUSED)


class AgentIdError(EarnestError):
    """No ERC-8004 id is meant by what was named."""


@click.group()
def registry() -> None:
    """See what the daemon says of agents in ERC-8004's reputation registry.

    With [registry] in its configuration an evaluator writes, for each agent with an ERC-8004 id and each
    ended period, the share of its work that passed. See docs/trust-score.md.
    """


@registry.command(name="list")
@click.argument("agent", required=False)
@click.option(
    "--state",
    type=click.Choice(_STATES),
    help="Only these: waiting for their turn, queued to be sent, posted and read back, or refused for good.",
)
@click.option("--due", is_flag=True, help="Only what is still to be posted: waiting or queued.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many."
)
@config_option
@json_option
def list_(
    *, agent: str | None, state: str | None, due: bool, limit: int, config: Path, as_json: bool
) -> None:
    """Show feedback that was decided, the last period first; of AGENT (ADDRESS or ADDRESS:ID) alone.

    Reads the database only: works while the daemon runs, and while it does not.
    """
    provider, agent_id = (None, None) if agent is None else parse_agent(agent)
    states = tuple(
        one for one in _STATES if state in (None, one) and (not due or one in (store.WAITING, store.QUEUED))
    )
    with reading(load_settings(config)) as session:
        found = store.listed(session, states=states, provider=provider, agent_id=agent_id, limit=limit)
    if as_json:
        print_json({"posts": [_told(post) for post in found]})
        return
    for post in found:
        click.echo(_line(post))
        if post.reason:
            click.echo(f"  {one_line(post.reason)}" + _next_try(post))
    if not found:
        click.echo("Nothing. Feedback is decided once a period has ended and is final.")


@registry.command()
@click.argument("agent_id", metavar="AGENT_ID")
@click.option(
    "--client",
    "clients",
    type=ADDRESS,
    multiple=True,
    help="Whose feedback; by default that of the key in [registry]. May be given again.",
)
@config_option
@json_option
def summary(*, agent_id: str, clients: tuple[Address, ...], config: Path, as_json: bool) -> None:
    """Ask the chain: what `getSummary` says of the ERC-8004 id AGENT_ID, over all periods.

    The registry averages the periods' shares of passes. It is a rate and no lower bound; `oracle score` is.
    """
    number = _number(agent_id)
    settings = load_settings(config)
    section = _section(settings, config)
    if not clients:
        with closing(load_key(settings, section.key, "registry.key")) as signer:
            clients = (signer.address,)
    with closing(open_pool(settings)) as pool:
        asked = Registry(Anyone(pool), section.reputation)
        found = asked.summary(number, clients, (TAG, ""))
    if as_json:
        print_json(
            {
                "registry": section.reputation,
                "agent_id": str(number),
                "clients": list(clients),
                "tag": TAG,
                "count": found.count,
                "value": found.value,
                "decimals": found.decimals,
            }
        )
        return
    click.echo(f"{section.reputation}, agent {number}, by {', '.join(clients)}:")
    click.echo(f"{_share(found)}, of {found.count} feedback(s)." if found.count else "Nothing was said.")


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 78 or not 0 < int(text) < 2**256:
        raise AgentIdError(
            f"{text[:80]!r} is no ERC-8004 id",
            field="AGENT_ID",
            next_step="name the number its agreements name, such as 42; /v1/agents/ADDRESS lists them",
        )
    return int(text)


def _section(settings: Settings, config: Path) -> RegistrySection:
    if settings.registry is None:
        raise ConfigError(
            "no registry is configured",
            field="registry",
            next_step=f"add [registry] to {config}; see docs/trust-score.md",
        )
    return settings.registry


def _share(found: Summary) -> str:
    if not 0 <= found.decimals <= 18:  # as ERC-8004 says
        return f"{found.value} with {found.decimals} decimals"
    whole, rest = divmod(abs(found.value), 10**found.decimals)
    sign = "-" if found.value < 0 else ""
    return f"{sign}{whole}" + (f".{rest:0{found.decimals}d}" if found.decimals else "") + " %"


def _line(post: Post) -> str:
    share = _share(Summary(1, post.value, 2))
    counts = f"{post.passes} passed, {post.failures} failed"
    since, until = show_time(post.start), show_time(post.end)
    return f"{post.state:9}agent {post.agent_id} of {post.provider}, {since} to {until}: {counts}, {share}"


def _next_try(post: Post) -> str:
    if post.state != store.WAITING or not post.retry_at:
        return ""
    return f"; again after {show_time(int(post.retry_at))}"


def _told(post: Post) -> dict[str, Any]:
    return {
        "agent_id": str(post.agent_id),
        "provider": post.provider,
        "since": post.start,
        "until": post.end,
        "passes": post.passes,
        "failures": post.failures,
        "value": post.value,
        "state": post.state,
        "reason": post.reason,
        "tries": post.tries,
        "retry_at": post.retry_at if post.state == store.WAITING else None,
        "summary": None if post.summary is None else {"count": post.summary[0], "value": post.summary[1]},
        "hash": post.digest,
        "document": json.loads(post.body),
    }
