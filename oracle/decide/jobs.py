"""What the escrow's events add up to: the record of a job, and of an evaluator's stake.

Each `apply_*` takes the record before an event and returns the one after it. A sequence the contract cannot
have emitted raises: then the node lied or left logs out, and nothing of it may be stored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

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
from oracle.domain.job import JobView, mark_of
from oracle.domain.quick import maker
from oracle.domain.terms import Agreement
from oracle.domain.types import (
    ZERO_ADDRESS,
    ZERO_HASH,
    Address,
    Basis,
    Ending,
    Hash,
    Outcome,
    Standing,
    State,
)


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


def view_of(record: JobRecord, agreement: Agreement) -> JobView:
    """A record as the contract shows the job; what its slot would no longer keep is kept here."""
    return JobView(
        state=record.state,
        delivered=record.deliverable is not None,
        epoch=record.epoch,
        members=record.members,
        opened_at=record.opened_at,
        provider=agreement.terms.provider,
        deliver_by=agreement.opening.deliver_by,
        mark=ZERO_HASH if record.deliverable is None else mark_of(record.deliverable),
        outcome=record.outcome,
        basis=record.basis,
        signers=record.signers,
        deadline=record.deadline,
        sought=record.sought,
        buyer_disputes=record.disputant == agreement.terms.buyer,
        attested=record.posted,
    )


_every_field = attrgetter(*(field.name for field in fields(JobRecord)))
_record = maker(JobRecord)
_NOTHING_YET = tuple(field.default for field in fields(JobRecord)[4:])  # of a job that was just opened


def _copied(record: JobRecord) -> JobRecord:
    return _record(*_every_field(record))


# Into a record that nobody else holds. `dataclasses.replace` costs ten times as much, and this runs for every
# event there ever was.
_put = object.__setattr__

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
        return _record(State.OPEN, event.members, event.epoch, place.timestamp, *_NOTHING_YET)
    state = State.NONE if record is None else record.state
    if record is None or state not in _STATES_BEFORE[type(event)]:
        raise ImpossibleEventsError(
            f"job {event.job} is {state} where block {place.block_number} says {type(event).__name__}",
            next_step="ask another RPC endpoint; the one configured leaves logs out or makes them up",
        )
    _ADVANCES[type(event)](record, event, place)
    return record


def _delivered(record: JobRecord, event: Delivered, place: Place) -> None:
    if record.deliverable is not None:
        raise ImpossibleEventsError(f"job {event.job} is delivered twice")
    _put(record, "deliverable", event.deliverable)
    _put(record, "delivered_at", place.timestamp)
    _put(record, "anchor_block", place.block_number)
    _put(record, "anchor_hash", place.block_hash)


def _posted(record: JobRecord, event: AttestationsPosted, _place: Place) -> None:
    _put(record, "posted", record.posted | event.signers)


def _judged(record: JobRecord, event: Judged, _place: Place) -> None:
    _put(record, "state", State.JUDGED)
    _put(record, "outcome", event.outcome)
    _put(record, "basis", Basis.VERDICT)
    _put(record, "signers", event.signers)
    _put(record, "evidence", event.evidence)
    _put(record, "deadline", event.challenge_ends)


def _lapsed(record: JobRecord, event: Lapsed, _place: Place) -> None:
    _put(record, "state", State.JUDGED)
    _put(record, "outcome", event.outcome)
    _put(record, "basis", event.basis)
    _put(record, "signers", event.silent)
    _put(record, "deadline", event.challenge_ends)


def _disputed(record: JobRecord, event: Disputed, _place: Place) -> None:
    _put(record, "state", State.DISPUTED)
    _put(record, "disputant", event.party)
    _put(record, "sought", event.sought)
    _put(record, "deposit", event.deposit)
    _put(record, "deadline", event.ruling_ends)


def _closed(record: JobRecord, event: JobClosed, place: Place) -> None:
    _put(record, "state", State.CLOSED)
    _put(record, "outcome", event.outcome)
    _put(record, "ending", event.how)
    _put(record, "to_buyer", event.to_buyer)
    _put(record, "to_provider", event.to_provider)
    _put(record, "to_evaluators", event.to_evaluators)
    _put(record, "evaluator_set", event.evaluator_set)
    _put(record, "closed_at", place.timestamp)


def _arbiter_paid(record: JobRecord, event: ArbiterPaid, _place: Place) -> None:
    _put(record, "to_arbiter", event.amount)


def _up_front_paid(_record: JobRecord, _event: UpFrontPaid, _place: Place) -> None:
    """It changes nothing that is kept."""


_ADVANCES: dict[type, Callable[[JobRecord, Any, Place], None]] = {
    UpFrontPaid: _up_front_paid,
    Delivered: _delivered,
    AttestationsPosted: _posted,
    Judged: _judged,
    Lapsed: _lapsed,
    Disputed: _disputed,
    JobClosed: _closed,
    ArbiterPaid: _arbiter_paid,
}


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
