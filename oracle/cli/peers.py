"""`oracle peers`: what the other evaluators did, as this one has stored it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rich_click as click
from sqlalchemy.orm import Session

from oracle.cli.opened import reading
from oracle.cli.output import json_option, print_json, write_new
from oracle.cli.run import config_option
from oracle.cli.values import HASH
from oracle.config import Settings, load_settings
from oracle.domain.equivocation_file import EquivocationFile, SignedStatement
from oracle.domain.errors import EarnestError
from oracle.domain.fields import show_time
from oracle.domain.types import ZERO_HASH, Hash
from oracle.store import jobs as job_store
from oracle.store import peers as peer_store
from oracle.store.peers import Equivocation
from oracle.store.tables import Deployment

_FILE = click.Path(path_type=Path, dir_okay=False)
_SHOWN = 50  # newest of each kind


class NoProofError(EarnestError):
    """No contradiction is stored."""


@click.group()
def peers() -> None:
    """Look at the other evaluators: what they failed to do, where they differ, who contradicted itself.

    Reads the database only: works while the daemon runs, and while it does not.
    """


@peers.command()
@config_option
@json_option
def show(config: Path, *, as_json: bool) -> None:
    """Show incidents, attestations that differ from another evaluator's, and proofs of equivocation."""
    with _session(config) as (settings, session):
        found = _found(settings, session)
    if as_json:
        print_json(found)
        return
    for peer in found["peers"]:
        click.echo(f"Peer      {peer['evaluator']}  {peer['url']}")
    for item in found["incidents"]:
        about = "" if item["job"] is None else f"  job {item['job']}"
        click.echo(
            f"Incident  evaluator {item['evaluator']}: {item['kind']}, {item['times']} times, last "
            f"{show_time(int(item['last_at']))}{about}: {item['detail']}"
        )
    for item in found["dissents"]:
        click.echo(
            f"Dissent   job {item['job']}: evaluator {item['evaluator']} says {item['outcome']}, evaluator "
            f"{item['other']['evaluator']} {item['other']['outcome']}"
        )
    for item in found["equivocations"]:
        click.echo(
            f"Proof     job {item['job']}: evaluator {item['evaluator']} attested {item['a']} and {item['b']}"
            + (", shown to the contract" if item["proven"] else "")
        )
    if not (found["incidents"] or found["dissents"] or found["equivocations"]):
        click.echo("Nothing to report about the other evaluators.")


@peers.command()
@click.argument("job", metavar="JOB", type=HASH)
@click.argument("evaluator", type=click.IntRange(0, 31))
@click.option("--output", required=True, type=_FILE, help="Write the proof to this file.")
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@config_option
@json_option
def proof(*, job: Hash, evaluator: int, output: Path, force: bool, config: Path, as_json: bool) -> None:
    """Write the proof that EVALUATOR (an index) contradicted itself on JOB; anyone may then send it."""
    with _session(config) as (_, session):
        made = [item for item in peer_store.equivocations(session, [job]) if item.evaluator == evaluator]
        if not made:
            raise NoProofError(
                f"no contradiction of evaluator {evaluator} on job {job} is stored",
                field="evaluator",
                next_step="oracle peers show lists the proofs there are",
            )
        deployment = session.query(Deployment).one()
        document = _document(made[0], deployment.chain_id, deployment.escrow)
    write_new(output, (json.dumps(document.as_json(), indent=2) + "\n").encode(), force=force)
    if as_json:
        print_json({"path": str(output), "job": job, "evaluator": evaluator})
        return
    click.echo(f"Wrote the proof. Next: oracle job prove-equivocation {output}")


def _document(found: Equivocation, chain_id: int, escrow: str) -> EquivocationFile:
    return EquivocationFile(
        chain_id=chain_id,
        escrow=escrow,
        committee=found.committee,
        evaluator=found.evaluator,
        job=found.a.attestation.subject,
        deliverable=found.a.attestation.deliverable,
        a=SignedStatement.of(found.a.attestation, found.a.attested),
        b=SignedStatement.of(found.b.attestation, found.b.attested),
    )


def _found(settings: Settings, session: Session) -> dict[str, Any]:
    equivocations = peer_store.equivocations(session)
    shown = {
        committee: job_store.expelled_on(session, committee)
        for committee in {item.committee for item in equivocations}
    }
    return {
        "peers": [{"evaluator": peer.evaluator, "url": peer.url} for peer in settings.peers.others],
        "incidents": [
            {
                "committee": item.committee,
                "evaluator": item.evaluator,
                "kind": item.kind,
                "job": None if item.subject == ZERO_HASH else item.subject,
                "detail": item.detail,
                "times": item.times,
                "first_at": item.first_at,
                "last_at": item.last_at,
            }
            for item in peer_store.incidents(session, limit=_SHOWN)
        ],
        "dissents": [
            {
                "job": newer.attestation.subject,
                "committee": newer.committee,
                "evaluator": newer.evaluator,
                "outcome": newer.attestation.outcome.word,
                "evidence": newer.attestation.evidence,
                "other": {"evaluator": older.evaluator, "outcome": older.attestation.outcome.word},
            }
            for newer, older in peer_store.dissents(session, limit=_SHOWN)
        ],
        "equivocations": [
            {
                "job": item.a.attestation.subject,
                "committee": item.committee,
                "evaluator": item.evaluator,
                "a": item.a.attestation.outcome.word,
                "b": item.b.attestation.outcome.word,
                "proven": (item.evaluator, item.a.attestation.subject) in shown[item.committee],
            }
            for item in equivocations
        ],
    }


@contextmanager
def _session(config: Path) -> Iterator[tuple[Settings, Session]]:
    settings = load_settings(config)
    with reading(settings) as session:
        yield settings, session
