"""What is known of the jobs served here, gathered from the store for the decisions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from oracle.decide.due import JobFacts
from oracle.decide.exchange import reveal_limit
from oracle.domain.committee import Committee
from oracle.domain.types import Address, Hash
from oracle.store import chain, jobs, outbox, peers, work
from oracle.store.jobs import StoredJob
from oracle.store.peers import Equivocation
from oracle.store.work import StoredAttestation, StoredEvaluation

REVEAL_BEFORE = 300  # seconds, where the settings do not say otherwise


@dataclass(frozen=True, slots=True)
class Situation:
    """One job with all that acting on it needs."""

    stored: StoredJob
    committee: Committee
    keys: Mapping[int, Address]
    facts: JobFacts
    evaluation: StoredEvaluation | None
    attestations: Mapping[int, StoredAttestation]
    proofs: Mapping[int, Equivocation]
    """Contradictions the contract does not know of, by evaluator."""


def gather(
    session: Session,
    keys: Collection[Address],
    also: Collection[Hash] = (),
    *,
    reveal_before: int = REVEAL_BEFORE,
) -> list[Situation]:
    """Every job that is not closed, of a committee in which one of `keys` signs, or which is in `also`.

    Args:
        reveal_before: Seconds before `judgeBy` from which an attestation counts that its evaluator had not
            committed to.
    """
    served = jobs.committees_of_keys(session, keys) | set(also)
    running = jobs.running_jobs(session, served) if served else []
    ids = [job.job for job in running]
    evaluations = work.evaluations_of(session, ids)
    pending = outbox.pending_purposes(session, ids)
    attestations: dict[Hash, list[StoredAttestation]] = {}
    for item in work.attestations_of(session, ids):
        attestations.setdefault(item.attestation.subject, []).append(item)
    contradictions: dict[Hash, list[Equivocation]] = {}
    for proof in peers.equivocations(session, ids):
        contradictions.setdefault(proof.a.attestation.subject, []).append(proof)
    now = chain.now(session)
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
        proofs = contradictions.get(job.job, [])
        to_show = _unproven(session, proofs, terms.committee)
        late = now >= reveal_limit(job.record.delivered_at, terms.judge_by, reveal_before)
        counted = {
            item.evaluator: item
            for item in attestations.get(job.job, ())
            if item.committee == terms.committee
            and item.attestation.deliverable == deliverable
            and item.signer == current.get(item.evaluator)
            # Who has said both has said neither; who said something else than it committed to waits.
            and item.evaluator not in {proof.evaluator for proof in proofs}
            and (item.opens or late)
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
            seen={index: item.seen_at for index, item in counted.items()},
            unproven={
                index: proof.seen_at for index, proof in to_show.items() if current.get(index) not in keys
            },
            pending=frozenset(pending.get(job.job, set())),
        )
        found.append(Situation(job, committee, current, facts, evaluation, counted, to_show))
    return found


def unproven(session: Session, job: Hash, committee: Hash) -> dict[int, Equivocation]:
    """Contradictions about a job that the contract was not shown, by evaluator."""
    return _unproven(session, peers.equivocations(session, [job]), committee)


def _unproven(session: Session, found: Collection[Equivocation], committee: Hash) -> dict[int, Equivocation]:
    if not found:
        return {}
    shown = jobs.expelled_on(session, committee)
    return {
        proof.evaluator: proof
        for proof in found
        if (proof.evaluator, proof.a.attestation.subject) not in shown
    }
