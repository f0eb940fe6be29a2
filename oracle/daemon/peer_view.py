"""Deliveries under exchange, as they are stored, and what may be said about them to whom."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from oracle.daemon.cases import Case
from oracle.decide.exchange import Round, Sendable, is_open_to_all, may_reveal
from oracle.decide.jobs import EvaluatorRecord
from oracle.domain.types import Address, Hash, Outcome
from oracle.peers.messages import Reveal, Statement
from oracle.store.peers import StoredCommitment
from oracle.store.work import StoredAttestation

PASSED_ON_AFTER = (
    6  # seconds of the chain for which an attestation that agrees with ours is left to its maker
)
NO_SALT: Hash = "0x" + "00" * 32  # shown with an attestation that opens no commitment


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery and what evaluators said about it. `records`: of the committee's evaluators, by index."""

    case: Case
    deliverable: Hash
    round: Round
    records: Mapping[int, EvaluatorRecord]
    commitments: tuple[StoredCommitment, ...]
    attestations: tuple[StoredAttestation, ...]

    def is_current(self, evaluator: int, signer: Address) -> bool:
        """Whether `signer` is the key with which this evaluator signs now."""
        record = self.records.get(evaluator)
        return record is not None and record.key == signer

    def has_attested(self, evaluator: int) -> bool:
        """Whether an attestation of this evaluator's key is stored."""
        return any(
            item.evaluator == evaluator and self.is_current(evaluator, item.signer)
            for item in self.attestations
        )


@dataclass(frozen=True, slots=True)
class Said:
    """A statement that may go to a peer, and how it is decided when."""

    sendable: Sendable
    statement: Statement


def deliveries(
    committee: Hash,
    subjects: Collection[Hash],
    *,
    cases: Mapping[Hash, Case],
    threshold: int,
    records: Mapping[int, EvaluatorRecord],
    commitments: Iterable[StoredCommitment],
    attestations: Iterable[StoredAttestation],
) -> list[Delivery]:
    """What the chain anchors now of these subjects, in their order; those of other committees are left out.

    Args:
        cases: What `Cases.find` found of them.
        threshold: k of the committee.
        records: Its evaluators, by index.
        commitments: All about these subjects, and perhaps others.
        attestations: The same, oldest first.
    """
    anchored = {
        subject: (cases[subject], deliverable)
        for subject in subjects
        if subject in cases
        and cases[subject].committee == committee
        and (deliverable := cases[subject].deliverable) is not None
    }
    committed: dict[Hash, list[StoredCommitment]] = {}
    for commitment in commitments:
        if commitment.committee == committee:
            committed.setdefault(commitment.subject, []).append(commitment)
    attested: dict[Hash, list[StoredAttestation]] = {}
    for attestation in attestations:
        if attestation.committee == committee:
            attested.setdefault(attestation.attestation.subject, []).append(attestation)
    expelled = frozenset(index for index, record in records.items() if record.expelled)
    listed = []
    for subject, (case, deliverable) in anchored.items():
        bound = tuple(item for item in committed.get(subject, ()) if item.deliverable == deliverable)
        listed.append(
            Delivery(
                case=case,
                deliverable=deliverable,
                round=Round(
                    members=case.members,
                    expelled=expelled,
                    threshold=threshold,
                    committed=frozenset(
                        item.evaluator
                        for item in bound
                        if item.evaluator in records and records[item.evaluator].key == item.signer
                    ),
                    delivered_at=case.delivered_at,
                    judge_by=case.judge_by,
                ),
                records=records,
                commitments=bound,
                attestations=tuple(
                    item for item in attested.get(subject, ()) if item.attestation.deliverable == deliverable
                ),
            )
        )
    return listed


