"""Goes through every decision about a job again, from what is stored and from the evidence, and compares.

Nothing is asked of a chain or a model, nothing is signed. The record follows from the events, the outcome
from the evaluation record, each attestation from the outcome, each call from attestations and record, and
each signed transaction from its call. What does not follow was changed after the fact, or decided by other
code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy.orm import Session

from oracle.daemon.calldata import calldata
from oracle.daemon.evaluation import UndecidedNotice
from oracle.daemon.facts import Situation
from oracle.daemon.replayed import Replayed, ReplayError, compared, signatures, transaction
from oracle.decide.due import DuePolicy, JobFacts, Purpose, Send, due
from oracle.decide.jobs import EvaluatorRecord, JobRecord, apply_job_event
from oracle.decide.reorg import Heights, Level
from oracle.domain.canonical import keccak_hex
from oracle.domain.committee import Committee
from oracle.domain.errors import EarnestError
from oracle.domain.typed import Domain
from oracle.domain.types import Hash, Outcome
from oracle.evaluation.record import MAX_RECORD_BYTES, EvaluationRecord, parse_record
from oracle.evaluation.verify import verify
from oracle.evidence.store import ContentStore
from oracle.jury.room import replayer
from oracle.store import history, jobs, work
from oracle.store.jobs import StoredJob
from oracle.store.work import StoredAttestation

_FAR = 2**62  # a block number above all
# Everything at once, everything settled, nobody waited for: what was done must follow from the facts alone.
_POLICY = DuePolicy(work_at=Level.LATEST, sign_at=Level.LATEST, attest_before=2**40, stagger=0, prove=True)


def replay(session: Session, store: ContentStore, domain: Domain, job: Hash) -> list[Replayed]:
    """Every decision about a job, gone through again.

    Args:
        store: Has the evidence and the documents it names.
        domain: The escrow's.

    Raises:
        ReplayError: the job is not stored.
    """
    stored = jobs.get_job(session, job)
    if stored is None:
        raise ReplayError(
            f"job {job} is not in this store",
            field="job",
            next_step="oracle jobs lists those that are; the daemon may not have read that far",
        )
    return [
        *_record(session, stored),
        *_evaluation(session, store, stored),
        *signatures(session, domain, job),
        *_calls(session, domain, stored),
    ]


def _record(session: Session, stored: StoredJob) -> Iterator[Replayed]:
    """The record from the events."""
    record: JobRecord | None = None
    versions = history.job_versions(session, stored.job)
    events = history.job_events(session, stored.job)
    for number, (event, place) in enumerate(events):
        what = f"record after {type(event).__name__} in block {place.block_number}"
        try:
            record = apply_job_event(record, event, place)
        except EarnestError as error:
            yield Replayed(what, False, "an event that was stored", error.message)
            return
        recorded = versions[number] if number < len(versions) else None
        yield compared(what, recorded, record)
    yield compared("number of versions of the record", len(versions), len(events))
    yield compared("the record as it stands", stored.record, record)


def _evaluation(session: Session, store: ContentStore, stored: StoredJob) -> Iterator[Replayed]:
    """The outcome from the evaluation record, and the record from the delivery."""
    deliverable = stored.record.deliverable
    found = None if deliverable is None else work.get_evaluation(session, stored.job, deliverable)
    if found is None or found.evidence is None:
        yield Replayed("evaluation", True, note="this process has not evaluated the job")
        return
    what = f"evaluation record {found.evidence}"
    try:
        data = store.get(found.evidence, max_bytes=MAX_RECORD_BYTES)
        document = _document(data)
        if isinstance(document, EvaluationRecord):
            verified = verify(data, store, expected_hash=found.evidence, replayer=replayer)
            differences, notes = verified.differences, verified.notes
        else:
            differences, notes = (), ("it says why no outcome could be found; there is nothing to recompute",)
    except EarnestError as error:
        yield Replayed(what, False, found.evidence, error.message)
        return
    outcome = document.outcome if isinstance(document, EvaluationRecord) else Outcome.LAPSE.word
    yield compared(f"outcome of {what}", found.outcome.word, outcome)
    for difference in differences:
        yield Replayed(f"{what} at {difference.pointer}", False, difference.recorded, difference.recomputed)
    if not differences:
        yield Replayed(what, True, note="; ".join(notes))
    # Each key stands behind a record of its own, which differs in nothing but whose it is.
    for entry in history.journal_of(session, stored.job):
        if entry.attestation.deliverable == deliverable:
            own = keccak_hex(document.model_copy(update={"evaluator": entry.signer}).canonical())
            yield compared(f"evidence that {entry.signer} signed for", entry.attestation.evidence, own)


def _document(data: bytes) -> EvaluationRecord | UndecidedNotice:
    try:
        return parse_record(data)
    except EarnestError:
        return UndecidedNotice.parse(data)


def _calls(session: Session, domain: Domain, stored: StoredJob) -> Iterator[Replayed]:
    """Each queued call from record and attestations, and each transaction from its call."""
    committee = jobs.get_committee(session, stored.agreement.terms.committee)
    entries = history.outbox_entries(session, job=stored.job, limit=10_000)
    if committee is None or not entries:
        return
    situations = list(_situations(session, stored, committee))
    for entry in reversed(entries):
        what = f"{entry.purpose.value} (entry {entry.id})"
        if entry.purpose is Purpose.PROVE:
            yield Replayed(what, True, note="proofs of equivocation are checked by the contract")
        else:
            made = {data for situation in situations for data in _calls_due(situation, entry.purpose)}
            yield Replayed(
                what,
                entry.data in made,
                f"0x{entry.data.hex()}",
                f"none of the {len(made)} calls that follow from what is stored",
            )
        for signed in entry.transactions:
            yield transaction(domain, entry, signed)


def _situations(session: Session, stored: StoredJob, committee: Committee) -> Iterator[Situation]:
    """What was known at each moment: each version of the record, attestations one by one, each roll."""
    versions = history.job_versions(session, stored.job)
    rolls = history.evaluator_rolls(session, stored.agreement.terms.committee)
    attestations = work.attestations_of(session, [stored.job])
    for version in versions:
        for count in range(len(attestations), -1, -1):
            for roll in rolls:
                yield _situation(stored, committee, version, attestations[:count], roll)


def _situation(
    stored: StoredJob,
    committee: Committee,
    record: JobRecord,
    attestations: list[StoredAttestation],
    roll: dict[int, EvaluatorRecord],
) -> Situation:
    keys = {index: evaluator.key for index, evaluator in roll.items()}
    counted = {
        item.evaluator: item
        for item in attestations
        if item.attestation.deliverable == record.deliverable and item.signer == keys.get(item.evaluator)
    }
    facts = JobFacts(
        job=stored.job,
        terms=stored.agreement.terms,
        deliver_by=stored.agreement.opening.deliver_by,
        record=record,
        threshold=committee.threshold,
        held=frozenset(),
        expelled=frozenset(index for index, evaluator in roll.items() if evaluator.expelled),
        attested={
            index: (item.attestation.outcome, item.attestation.payable) for index, item in counted.items()
        },
    )
    return Situation(replace(stored, record=record), committee, keys, facts, None, counted, {})


def _calls_due(situation: Situation, purpose: Purpose) -> Iterator[bytes]:
    """Calls of a purpose that follow from a situation, at a time at which it may be sent."""
    facts = situation.facts
    moments = {
        Purpose.JUDGE: facts.terms.judge_by - 1,
        Purpose.ATTEST: facts.terms.judge_by - 1,
        Purpose.LAPSE: facts.terms.judge_by if facts.record.deliverable is not None else facts.deliver_by,
        Purpose.SETTLE: facts.record.deadline,
    }
    heights = Heights(latest=_FAR, safe=_FAR, finalized=_FAR, timestamp=moments[purpose])
    for step in due(facts, heights, _POLICY, 0.0):
        if isinstance(step, Send) and step.purpose is purpose:
            yield calldata(situation, step)
