"""What the escrow's events add up to: the record of a job, and of an evaluator's stake.

Each `apply_*` takes the record before an event and returns the one after it. A sequence the contract cannot
have emitted raises: then the node lied or left logs out, and nothing of it may be stored.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import NamedTuple, TypeAlias

from oracle.domain.errors import EarnestError
from oracle.domain.events import (
    ArbiterPaid,
    AttestationsPosted,
    DebtPaid,
    Delivered,
    Disputed,
    Expelled,
    JobClosed,
    JobOpened,
    Joined,
    Judged,
    KeyRotated,
    Lapsed,
    Left,
    Slashed,
    ToppedUp,
    UpFrontPaid,
    Withdrawn,
)
from oracle.domain.types import ZERO_ADDRESS, Address, Basis, Ending, Hash, Outcome, Standing, State


class ImpossibleEventsError(EarnestError):
    """Logs that the contract cannot have emitted in this order: the node's answer is wrong or incomplete."""


class Place(NamedTuple):
    """Where on the chain an event stands. `timestamp` is the block's, in Unix seconds."""

    block_number: int
    block_hash: Hash
    timestamp: int
    log_index: int


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job as its events tell it. Times are Unix seconds, amounts USDC base units, sets bit masks.

    `deliverable`, `delivered_at`, `anchor_block` and `anchor_hash` say what was anchored and where. `signers`
    are those of the verdict; where the basis is silence, the silent members. `posted` are members whose
    attestations short of a verdict were posted. `deadline` ends the challenge (JUDGED) or the ruling period
    (DISPUTED).
    """

    state: State
    members: int
    epoch: int
    opened_at: int
    deliverable: Hash | None = None
    delivered_at: int = 0
    anchor_block: int = 0
    anchor_hash: Hash | None = None
    posted: int = 0
    outcome: Outcome = Outcome.NONE
    basis: Basis = Basis.VERDICT
    signers: int = 0
    evidence: tuple[Hash, ...] = ()
    deadline: int = 0
    disputant: Address | None = None
    sought: Outcome = Outcome.NONE
    deposit: int = 0
    ending: Ending | None = None
    to_buyer: int = 0
    to_provider: int = 0
    to_evaluators: int = 0
    evaluator_set: int = 0
    to_arbiter: int = 0
    closed_at: int = 0


_every_field = attrgetter(*(field.name for field in fields(JobRecord)))


def _copied(record: JobRecord) -> JobRecord:
    return JobRecord(*_every_field(record))


def _changed(record: JobRecord, **changes: object) -> JobRecord:
    """`record` itself with other values: whoever calls has made sure that nobody else holds it.

    A copy by `dataclasses.replace` costs ten times as much, and this runs for every event there ever was.
    """
    for name, value in changes.items():
        object.__setattr__(record, name, value)
    return record


JobEvent: TypeAlias = (
    JobOpened
    | UpFrontPaid
    | Delivered
    | AttestationsPosted
    | Judged
    | Lapsed
    | Disputed
    | JobClosed
    | ArbiterPaid
)

_STATES_BEFORE: dict[type, tuple[State, ...]] = {
    UpFrontPaid: (State.OPEN,),
    Delivered: (State.OPEN,),
    AttestationsPosted: (State.OPEN,),
    Judged: (State.OPEN,),
    Lapsed: (State.OPEN,),
    Disputed: (State.JUDGED,),
    JobClosed: (State.OPEN, State.JUDGED, State.DISPUTED),
    ArbiterPaid: (State.DISPUTED, State.CLOSED),
}


def apply_job_event(record: JobRecord | None, event: JobEvent, place: Place) -> JobRecord:
    """The record of a job after `event`.

    Raises:
        ImpossibleEventsError: the event cannot follow the record.
    """
    return advance_job(None if record is None else _copied(record), event, place)


def advance_job(record: JobRecord | None, event: JobEvent, place: Place) -> JobRecord:
    """The same, in place: `record` must be the caller's alone, and is of no more use to it.

    Raises:
        ImpossibleEventsError: the event cannot follow the record.
    """
    if isinstance(event, JobOpened):
        if record is not None:
            raise ImpossibleEventsError(
                f"job {event.job} is opened a second time in block {place.block_number}"
            )
        return JobRecord(
            state=State.OPEN, members=event.members, epoch=event.epoch, opened_at=place.timestamp
        )
    state = State.NONE if record is None else record.state
    if record is None or state not in _STATES_BEFORE[type(event)]:
        raise ImpossibleEventsError(
            f"job {event.job} is {state} where block {place.block_number} says {type(event).__name__}",
            next_step="ask another RPC endpoint; the one configured leaves logs out or makes them up",
        )
    match event:
        case Delivered():
            if record.deliverable is not None:
                raise ImpossibleEventsError(f"job {event.job} is delivered twice")
            return _changed(
                record,
                deliverable=event.deliverable,
                delivered_at=place.timestamp,
                anchor_block=place.block_number,
                anchor_hash=place.block_hash,
            )
        case AttestationsPosted():
            return _changed(record, posted=record.posted | event.signers)
        case Judged():
            return _changed(
                record,
                state=State.JUDGED,
                outcome=event.outcome,
                basis=Basis.VERDICT,
                signers=event.signers,
                evidence=event.evidence,
                deadline=event.challenge_ends,
            )
        case Lapsed():
            return _changed(
                record,
                state=State.JUDGED,
                outcome=event.outcome,
                basis=event.basis,
                signers=event.silent,
                deadline=event.challenge_ends,
            )
        case Disputed():
            return _changed(
                record,
                state=State.DISPUTED,
                disputant=event.party,
                sought=event.sought,
                deposit=event.deposit,
                deadline=event.ruling_ends,
            )
        case JobClosed():
            return _changed(
                record,
                state=State.CLOSED,
                outcome=event.outcome,
                ending=event.how,
                to_buyer=event.to_buyer,
                to_provider=event.to_provider,
                to_evaluators=event.to_evaluators,
                evaluator_set=event.evaluator_set,
                closed_at=place.timestamp,
            )
        case ArbiterPaid():
            return _changed(record, to_arbiter=event.amount)
        case UpFrontPaid():
            return record


@dataclass(frozen=True, slots=True)
class EvaluatorRecord:
    """One evaluator of a committee as its events tell it. Amounts are USDC base units."""

    standing: Standing = Standing.ABSENT
    key: Address = ZERO_ADDRESS
    stake: int = 0
    owed: int = 0
    expelled: bool = False


EvaluatorEvent: TypeAlias = Joined | ToppedUp | Left | Withdrawn | KeyRotated | Slashed | Expelled | DebtPaid


def apply_evaluator_event(record: EvaluatorRecord, event: EvaluatorEvent) -> EvaluatorRecord:
    """The record of an evaluator after `event`. `Slashed` names a set: apply it to each of its members.

    Raises:
        ImpossibleEventsError: more is taken from a stake than it holds.
    """
    after = record
    match event:
        case Joined():
            after = replace(record, standing=Standing.JOINED, key=event.key, stake=event.stake)
        case ToppedUp():
            after = replace(record, stake=record.stake + event.amount)
        case Left():
            after = replace(record, standing=Standing.LEAVING)
        case Withdrawn():
            after = replace(record, standing=Standing.WITHDRAWN, stake=0)
        case KeyRotated():
            after = replace(record, key=event.key)
        case Slashed():
            after = replace(record, stake=record.stake - event.each)
        case Expelled():
            after = replace(record, expelled=True, owed=record.owed + event.share)
        case DebtPaid():
            after = replace(record, stake=record.stake - event.amount, owed=record.owed - event.amount)
    if after.stake < 0:
        raise ImpossibleEventsError(
            f"{type(event).__name__} takes more than the stake of {record.stake} in {event.committee}"
        )
    return after
