"""`oracle methodology`: check, hash and publish how a committee judges."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import rich_click as click

from oracle.cli.documents import FILE, FOLDER, load_document
from oracle.cli.output import json_option, print_json
from oracle.domain.amounts import format_usdc
from oracle.evidence.store import ContentStore
from oracle.pact.methodology import Methodology


@click.group()
def methodology() -> None:
    """Check, hash and publish methodologies.

    A methodology is how a committee judges: jurors, rubrics, certainties, probes, draw and limits. The
    committee and every agreement with it pin its hash; a changed methodology is another one.
    """


@methodology.command(name="hash")
@click.argument("file", type=FILE)
@json_option
def hash_(*, file: Path, as_json: bool) -> None:
    """Print the hash of FILE: keccak-256 of its canonical form (RFC 8785)."""
    read = load_document(Methodology, file)
    if as_json:
        print_json({"name": read.name, "version": read.version, "hash": read.hash()})
    else:
        click.echo(read.hash())


@methodology.command()
@click.argument("file", type=FILE)
@json_option
def check(*, file: Path, as_json: bool) -> None:
    """Read FILE and say in short how it judges."""
    read = load_document(Methodology, file)
    families = sorted({juror.family for juror in read.jury.jurors})
    enough = len(families) >= read.jury.minimum_jurors
    if as_json:
        print_json(
            {
                "hash": read.hash(),
                "name": read.name,
                "version": read.version,
                "families": families,
                "jury_possible": enough,
                "tabs": None if read.tabs is None else {"deters": read.tabs.deters},
            }
        )
        return
    jury, probes = read.jury, read.probes
    click.echo(f"{read.name} version {read.version}: {read.summary}")
    click.echo(
        f"Jury: {jury.minimum_jurors} to {jury.maximum_jurors} families of {', '.join(families) or 'none'}"
    )
    if not enough:
        click.echo("  too few families for the minimum: every jury condition will stay undecided")
    release, fail = jury.release_certainty_bps / 100, jury.fail_certainty_bps / 100
    click.echo(f"Certainty: Pass from {release:g} %, Fail from {fail:g} %")
    click.echo(f"Probes: at least {probes.minimum}, {probes.minimum_adversarial} of them adversarial")
    click.echo(f"Draw: {read.draw.source}, {read.draw.delay_seconds} s after the delivery")
    models = read.limits.models
    click.echo(f"A job costs at most {models.job_tokens:,} tokens and {format_usdc(int(models.job_money))}")
    for line in _about_tabs(read):
        click.echo(line)
    click.echo(f"hash {read.hash()}")


def _about_tabs(read: Methodology) -> Iterator[str]:
    rules = read.tabs
    if rules is None:
        yield "Tabs: none are judged; a methodology of version 1 has no rules for them"
        return
    fewest, most = read.sampling[0].interactions, read.sampling[-1].interactions
    yield f"Tabs: {fewest:,} to {most:,} interactions drawn a period, more where the evidence is thin"
    yield f"  drawn {read.period_draw.delay_seconds:,} s after the window; until then exports are handed over"
    share, level = rules.fail_share_bps / 100, rules.fail_level_bps / 100
    yield f"  the bond is lost where more than {share:g} % failed, at a level of {level:g} %"
    detection, gain = rules.detection_bps / 100, rules.gain_bps / 100
    verdict = "cheating loses money" if rules.deters else "cheating on few calls can pay: raise detection"
    yield f"  detection {detection:g} %, assumed gain {gain:g} %: {verdict}"


@methodology.command()
@click.argument("file", type=FILE)
@click.option("--store", type=FOLDER, required=True, help="Directory of the content-addressed store.")
@json_option
def publish(*, file: Path, store: Path, as_json: bool) -> None:
    """Put FILE into a store under its hash, where evaluators find it."""
    digest = ContentStore(store).put(load_document(Methodology, file).canonical())
    if as_json:
        print_json({"hash": digest, "store": str(store)})
    else:
        click.echo(digest)
