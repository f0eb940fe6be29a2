"""Events and the records they add up to, a range of blocks at a time.

A first sync reads millions of events: records are brought up to date in memory, every table gets its rows
in one statement. What one range of many blocks and many of one leave behind is the same, but for versions
that a later event of their own block replaced: nothing could ever roll back to those; they are not stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar, cast, get_args

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from oracle.decide.jobs import (
    EvaluatorEvent,
    EvaluatorRecord,
    JobEvent,
    JobRecord,
    Place,
    apply_evaluator_event,
    apply_job_event,
)
from oracle.domain.events import CommitteeCreated, EscrowEvent, JobOpened, Slashed
from oracle.domain.typed import opening_hash
from oracle.domain.types import Hash, members_of
from oracle.store import codec
from oracle.store.rows import Row, insert_rows, table_of
from oracle.store.tables import CommitteeRow, EvaluatorVersion, EventRow, JobRow, JobVersion

_AT_ONCE = 400  # keys in one query; SQLite's older limit for parameters is 999
_JOB_EVENTS = frozenset(get_args(JobEvent))
_EVALUATOR_EVENTS = frozenset(get_args(EvaluatorEvent))

_Key = TypeVar("_Key")
_Record = TypeVar("_Record")
_Item = TypeVar("_Item")


class Happened(NamedTuple):
    """An event with its transaction and its place."""

    event: EscrowEvent
    tx_hash: Hash
    place: Place


def save_events(session: Session, happened: Sequence[Happened], *, kept_from: int = 0) -> None:
    """Store events, in the order of the chain, and bring the records up to date.

    Args:
        kept_from: Versions that end before this block are not stored: no rollback goes back so far.

    Raises:
        ImpossibleEventsError: they cannot have happened in this order; nothing may be kept.
    """
    jobs = _Jobs(session, happened, kept_from)
    evaluators = _Evaluators(session, happened, kept_from)
    events: list[Row] = []
    opened: list[Row] = []
    committees: list[Row] = []
    for item in happened:
        event, place = item.event, item.place
        kind = type(event)
        events.append(
            {
                "block_number": place.block_number,
                "log_index": place.log_index,
                "tx_hash": item.tx_hash,
                "name": kind.__name__,
                "subject": codec.event_subject(event),
                "body": codec.event_text(event),
            }
        )
        if isinstance(event, JobOpened):
            opened.append(_job_row(event, place))
        if kind in _JOB_EVENTS:
            jobs.apply(cast("JobEvent", event), place)
        elif kind in _EVALUATOR_EVENTS:
            evaluators.apply(cast("EvaluatorEvent", event), place)
        elif isinstance(event, CommitteeCreated):
            committees.append(
                {
                    "committee": event.committee,
                    "terms": codec.COMMITTEES.text(event.terms),
                    "block_number": place.block_number,
                }
            )
    insert_rows(session, EventRow, events)
    insert_rows(session, JobRow, opened)
    insert_rows(session, CommitteeRow, committees)
    jobs.versions.save()
    evaluators.versions.save()


def _job_row(event: JobOpened, place: Place) -> Row:
    terms, opening = event.agreement.terms, event.agreement.opening
    return {
        "job": event.job,
        "committee": terms.committee,
        "buyer": terms.buyer,
        "provider": terms.provider,
        "pact": opening.pact,
        "opening_hash": opening_hash(opening),
        "agreement": codec.AGREEMENTS.text(event.agreement),
        "block_number": place.block_number,
    }


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
        columns: A version's columns, but for where it begins and ends.
        kept_from: See `save_events`.
    """

    def __init__(
        self,
        session: Session,
        table: type[JobVersion | EvaluatorVersion],
        columns: Callable[[_Key, _Record], Row],
        kept_from: int,
    ) -> None:
        self._session = session
        self._table = table
        self._columns = columns
        self._kept_from = kept_from
        self._tracks: dict[_Key, _Track[_Record]] = {}
        self._made: list[Row] = []
        self._ended: list[Row] = []

    def stored(self, key: _Key, record: _Record, row: int) -> None:
        """The version that is current in the table."""
        self._tracks[key] = _Track(record, row)

    def record(self, key: _Key) -> _Record | None:
        """The record as it is so far."""
        track = self._tracks.get(key)
        return None if track is None else track.record

    def follow(self, key: _Key, place: Place, after: _Record) -> None:
        """The record's next version."""
        track = self._tracks.get(key)
        if track is None:
            self._tracks[key] = _Track(after, place=place)
            return
        if track.row is not None:
            self._ended.append({"ended": track.row, "until": place.block_number})
            track.row = None
        elif track.place is not None and self._is_kept(track.place, place):
            self._made.append(self._version(key, track.record, track.place, place.block_number))
        track.record, track.place = after, place

    def _is_kept(self, begins: Place, ends: Place) -> bool:
        """Whether a version could be current again after a rollback."""
        return begins.block_number < ends.block_number and ends.block_number >= self._kept_from

    def save(self) -> None:
        """Store what was made, and end what it replaces."""
        table = table_of(self._table)
        if self._ended:
            self._session.connection().execute(
                update(table).where(table.c.id == bindparam("ended")).values(until_block=bindparam("until")),
                self._ended,
            )
        current = [
            self._version(key, track.record, track.place, None)
            for key, track in self._tracks.items()
            if track.place is not None
        ]
        insert_rows(self._session, self._table, self._made + current)

    def _version(self, key: _Key, record: _Record, begins: Place, until: int | None) -> Row:
        return {
            **self._columns(key, record),
            "block_number": begins.block_number,
            "log_index": begins.log_index,
            "until_block": until,
        }


