"""`oracle incident`: a failed job, replayed from the evidence."""

from __future__ import annotations

import time
from pathlib import Path

import rich_click as click

from oracle.cli.documents import FILE
from oracle.cli.opened import reading
from oracle.cli.output import json_option, print_json, write_new
from oracle.cli.run import config_option
from oracle.cli.values import HASH
from oracle.config import load_settings
from oracle.daemon.openness import kept_in
from oracle.domain.types import Hash
from oracle.incident.derive import incident_of
from oracle.incident.markdown import incident_markdown
from oracle.incident.reading import read_case
from oracle.policy.files import load_policies


@click.command()
@click.argument("job", type=HASH)
@click.option("--output", type=FILE, help="Write the document (Markdown) here.")
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@config_option
@json_option
def incident(*, job: Hash, output: Path | None, force: bool, config: Path, as_json: bool) -> None:
    """Replay JOB: every signal, what still granted trust, what broke first, who paid, what changed since.

    From the store and the evidence kept beside it: neither chain nor model is asked. docs/incidents.md has
    the rules.
    """
    settings = load_settings(config)
    policies = load_policies([settings.path(path) for path in settings.policies.files], now=int(time.time()))
    with reading(settings) as session:
        case = read_case(
            session,
            kept_in(settings.path(settings.evidence.directory)),
            job,
            roots=settings.score.roots,
            policies=policies,
        )
    found = incident_of(case)
    text = incident_markdown(found)
    if output is not None:
        write_new(output, text.encode(), force=force)
    if as_json:
        print_json(found.as_json() | {"hash": found.hash()})
        return
    click.echo(text if output is None else f"Wrote {output}.")
