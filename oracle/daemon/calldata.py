"""The calls that what is due of jobs is carried out by, and which of those queued still have a purpose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from oracle.chain import calls
from oracle.daemon.facts import Situation, unproven
from oracle.decide.due import Purpose, Send, still_wanted
from oracle.domain.errors import EarnestError
from oracle.domain.terms import Verdict
from oracle.domain.types import ZERO_ADDRESS, Address, Hash, members_of
from oracle.store import chain as chain_store
from oracle.store import jobs as job_store
from oracle.store import outbox as outbox_store
from oracle.store.jobs import StoredJob


def calldata(situation: Situation, step: Send) -> bytes:
    """The call for what is to be sent. Whoever closes a job has the money paid out."""
    terms, opening = situation.facts.terms, situation.stored.opening_hash
    match step.purpose:
        case Purpose.JUDGE:
            return calls.judge(_verdict(situation, step), pay_out=True)
        case Purpose.ATTEST:
            return calls.attest(_verdict(situation, step))
        case Purpose.LAPSE:
            return calls.lapse(terms, opening)
        case Purpose.SETTLE:
            return calls.settle(terms, opening, pay_out=True)
        case Purpose.PROVE:
            return _proof(situation, step)
        case Purpose.FILL | Purpose.CLOSE | Purpose.FEEDBACK:
            return b""


def wanted_now(session: Session, entries: Sequence[outbox_store.LiveEntry]) -> set[int]:
    """Outbox entries whose purpose still stands, by what is stored."""
    subjects = {entry.call.subject for entry in entries if entry.call.subject is not None}
    stored = job_store.get_jobs(session, subjects) if subjects else {}
    timestamp = chain_store.now(session)
    return {entry.id for entry in entries if _is_wanted(session, entry, stored, timestamp)}


def _is_wanted(
    session: Session, entry: outbox_store.LiveEntry, jobs: Mapping[Hash, StoredJob], timestamp: int
) -> bool:
    if entry.call.purpose is Purpose.FILL or entry.call.subject is None:
        # It is for one nonce; where that was used by another transaction, it has nothing left to do.
        return entry.nonce is not None
    stored = jobs.get(entry.call.subject)
    if stored is None:
        return False
    if entry.call.purpose is Purpose.PROVE:
        return bool(unproven(session, stored.job, stored.agreement.terms.committee))
    agreement = stored.agreement
    return still_wanted(
        entry.call.purpose, stored.record, agreement.terms, agreement.opening.deliver_by, timestamp
    )


def _verdict(situation: Situation, step: Send) -> Verdict:
    chosen = members_of(step.signers)
    deliverable = situation.stored.record.deliverable
    if deliverable is None:
        raise EarnestError(f"job {step.job} has no delivery to attest")
    return Verdict(
        terms=situation.facts.terms,
        opening_hash=situation.stored.opening_hash,
        deliverable=deliverable,
        outcome=step.outcome,
        signers=step.signers,
        attested=tuple(situation.attestations[index].attested for index in chosen),
        # For a quorum the others are fewer than the signers, so naming them costs less than it saves.
        others=_others(situation, chosen) if step.purpose is Purpose.JUDGE else (),
    )


def _proof(situation: Situation, step: Send) -> bytes:
    proof = situation.proofs[members_of(step.signers)[0]]
    return calls.prove_equivocation(
        situation.facts.terms,
        situation.stored.opening_hash,
        proof.a.attestation.deliverable,
        calls.statement_of(proof.a.attestation, proof.a.attested),
        calls.statement_of(proof.b.attestation, proof.b.attested),
    )


def _others(situation: Situation, chosen: list[int]) -> tuple[Address, ...]:
    """Keys of the evaluators who do not sign, as the committee's roll has them: zero where none counts."""
    everyone = range(len(situation.committee.evaluators))
    expelled = situation.facts.expelled
    return tuple(
        ZERO_ADDRESS if index in expelled else situation.keys.get(index, ZERO_ADDRESS)
        for index in everyone
        if index not in chosen
    )
