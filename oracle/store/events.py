"""Events and the records they add up to, a range of blocks at a time.

A first sync reads millions of events: records are brought up to date in memory, every table gets its rows
in one statement. What one range of many blocks and many of one leave behind is the same, but for versions
that a later event of their own block replaced: nothing could ever roll back to those; they are not stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar, get_args

from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from oracle.decide.jobs import (
    EvaluatorEvent,
    EvaluatorRecord,
    ImpossibleEventsError,
    JobEvent,
    JobRecord,
    Place,
    advance_job,
    apply_evaluator_event,
)
from oracle.domain.events import CommitteeCreated, EscrowEvent, JobClosed, JobOpened, Slashed
from oracle.domain.typed import opening_hash
from oracle.domain.types import Hash, members_of
from oracle.store import codec
from oracle.store.everyday import agreement_text, opened_text
from oracle.store.rows import insert_tuples, table_of
from oracle.store.tables import CommitteeRow, EvaluatorVersion, EventRow, JobRow, JobVersion

_AT_ONCE = 400  # keys in one query; SQLite's older limit for parameters is 999
_JOB_EVENTS = frozenset(get_args(JobEvent))
_LATER_EVENTS = _JOB_EVENTS - {JobOpened}
_EVALUATOR_EVENTS = frozenset(get_args(EvaluatorEvent))

_Key = TypeVar("_Key")
_Record = TypeVar("_Record")
_Item = TypeVar("_Item")


class Happened(NamedTuple):
    """An event with its transaction and its place."""

    event: EscrowEvent
    tx_hash: Hash
    place: Place


class Piece(NamedTuple):
    """Events in the order of the chain, and what of them is stored as it is: see `piece_of`.

    `jobs` and `committees` are those whose records the events change.
    """

    happened: Sequence[Happened]
    events: Sequence[tuple[object, ...]]
    opened: Sequence[tuple[object, ...]]
    created: Sequence[tuple[object, ...]]
    jobs: Set[Hash]
    committees: Set[Hash]


def piece_of(happened: Iterable[Happened]) -> Piece:
    """Events with their rows. That takes no database."""
    kept: list[Happened] = []
    events: list[tuple[object, ...]] = []
    opened: list[tuple[object, ...]] = []
    created: list[tuple[object, ...]] = []
    jobs: set[Hash] = set()
    committees: set[Hash] = set()
    event: Any  # of the kind that is asked for below: no check for each of millions
    for item in happened:
        event, tx_hash, place = item
        kept.append(item)
        kind = type(event)
        number, _, _, log_index = place
        if kind is JobOpened:
            opened.append(_job_row(event, number))
            text = opened_text(event)
        else:
            text = codec.event_text(event)
            if kind in _LATER_EVENTS:
                jobs.add(event.job)
            elif kind in _EVALUATOR_EVENTS:
                committees.add(event.committee)
            elif kind is CommitteeCreated:
                created.append(_committee_row(event, number))
        events.append((number, log_index, tx_hash, kind.__name__, codec.event_subject(event), text))
    # One that is opened here is not stored; should it be, its row is refused (see `Saving.add`).
    jobs.difference_update([job for job, *_ in opened])
    return Piece(kept, events, opened, created, jobs, committees)


def save_events(session: Session, happened: Sequence[Happened], *, kept_from: int = 0) -> None:
    """Store events, in the order of the chain, and bring the records up to date.

    Args:
        kept_from: Versions that end before this block are not stored: no rollback goes back so far.

    Raises:
        ImpossibleEventsError: they cannot have happened in this order; nothing may be kept.
    """
    saving = Saving(session, kept_from=kept_from)
    saving.add(piece_of(happened))
    saving.finish()


class Saving:
    """Stores events piece by piece in one transaction.

    Records are written once each: those of jobs that were closed with their piece, all others at its end.

    Args:
        kept_from: See `save_events`.
    """

    def __init__(self, session: Session, *, kept_from: int = 0) -> None:
        self._session = session
        self._jobs = _Jobs(session, kept_from)
        self._evaluators = _Evaluators(session, kept_from)

    def add(self, piece: Piece) -> None:
        """Store these events, which follow those before in the order of the chain.

        Raises:
            ImpossibleEventsError: they cannot have happened in this order; nothing may be kept.
        """
        self._jobs.load(piece.jobs)
        self._evaluators.load(piece.committees)
        event: Any  # of the kind that is asked for below: no check for each of millions
        for event, _, place in piece.happened:
            kind = type(event)
            if kind in _JOB_EVENTS:
                self._jobs.apply(event, place)
            elif kind in _EVALUATOR_EVENTS:
                self._evaluators.apply(event, place)
        insert_tuples(self._session, EventRow, _EVENT, piece.events)
        try:
            insert_tuples(self._session, JobRow, _JOB, piece.opened)
        except IntegrityError as error:
            raise ImpossibleEventsError(
                f"a job is opened a second time between blocks {piece.happened[0].place.block_number} "
                f"and {piece.happened[-1].place.block_number}",
                next_step="ask another RPC endpoint; the one configured makes logs up",
            ) from error
        insert_tuples(self._session, CommitteeRow, _COMMITTEE, piece.created)
        self._jobs.let_go()

    def finish(self) -> None:
        """Write the records as they are now. Nothing may be added after."""
        self._jobs.versions.save()
        self._evaluators.versions.save()


_EVENT = ("block_number", "log_index", "tx_hash", "name", "subject", "body")
_JOB = ("job", "committee", "buyer", "provider", "pact", "opening_hash", "agreement", "block_number")
_COMMITTEE = ("committee", "terms", "block_number")


def _job_row(event: JobOpened, number: int) -> tuple[object, ...]:
    terms, opening = event.agreement.terms, event.agreement.opening
    return (
        event.job,
        terms.committee,
        terms.buyer,
        terms.provider,
        opening.pact,
        opening_hash(opening),
        agreement_text(event.agreement),
        number,
    )


def _committee_row(event: CommitteeCreated, number: int) -> tuple[object, ...]:
    return event.committee, codec.COMMITTEES.text(event.terms), number


@dataclass(slots=True)
class _Track(Generic[_Record]):
    """A record as it is so far, and the place of the event it is after.

    `row` is the stored version that the next one ends; `place` is None while nothing happened to the record.
    """

    record: _Record
    row: int | None = None
    place: Place | None = None


class _Versions(Generic[_Key, _Record]):
    """Records of one kind by key, and the versions that they go through.

    Args:
        names: A version's columns, but for where it begins and ends.
        values: Their values. It may not hold what holds this: the records of a whole sync would wait for the
            collector, which is off while history is read.
        kept_from: See `save_events`.
    """

    def __init__(
        self,
        session: Session,
        table: type[JobVersion | EvaluatorVersion],
        names: tuple[str, ...],
        values: Callable[[_Key, _Record], tuple[object, ...]],
        kept_from: int,
    ) -> None:
        self._session = session
        self._table = table
        self._names = (*names, "block_number", "log_index", "until_block")
        self._values = values
        self._kept_from = kept_from
        self._tracks: dict[_Key, _Track[_Record]] = {}
        self._made: list[tuple[object, ...]] = []
        self._ended: list[dict[str, int]] = []

    def stored(self, key: _Key, record: _Record, row: int) -> None:
        """The version that is current in the table."""
        self._tracks[key] = _Track(record, row)

    def end(self, key: _Key, place: Place) -> _Record | None:
        """The record as it is so far, whose version ends here; `follow` says what it becomes.

        It is the caller's to change: what is still needed of it is text by now.
        """
        track = self._tracks.get(key)
        if track is None:
            return None
        if track.row is not None:
            self._ended.append({"ended": track.row, "until": place.block_number})
            track.row = None
        elif track.place is not None and self._is_kept(track.place, place):
            self._made.append(self._version(key, track.record, track.place, place.block_number))
        return track.record

    def follow(self, key: _Key, place: Place, after: _Record) -> None:
        """The record's next version."""
        track = self._tracks.get(key)
        if track is None:
            self._tracks[key] = _Track(after, place=place)
        else:
            track.record, track.place = after, place

    def _is_kept(self, begins: Place, ends: Place) -> bool:
        """Whether a version could be current again after a rollback."""
        return begins.block_number < ends.block_number and ends.block_number >= self._kept_from

    def save(self, keys: Iterable[_Key] | None = None) -> None:
        """Store what was made, and end what it replaces. The records of `keys`, or of all, are forgotten."""
        table = table_of(self._table)
        if self._ended:
            self._session.connection().execute(
                update(table).where(table.c.id == bindparam("ended")).values(until_block=bindparam("until")),
                self._ended,
            )
        tracks = [(key, self._tracks.pop(key)) for key in (list(self._tracks) if keys is None else keys)]
        current = [
            self._version(key, track.record, track.place, None)
            for key, track in tracks
            if track.place is not None
        ]
        insert_tuples(self._session, self._table, self._names, self._made + current)
        self._made, self._ended = [], []

    def _version(self, key: _Key, record: _Record, begins: Place, until: int | None) -> tuple[object, ...]:
        return (*self._values(key, record), begins.block_number, begins.log_index, until)


