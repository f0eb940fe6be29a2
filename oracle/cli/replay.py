"""`oracle replay`: every decision about a job, or about a tab's periods, gone through again."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import rich_click as click
from click.exceptions import Exit
from sqlalchemy.orm import Session

from oracle.chain.anyone import Anyone
from oracle.chain.deployments import Deployment
from oracle.cli.opened import reading
from oracle.cli.output import FOUND_PROBLEMS_EXIT_CODE, json_option, print_json
from oracle.cli.run import config_option
from oracle.cli.values import HASH
from oracle.config import Settings, load_settings
from oracle.daemon.replay import replay as replay_job
from oracle.daemon.replayed import Replayed
from oracle.daemon.tab_reader import handed_on_chain
from oracle.daemon.tab_replay import replay_tab
from oracle.decide.tabs import HandedOver
from oracle.domain.typed import Domain
from oracle.domain.types import Hash
from oracle.evidence.store import ContentStore
from oracle.opening.places import deployment_of, open_pool, open_store
from oracle.opening.tabs import first_block_of_tabs, open_tabs
from oracle.pact.visible import one_line
from oracle.store.tabs import get_tab
from oracle.tabs.export import exports_in


@click.command()
@click.argument("job", type=HASH, metavar="JOB|TAB")
@click.option("--period", type=click.IntRange(min=1), help="Of a tab, this period alone.")
@click.option("--chain", is_flag=True, help="Of a tab: ask the nodes which documents were handed over.")
@config_option
@json_option
def replay(*, job: Hash, period: int | None, chain: bool, config: Path, as_json: bool) -> None:
    """Go through every decision about a job, or a tab, again, from what is stored and from the evidence.

    Of a job: the record from the events, the outcome from the evidence, each attestation from the outcome,
    each call from what was attested, each transaction from its call. Of a tab, for each period: the tally
    from the events, draw, outcomes, estimate and what is withheld from the exports, then votes, verdict,
    settlement, calls and transactions. Asks no model, signs and sends nothing, and asks no chain but for
    --chain: without it, which documents were handed over is the record's word. Exits with 1 where something
    does not follow.
    """
    settings = load_settings(config)
    deployment = deployment_of(settings)
    domain = Domain(deployment.chain_id, deployment.escrow)
    handed = _handed(settings, deployment, job) if chain else None
    with reading(settings) as session:
        steps = _steps(session, open_store(settings), domain, job, period, handed)
    holds = all(step.holds for step in steps)
    if as_json:
        print_json(
            {
                "job": job,
                "holds": holds,
                "steps": [
                    {"what": step.what, "holds": step.holds}
                    | ({} if step.holds else {"recorded": step.recorded, "recomputed": step.recomputed})
                    | ({"note": step.note} if step.note else {})
                    for step in steps
                ],
            }
        )
    else:
        for step in steps:
            sign = click.style("holds  ", fg="green") if step.holds else click.style("differs", fg="red")
            click.echo(f"{sign} {one_line(step.what)}")
            if not step.holds:
                click.echo(f"          recorded:   {one_line(step.recorded)}")
                click.echo(f"          recomputed: {one_line(step.recomputed)}")
            if step.note:
                click.echo(f"          note: {one_line(step.note)}")
        click.echo(f"{sum(step.holds for step in steps)} of {len(steps)} decisions hold.")
    if not holds:
        raise Exit(FOUND_PROBLEMS_EXIT_CODE)


def _handed(settings: Settings, deployment: Deployment, tab: Hash) -> tuple[HandedOver, ...]:
    """What was handed over for a tab, as the nodes say."""
    with closing(open_pool(settings)) as pool:
        tabs = open_tabs(settings, deployment, Anyone(pool))
        return handed_on_chain(tabs, tab, first_block=first_block_of_tabs(deployment, tabs.address))


def _steps(
    session: Session,
    store: ContentStore,
    domain: Domain,
    subject: Hash,
    period: int | None,
    handed: tuple[HandedOver, ...] | None,
) -> list[Replayed]:
    """Of the tab of this id, where there is one; else of the job."""
    if period is not None or handed is not None or get_tab(session, subject) is not None:
        return replay_tab(session, store, exports_in(store), domain, subject, period=period, handed=handed)
    return replay_job(session, store, domain, subject)
