"""What is due for a job, for the evaluators whose keys this process holds.

Only jobs of committees served here come in. What comes out is data; the daemon carries it out. Every act
repeats until the chain shows it done, so acts must be cheap to repeat: the evaluation is kept, the journal
gives the same attestation again, and the outbox takes a purpose once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from oracle.decide.jobs import JobRecord
from oracle.decide.reorg import Heights, Level
from oracle.domain.terms import Terms
from oracle.domain.types import Hash, Outcome, State, bits_of


class Purpose(StrEnum):
    """What a transaction is for."""

    JUDGE = "judge"
    ATTEST = "attest"
    LAPSE = "lapse"
    SETTLE = "settle"
    FILL = "fill"
    """Nothing but using up a nonce that later ones wait for."""


class EvaluationState(StrEnum):
    """How far an evaluation is. WAITING: it failed to run, and is tried again at `retry_at`."""

    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Evaluated:
    """How far the evaluation of a deliverable is. `anchor_hash`: the block it was evaluated against."""

    state: EvaluationState
    anchor_hash: Hash
    outcome: Outcome = Outcome.NONE
    retry_at: float = 0.0


@dataclass(frozen=True, slots=True)
class DuePolicy:
    """When this process acts, and on what.

    Args:
        work_at: The delivery's block must have reached this level before the evaluation starts.
        sign_at: The same, before an attestation is signed.
        abstain: Neither evaluate nor sign for this committee; lapse and settle all the same.
        attest_before: Seconds before `judgeBy` at which attestations short of a verdict are posted, so that
            their signers do not pay for the others' silence. Zero: never.
        close: Whether to send lapse and settle.
    """

    work_at: Level = Level.LATEST
    sign_at: Level = Level.SAFE
    abstain: bool = False
    attest_before: int = 120
    close: bool = True


@dataclass(frozen=True, slots=True)
class JobFacts:
    """All that is known of one job.

    Args:
        held: Indices of evaluators whose current key this process holds.
        expelled: Indices of expelled evaluators; what they sign does not count.
        attested: Index to (outcome, payable) of each valid attestation for the anchored deliverable.
        pending: Purposes of this job that the outbox is working on.
    """

    job: Hash
    terms: Terms
    deliver_by: int
    record: JobRecord
    threshold: int
    held: frozenset[int]
    expelled: frozenset[int] = frozenset()
    evaluated: Evaluated | None = None
    attested: Mapping[int, tuple[Outcome, int]] = field(default_factory=dict)
    pending: frozenset[Purpose] = frozenset()


@dataclass(frozen=True, slots=True)
class Evaluate:
    """Fetch the delivery and measure it against the pact."""

    job: Hash


@dataclass(frozen=True, slots=True)
class SignFor:
    """Sign the evaluation's outcome as evaluator `index`."""

    job: Hash
    index: int


@dataclass(frozen=True, slots=True)
class Send:
    """Put a transaction into the outbox. `signers` and `outcome` for verdicts and attestations only."""

    job: Hash
    purpose: Purpose
    outcome: Outcome = Outcome.NONE
    signers: int = 0


Due: TypeAlias = Evaluate | SignFor | Send


def still_wanted(purpose: Purpose, record: JobRecord, terms: Terms, deliver_by: int, timestamp: int) -> bool:
    """Whether a transaction for `purpose` would still do something, at the chain's time `timestamp`.

    Limits are half-open: the earlier act strictly before, the later one from it on.
    """
    delivered = record.deliverable is not None
    match purpose:
        case Purpose.JUDGE | Purpose.ATTEST:
            return record.state is State.OPEN and delivered and timestamp < terms.judge_by
        case Purpose.LAPSE:
            limit = terms.judge_by if delivered else deliver_by
            return record.state is State.OPEN and timestamp >= limit
        case Purpose.SETTLE:
            return record.state in (State.JUDGED, State.DISPUTED) and timestamp >= record.deadline
        case Purpose.FILL:
            return True


def due(facts: JobFacts, heights: Heights, policy: DuePolicy, now: float) -> list[Due]:
    """What to do for one job now.

    Args:
        now: This machine's time, Unix seconds; only for retries. All limits go by the chain's time.
    """

    def wants(purpose: Purpose) -> bool:
        return purpose not in facts.pending and still_wanted(
            purpose, facts.record, facts.terms, facts.deliver_by, heights.timestamp
        )

    if policy.close:
        for purpose in (Purpose.LAPSE, Purpose.SETTLE):
            if wants(purpose):
                return [Send(facts.job, purpose)]
    if policy.abstain or not still_wanted(
        Purpose.JUDGE, facts.record, facts.terms, facts.deliver_by, heights.timestamp
    ):
        return []
    steps = _evaluation_steps(facts, heights, policy, now)
    verdict = _agreeing(facts)
    if Purpose.JUDGE in facts.pending:
        return steps
    if verdict is not None:
        return [*steps, Send(facts.job, Purpose.JUDGE, *verdict)]
    return [*steps, *_lone_attestations(facts, heights, policy)]


def _evaluation_steps(facts: JobFacts, heights: Heights, policy: DuePolicy, now: float) -> list[Due]:
    """Evaluate, or sign what was evaluated."""
    record, evaluated = facts.record, facts.evaluated
    mine = [
        index
        for index in sorted(facts.held)
        if record.members >> index & 1 and index not in facts.expelled and index not in facts.attested
    ]
    if not mine or record.anchor_block > heights.at(policy.work_at):
        return []
    if evaluated is None or evaluated.anchor_hash != record.anchor_hash:
        return [Evaluate(facts.job)]
    if evaluated.state is EvaluationState.WAITING and now >= evaluated.retry_at:
        return [Evaluate(facts.job)]
    if evaluated.state is not EvaluationState.DONE or record.anchor_block > heights.at(policy.sign_at):
        return []
    return [SignFor(facts.job, index) for index in mine]


def _groups(facts: JobFacts) -> dict[tuple[Outcome, int], list[int]]:
    """Members' attestations that agree, by outcome and payable."""
    groups: dict[tuple[Outcome, int], list[int]] = defaultdict(list)
    for index, (outcome, payable) in sorted(facts.attested.items()):
        if facts.record.members >> index & 1 and index not in facts.expelled:
            groups[outcome, payable].append(index)
    return groups


def _agreeing(facts: JobFacts) -> tuple[Outcome, int] | None:
    """Outcome and signers of a verdict, where exactly k can be chosen; the lowest indices are."""
    for (outcome, _payable), indices in _groups(facts).items():
        if len(indices) >= facts.threshold:
            return outcome, bits_of(indices[: facts.threshold])
    return None


def _lone_attestations(facts: JobFacts, heights: Heights, policy: DuePolicy) -> list[Due]:
    """Near the limit, attestations short of a verdict, so that those who signed are not taken for silent."""
    left = facts.terms.judge_by - heights.timestamp
    if policy.attest_before == 0 or left > policy.attest_before or Purpose.ATTEST in facts.pending:
        return []
    for (outcome, _payable), indices in _groups(facts).items():
        missing = [index for index in indices if not facts.record.posted >> index & 1]
        if missing:
            return [Send(facts.job, Purpose.ATTEST, outcome, bits_of(missing))]
    return []