def said_to(
    delivery: Delivery, recipient: int, mine: Collection[int], timestamp: int, reveal_before: int
) -> list[Said]:
    """What evaluator `recipient` may hear about a delivery: our own statements, then others'.

    What another attested as we did its maker tells it: we do after a while, if they cannot reach each other.
    What differs, or contradicts itself, we pass on at once: whoever says one thing to one and another to the
    next differs from one of them.

    Args:
        mine: Indices of the evaluators of this process.
        timestamp: The chain's time, Unix seconds.
        reveal_before: See `decide.exchange`.
    """
    # Once a verdict stands on chain there is nothing left to copy.
    reveal = delivery.case.judged or may_reveal(delivery.round, recipient, timestamp, reveal_before)
    answered = delivery.has_attested(recipient)
    bound = {(item.evaluator, item.signer): item for item in delivery.commitments}
    said = []
    for evaluator in sorted(mine):
        commitment = bound.get((evaluator, _key(delivery, evaluator)))
        if commitment is not None:
            own = [item for item in _by(delivery, evaluator) if item.signer == commitment.signer]
            said.append(
                _said(commitment, own[0] if reveal and own else None, answered, commitment.commitment)
            )
    if not reveal:
        return said
    said += [
        _said(bound[item.evaluator, item.signer], item, answered, item.digest, mine=False)
        for item in _of_others(delivery, recipient, mine)
        if _passed_on_at(delivery, item, mine) <= timestamp
    ]
    return said


def more_at(delivery: Delivery, recipient: int, mine: Collection[int], timestamp: int) -> float:
    """The chain's time from which there is more for an evaluator to hear than now; infinity for never."""
    held = [_passed_on_at(delivery, item, mine) for item in _of_others(delivery, recipient, mine)]
    return min((at for at in held if at > timestamp), default=math.inf)


def _of_others(delivery: Delivery, recipient: int, mine: Collection[int]) -> list[StoredAttestation]:
    """Committed attestations that are neither ours nor the recipient's."""
    # What it signed itself it knows. Of two with its key somebody else may have made one, and not told it.
    skipped = {*mine} if len(_by(delivery, recipient)) > 1 else {recipient, *mine}
    bound = {(item.evaluator, item.signer) for item in delivery.commitments}
    return [
        item
        for item in delivery.attestations
        if item.evaluator not in skipped and (item.evaluator, item.signer) in bound
    ]


def _passed_on_at(delivery: Delivery, item: StoredAttestation, mine: Collection[int]) -> float:
    """The chain's time from which we pass on what another attested; infinity where it is of no more use."""
    ours = {_vote(other) for other in delivery.attestations if other.evaluator in mine}
    if _vote(item) not in ours or len(_by(delivery, item.evaluator)) > 1:
        return 0
    return math.inf if delivery.case.closed else item.seen_at + PASSED_ON_AFTER


def is_late(delivery: Delivery, evaluator: int, timestamp: int, reveal_before: int) -> bool:
    """Whether an evaluator has shown nothing though the time in which it may wait for others is over."""
    return (
        not delivery.case.judged
        and delivery.case.members >> evaluator & 1 == 1
        and is_open_to_all(delivery.round, timestamp, reveal_before)
        and not delivery.has_attested(evaluator)
    )


def _said(
    commitment: StoredCommitment,
    attestation: StoredAttestation | None,
    answered: bool,  # noqa: FBT001 - private, and named where it is called
    telling: Hash,
    *,
    mine: bool = True,
) -> Said:
    reveal = None
    if attestation is not None:
        reveal = Reveal(
            outcome=attestation.attestation.outcome.word,  # type: ignore[arg-type]
            payable=attestation.attestation.payable,
            evidence=attestation.attestation.evidence,
            r=attestation.attested.r,
            vs=attestation.attested.vs,
            salt=attestation.salt or NO_SALT,
        )
    statement = Statement(
        evaluator=commitment.evaluator,
        subject=commitment.subject,
        deliverable=commitment.deliverable,
        commitment=commitment.commitment,
        signature=commitment.signature,
        reveal=reveal,
    )
    key = (commitment.subject, commitment.deliverable, commitment.evaluator, telling)
    return Said(Sendable(key, reveal=reveal is not None, answered=answered, mine=mine), statement)


def _key(delivery: Delivery, evaluator: int) -> Address:
    record = delivery.records.get(evaluator)
    return "" if record is None else record.key


def _by(delivery: Delivery, evaluator: int) -> list[StoredAttestation]:
    return [item for item in delivery.attestations if item.evaluator == evaluator]


def _vote(item: StoredAttestation) -> tuple[Outcome, int]:
    return item.attestation.outcome, item.attestation.payable
