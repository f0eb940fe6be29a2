"""`oracle replay`: every decision about a job, gone through again."""

from __future__ import annotations

from pathlib import Path

import rich_click as click
from click.exceptions import Exit

from oracle.cli.opened import reading
from oracle.cli.output import FOUND_PROBLEMS_EXIT_CODE, json_option, print_json
from oracle.cli.run import config_option
from oracle.cli.values import HASH
from oracle.config import load_settings
from oracle.daemon.replay import replay as replay_job
from oracle.domain.typed import Domain
from oracle.domain.types import Hash
from oracle.opening.places import deployment_of, open_store
from oracle.pact.visible import one_line


@click.command()
@click.argument("job", type=HASH)
@config_option
@json_option
def replay(*, job: Hash, config: Path, as_json: bool) -> None:
    """Go through every decision about JOB again, from what is stored and from the evidence.

    The record from the events, the outcome from the evidence, each attestation from the outcome, each call
    from what was attested, each transaction from its call. Asks no chain and no model, signs and sends
    nothing. Exits with 1 where something does not follow.
    """
    settings = load_settings(config)
    deployment = deployment_of(settings)
    domain = Domain(deployment.chain_id, deployment.escrow)
    with reading(settings) as session:
        steps = replay_job(session, open_store(settings), domain, job)
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
