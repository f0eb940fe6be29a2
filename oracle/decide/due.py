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
from oracle.decide.turns import due_from, turn_of
from oracle.decide.waiting import LONGEST_RETRY, is_over
from oracle.domain.terms import Terms
from oracle.domain.types import Hash, Outcome, State, bits_of, members_of


class Purpose(StrEnum):
    """What a transaction is for."""

    JUDGE = "judge"
    ATTEST = "attest"
    LAPSE = "lapse"
    SETTLE = "settle"
    PROVE = "prove"
    """Show the contract two attestations of one evaluator that contradict each other."""
    CLOSE = "close"
    """End a tab; a job is closed by what decides it."""
    FEEDBACK = "feedback"
    """Say in ERC-8004's reputation registry how an agent did; by a lane of its own."""
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
        stagger: Seconds of the chain's time between the evaluators' turns to send what any of them could.
            Zero: this process does not wait for others.
        prove: Whether to send proofs of equivocation.
    """

    work_at: Level = Level.LATEST
    sign_at: Level = Level.SAFE
    abstain: bool = False
    attest_before: int = 120
    close: bool = True
    stagger: int = 0
    prove: bool = False


@dataclass(frozen=True, slots=True)
class JobFacts:
    """All that is known of one job.

    Args:
        held: Indices of evaluators whose current key this process holds.
        expelled: Indices of expelled evaluators; what they sign does not count.
        attested: Index to (outcome, payable) of each valid attestation for the anchored deliverable. Who
            contradicted itself is not among them.
        seen: Index to the chain's time when that attestation was stored here.
        unproven: Index to the chain's time when a contradiction was stored that the contract does not know.
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
    seen: Mapping[int, int] = field(default_factory=dict)
    unproven: Mapping[int, int] = field(default_factory=dict)
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
    """Put a transaction into the outbox.

    `signers` and `outcome` are for verdicts and attestations; a proof's `signers` is the one it is about.
    """

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
        case Purpose.PROVE:
            return record.state is not State.NONE
        case Purpose.CLOSE | Purpose.FEEDBACK:
            return False
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

    proofs = _proofs(facts, heights, policy) if wants(Purpose.PROVE) else []
    if policy.close:
        for purpose, since in (
            (Purpose.LAPSE, facts.terms.judge_by if facts.record.deliverable else facts.deliver_by),
            (Purpose.SETTLE, facts.record.deadline),
        ):
            if wants(purpose):
                mine = _turn_comes(facts, policy, since) <= heights.timestamp
                return [*proofs, *([Send(facts.job, purpose)] if mine else [])]
    if policy.abstain or not still_wanted(
        Purpose.JUDGE, facts.record, facts.terms, facts.deliver_by, heights.timestamp
    ):
        return proofs
    steps = [*proofs, *_evaluation_steps(facts, heights, policy, now)]
    verdict = _agreeing(facts)
    if Purpose.JUDGE in facts.pending:
        return steps
    if verdict is not None:
        outcome, signers, since = verdict
        if _turn_comes(facts, policy, since, until=facts.terms.judge_by) <= heights.timestamp:
            steps.append(Send(facts.job, Purpose.JUDGE, outcome, signers))
        return steps
    return [*steps, *_lone_attestations(facts, heights, policy)]


def _turn_comes(facts: JobFacts, policy: DuePolicy, since: int, *, until: int | None = None) -> int:
    """The chain's time from which it is for this process to send what any evaluator may send from `since`."""
    indices = set(members_of(facts.record.members)) - facts.expelled
    turn = turn_of(facts.job, indices, facts.held)
    return due_from(since, turn, policy.stagger, until=until, size=len(indices))


def _proofs(facts: JobFacts, heights: Heights, policy: DuePolicy) -> list[Due]:
    """A proof of equivocation, one at a time. Whoever shows it gets half of the share."""
    if not policy.prove:
        return []
    due_now: list[Due] = [
        Send(facts.job, Purpose.PROVE, signers=1 << index)
        for index, since in sorted(facts.unproven.items())
        if _turn_comes(facts, policy, since) <= heights.timestamp
    ]
    return due_now[:1]


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
    if evaluated.state is EvaluationState.WAITING and is_over(now, evaluated.retry_at, LONGEST_RETRY):
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


def _agreeing(facts: JobFacts) -> tuple[Outcome, int, int] | None:
    """Outcome and signers of a verdict where k agree, and since when they are known. The lowest sign."""
    for (outcome, _payable), indices in _groups(facts).items():
        if len(indices) >= facts.threshold:
            since = sorted(facts.seen.get(index, 0) for index in indices)[facts.threshold - 1]
            return outcome, bits_of(indices[: facts.threshold]), since
    return None


def _lone_attestations(facts: JobFacts, heights: Heights, policy: DuePolicy) -> list[Due]:
    """Near the limit, attestations short of a verdict, so that those who signed are not taken for silent."""
    since = facts.terms.judge_by - policy.attest_before
    if policy.attest_before == 0 or Purpose.ATTEST in facts.pending or heights.timestamp < since:
        return []
    if heights.timestamp < _turn_comes(facts, policy, since, until=facts.terms.judge_by):
        return []
    for (outcome, _payable), indices in _groups(facts).items():
        missing = [index for index in indices if not facts.record.posted >> index & 1]
        if missing:
            return [Send(facts.job, Purpose.ATTEST, outcome, bits_of(missing))]
    return []
