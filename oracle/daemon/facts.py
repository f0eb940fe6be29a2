"""What is known of the jobs served here, gathered from the store for the decisions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from oracle.decide.due import JobFacts, Purpose
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
    revealed_at: int = 0
    """The chain's time from which every attestation counts."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A committee served here, with its evaluators as they stand now."""

    committee: Committee
    keys: Mapping[int, Address]
    held: frozenset[int]
    expelled: frozenset[int]


def panels(session: Session, keys: Collection[Address], also: Collection[Hash] = ()) -> dict[Hash, Panel]:
    """Every committee in which one of `keys` signs, or which is in `also`."""
    found = {}
    for id_ in sorted(jobs.committees_of_keys(session, keys) | set(also)):
        committee = jobs.get_committee(session, id_)
        if committee is None:
            continue
        records = jobs.evaluators(session, id_)
        found[id_] = Panel(
            committee=committee,
            keys={index: record.key for index, record in records.items()},
            held=frozenset(index for index, record in records.items() if record.key in keys),
            expelled=frozenset(index for index, record in records.items() if record.expelled),
        )
    return found


def gather(
    session: Session,
    served: Mapping[Hash, Panel],
    pending: Mapping[Hash, Collection[Purpose]],
    *,
    now: int,
    reveal_before: int,
    only: Collection[Hash] | None = None,
) -> dict[Hash, Situation]:
    """Every job that is not closed, of a committee in `served`, or those of them among `only`; oldest first.

    Args:
        pending: Purposes by job that the outbox is working on.
        now: The chain's time, Unix seconds.
        reveal_before: Seconds before `judgeBy` from which an attestation counts that its evaluator had not
            committed to.
    """
    if not served or (only is not None and not only):
        return {}
    running = jobs.running_jobs(session, served, only)
    ids = [job.job for job in running]
    evaluations = work.evaluations_of(session, ids)
    attestations: dict[Hash, list[StoredAttestation]] = {}
    for item in work.attestations_of(session, ids):
        attestations.setdefault(item.attestation.subject, []).append(item)
    contradictions: dict[Hash, list[Equivocation]] = {}
    for proof in peers.equivocations(session, ids):
        contradictions.setdefault(proof.a.attestation.subject, []).append(proof)
    found = {}
    for job in running:
        terms = job.agreement.terms
        panel = served[terms.committee]
        deliverable = job.record.deliverable
        proofs = contradictions.get(job.job, [])
        to_show = _unproven(session, proofs, terms.committee)
        revealed_at = reveal_limit(job.record.delivered_at, terms.judge_by, reveal_before)
        counted = {
            item.evaluator: item
            for item in attestations.get(job.job, ())
            if item.committee == terms.committee
            and item.attestation.deliverable == deliverable
            and item.signer == panel.keys.get(item.evaluator)
            # Who has said both has said neither; who said something else than it committed to waits.
            and item.evaluator not in {proof.evaluator for proof in proofs}
            and (item.opens or now >= revealed_at)
        }
        evaluation = None if deliverable is None else evaluations.get((job.job, deliverable))
        facts = JobFacts(
            job=job.job,
            terms=terms,
            deliver_by=job.agreement.opening.deliver_by,
            record=job.record,
            threshold=panel.committee.threshold,
            held=panel.held,
            expelled=panel.expelled,
            evaluated=None if evaluation is None else evaluation.as_evaluated(),
            attested={
                index: (item.attestation.outcome, item.attestation.payable) for index, item in counted.items()
            },
            seen={index: item.seen_at for index, item in counted.items()},
            unproven={index: proof.seen_at for index, proof in to_show.items() if index not in panel.held},
            pending=frozenset(pending.get(job.job, ())),
        )
        found[job.job] = Situation(
            job, panel.committee, panel.keys, facts, evaluation, counted, to_show, revealed_at
        )
    return found


def gather_all(
    session: Session,
    keys: Collection[Address],
    also: Collection[Hash] = (),
    *,
    reveal_before: int = REVEAL_BEFORE,
) -> dict[Hash, Situation]:
    """Every job that is not closed, of a committee in which one of `keys` signs, or which is in `also`."""
    return gather(
        session,
        panels(session, keys, also),
        outbox.pending_purposes(session),
        now=chain.now(session),
        reveal_before=reveal_before,
    )


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
