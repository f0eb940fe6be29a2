"""`oracle jobs`: the jobs as the daemon's store has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rich_click as click
from sqlalchemy.orm import Session

from oracle.cli.opened import reading
from oracle.cli.output import json_option, print_json
from oracle.cli.run import config_option
from oracle.cli.tx import entry_json, entry_line
from oracle.cli.values import HASH
from oracle.config import load_settings
from oracle.daemon.replayed import ReplayError
from oracle.domain.fields import show_time
from oracle.domain.types import Hash, State
from oracle.pact.visible import one_line
from oracle.store import history, work
from oracle.store import jobs as job_store
from oracle.store.jobs import StoredJob


@click.command()
@click.argument("job", type=HASH, required=False)
@click.option("--state", type=click.Choice([state.word for state in State if state]), help="Only these.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many."
)
@config_option
@json_option
def jobs(*, job: Hash | None, state: str | None, limit: int, config: Path, as_json: bool) -> None:
    """Show the jobs the daemon knows, newest first; or JOB with all that was done for it.

    Reads the database only. `oracle job show` asks the chain.
    """
    with reading(load_settings(config)) as session:
        if job is not None:
            stored = job_store.get_job(session, job)
            if stored is None:
                raise ReplayError(
                    f"job {job} is not in this store",
                    field="job",
                    next_step="oracle jobs lists those that are; the daemon may not have read that far",
                )
            _show(session, stored, as_json=as_json)
            return
        wanted = None if state is None else next(one for one in State if one.word == state)
        found = [_line(session, one) for one in job_store.list_jobs(session, limit=limit, state=wanted)]
    if as_json:
        print_json({"jobs": found})
        return
    for one in found:
        click.echo(
            f"{one['job']:68}{one['state']:10}{one['outcome'] or '-':6}"
            f"{one['attestations']} of {one['threshold']} attested  {one['evaluation'] or 'not evaluated'}"
        )
    click.echo(f"{len(found)} job(s).")


def _line(session: Session, stored: StoredJob) -> dict[str, Any]:
    record, terms = stored.record, stored.agreement.terms
    committee = job_store.get_committee(session, terms.committee)
    evaluation = (
        None if record.deliverable is None else work.get_evaluation(session, stored.job, record.deliverable)
    )
    attested = {
        item.evaluator
        for item in work.attestations_of(session, [stored.job])
        if item.attestation.deliverable == record.deliverable
    }
    return {
        "job": stored.job,
        "state": record.state.word,
        "outcome": record.outcome.word if record.outcome else None,
        "committee": terms.committee,
        "delivered_at": record.delivered_at or None,
        "judge_by": terms.judge_by,
        "threshold": None if committee is None else committee.threshold,
        "attestations": len(attested),
        "evaluation": None if evaluation is None else evaluation.state.value,
        "evaluated": None if evaluation is None or not evaluation.outcome else evaluation.outcome.word,
        "evidence": None if evaluation is None else evaluation.evidence,
        "tries": 0 if evaluation is None else evaluation.tries,
        "reason": None if evaluation is None else evaluation.reason,
    }


def _show(session: Session, stored: StoredJob, *, as_json: bool) -> None:
    line = _line(session, stored)
    attestations = [
        {
            "evaluator": item.evaluator,
            "signer": item.signer,
            "outcome": item.attestation.outcome.word,
            "evidence": item.attestation.evidence,
            "committed": item.opens,
        }
        for item in work.attestations_of(session, [stored.job])
    ]
    events: list[dict[str, Any]] = [
        {"event": type(event).__name__, "block": place.block_number, "time": place.timestamp}
        for event, place in history.job_events(session, stored.job)
    ]
    entries = history.outbox_entries(session, job=stored.job)
    if as_json:
        shown = {"attested": attestations, "events": events}
        print_json(line | shown | {"transactions": [entry_json(entry) for entry in entries]})
        return
    click.echo(f"Job {stored.job}: {line['state']}{', ' + line['outcome'] if line['outcome'] else ''}")
    for event in events:
        click.echo(f"  {event['event']} in block {event['block']}, {show_time(event['time'])}")
    if line["evaluation"] is not None:
        reason = one_line(line["reason"])
        result = f", {line['evaluated']}" if line["evaluated"] else ""
        click.echo(f"Evaluation {line['evaluation']}{result} after {line['tries']} tries: {reason}")
        if line["evidence"]:
            click.echo(f"  evidence {line['evidence']}")
    for item in attestations:
        word = "" if item["committed"] else ", not what it had committed to"
        click.echo(f"Evaluator {item['evaluator']} attests {item['outcome']}{word}")
    for entry in entries:
        click.echo(entry_line(entry))
