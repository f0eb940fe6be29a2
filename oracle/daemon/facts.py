"""What is known of the jobs served here, gathered from the store for the decisions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from oracle.decide.due import JobFacts
from oracle.domain.committee import Committee
from oracle.domain.types import Address, Hash
from oracle.store import jobs, outbox, work
from oracle.store.jobs import StoredJob
from oracle.store.work import StoredAttestation, StoredEvaluation


@dataclass(frozen=True, slots=True)
class Situation:
    """One job with all that acting on it needs."""

    stored: StoredJob
    committee: Committee
    keys: Mapping[int, Address]
    facts: JobFacts
    evaluation: StoredEvaluation | None
    attestations: Mapping[int, StoredAttestation]


def gather(session: Session, keys: Collection[Address], also: Collection[Hash] = ()) -> list[Situation]:
    """Every job that is not closed, of a committee in which one of `keys` signs, or which is in `also`."""
    served = jobs.committees_of_keys(session, keys) | set(also)
    running = jobs.running_jobs(session, served) if served else []
    ids = [job.job for job in running]
    evaluations = work.evaluations_of(session, ids)
    pending = outbox.pending_purposes(session, ids)
    attestations: dict[Hash, list[StoredAttestation]] = {}
    for item in work.attestations_of(session, ids):
        attestations.setdefault(item.attestation.subject, []).append(item)
    committees = {committee: jobs.get_committee(session, committee) for committee in served}
    evaluators = {committee: jobs.evaluators(session, committee) for committee in served}
    found = []
    for job in running:
        terms = job.agreement.terms
        committee = committees[terms.committee]
        if committee is None:
            continue
        records = evaluators[terms.committee]
        current = {index: record.key for index, record in records.items()}
        deliverable = job.record.deliverable
        counted = {
            item.evaluator: item
            for item in attestations.get(job.job, ())
            if item.committee == terms.committee
            and item.attestation.deliverable == deliverable
            and item.signer == current.get(item.evaluator)
        }
        evaluation = None if deliverable is None else evaluations.get((job.job, deliverable))
        facts = JobFacts(
            job=job.job,
            terms=terms,
            deliver_by=job.agreement.opening.deliver_by,
            record=job.record,
            threshold=committee.threshold,
            held=frozenset(index for index, key in current.items() if key in keys),
            expelled=frozenset(index for index, record in records.items() if record.expelled),
            evaluated=None if evaluation is None else evaluation.as_evaluated(),
            attested={
                index: (item.attestation.outcome, item.attestation.payable) for index, item in counted.items()
            },
            pending=frozenset(pending.get(job.job, set())),
        )
        found.append(Situation(job, committee, current, facts, evaluation, counted))
    return found