class _Jobs:
    """Jobs' records, those that are named by the events read so far."""

    def __init__(self, session: Session, kept_from: int) -> None:
        self._session = session
        self._committees: dict[Hash, Hash] = {}
        self._closed: list[Hash] = []
        committees = self._committees

        def values(job: Hash, record: JobRecord) -> tuple[object, ...]:
            return job, committees[job], int(record.state), codec.JOB_RECORDS.text(record)

        self.versions: _Versions[Hash, JobRecord] = _Versions(
            session, JobVersion, ("job", "committee", "state", "record"), values, kept_from
        )

    def load(self, named: Set[Hash]) -> None:
        """Read the records of these jobs."""
        # Not `named - keys()`: that goes through all that are loaded, not through those that are named.
        for jobs in _pieces(sorted(job for job in named if job not in self._committees)):
            query = select(JobVersion.id, JobVersion.job, JobVersion.committee, JobVersion.record).where(
                JobVersion.job.in_(jobs), JobVersion.until_block.is_(None)
            )
            for row, job, committee, record in self._session.execute(query):
                self._committees[job] = committee
                self.versions.stored(job, codec.JOB_RECORDS.value(record), row)

    def apply(self, event: JobEvent, place: Place) -> None:
        """Raises ImpossibleEventsError where the event cannot follow."""
        job = event.job
        after = advance_job(self.versions.end(job, place), event, place)
        if type(event) is JobOpened:
            self._committees[job] = event.agreement.terms.committee
        elif type(event) is JobClosed:
            self._closed.append(job)
        self.versions.follow(job, place, after)

    def let_go(self) -> None:
        """Store the records of jobs that were closed, and forget them: the contract says no more of those.

        Each is written while the processor still has it at hand, and a sync's need not all be kept.
        """
        if self._closed:
            self.versions.save(self._closed)
            for job in self._closed:
                del self._committees[job]
            self._closed.clear()