class _Jobs:
    """Jobs' records, those that are named by the events read at once."""

    def __init__(self, session: Session, happened: Sequence[Happened], kept_from: int) -> None:
        self._committees: dict[Hash, Hash] = {}
        self.versions: _Versions[Hash, JobRecord] = _Versions(session, JobVersion, self._columns, kept_from)
        named = {cast("JobEvent", item.event).job for item in happened if type(item.event) in _JOB_EVENTS}
        for jobs in _pieces(sorted(named)):
            query = select(JobVersion.id, JobVersion.job, JobVersion.committee, JobVersion.record).where(
                JobVersion.job.in_(jobs), JobVersion.until_block.is_(None)
            )
            for row, job, committee, record in session.execute(query):
                self._committees[job] = committee
                self.versions.stored(job, codec.JOB_RECORDS.value(record), row)

    def apply(self, event: JobEvent, place: Place) -> None:
        """Raises ImpossibleEventsError where the event cannot follow."""
        after = apply_job_event(self.versions.record(event.job), event, place)
        if isinstance(event, JobOpened):
            self._committees[event.job] = event.agreement.terms.committee
        self.versions.follow(event.job, place, after)

    def _columns(self, job: Hash, record: JobRecord) -> Row:
        return {
            "job": job,
            "committee": self._committees[job],
            "state": int(record.state),
            "record": codec.JOB_RECORDS.text(record),
        }


class _Evaluators:
    """Evaluators' records, those of the committees that are named by the events read at once."""

    def __init__(self, session: Session, happened: Sequence[Happened], kept_from: int) -> None:
        self.versions: _Versions[tuple[Hash, int], EvaluatorRecord] = _Versions(
            session, EvaluatorVersion, self._columns, kept_from
        )
        named = {
            cast("EvaluatorEvent", item.event).committee
            for item in happened
            if type(item.event) in _EVALUATOR_EVENTS
        }
        for committees in _pieces(sorted(named)):
            query = select(
                EvaluatorVersion.id,
                EvaluatorVersion.committee,
                EvaluatorVersion.evaluator,
                EvaluatorVersion.record,
            ).where(EvaluatorVersion.committee.in_(committees), EvaluatorVersion.until_block.is_(None))
            for row, committee, index, record in session.execute(query):
                self.versions.stored((committee, index), codec.EVALUATOR_RECORDS.value(record), row)

    def apply(self, event: EvaluatorEvent, place: Place) -> None:
        """Raises ImpossibleEventsError where the event cannot follow. `Slashed` names several evaluators."""
        for index in members_of(event.slashed) if isinstance(event, Slashed) else [event.index]:
            key = (event.committee, index)
            before = self.versions.record(key) or EvaluatorRecord()
            self.versions.follow(key, place, apply_evaluator_event(before, event))

    def _columns(self, key: tuple[Hash, int], record: EvaluatorRecord) -> Row:
        return {
            "committee": key[0],
            "evaluator": key[1],
            "key": record.key,
            "record": codec.EVALUATOR_RECORDS.text(record),
        }


def _pieces(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    return (items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE))