class _Evaluators:
    """Evaluators' records, those of the committees that are named by the events read so far."""

    def __init__(self, session: Session, kept_from: int) -> None:
        self._session = session
        self._loaded: set[Hash] = set()
        self.versions: _Versions[tuple[Hash, int], EvaluatorRecord] = _Versions(
            session,
            EvaluatorVersion,
            ("committee", "evaluator", "key", "record"),
            _evaluator_values,
            kept_from,
        )

    def load(self, named: Set[Hash]) -> None:
        """Read the records of these committees' evaluators."""
        for committees in _pieces(sorted(named - self._loaded)):
            query = select(
                EvaluatorVersion.id,
                EvaluatorVersion.committee,
                EvaluatorVersion.evaluator,
                EvaluatorVersion.record,
            ).where(EvaluatorVersion.committee.in_(committees), EvaluatorVersion.until_block.is_(None))
            for row, committee, index, record in self._session.execute(query):
                self.versions.stored((committee, index), codec.EVALUATOR_RECORDS.value(record), row)
        self._loaded |= named

    def apply(self, event: EvaluatorEvent, place: Place) -> None:
        """Raises ImpossibleEventsError where the event cannot follow. `Slashed` names several evaluators."""
        for index in members_of(event.slashed) if isinstance(event, Slashed) else [event.index]:
            key = (event.committee, index)
            before = self.versions.end(key, place) or EvaluatorRecord()
            self.versions.follow(key, place, apply_evaluator_event(before, event))


def _evaluator_values(key: tuple[Hash, int], record: EvaluatorRecord) -> tuple[object, ...]:
    return *key, record.key, codec.EVALUATOR_RECORDS.text(record)


def _pieces(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    return (items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE))
