"""What was written since one last looked: rows that only ever come, told by their rising ids."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import bindparam, func, literal, select, union_all
from sqlalchemy.orm import Session

from oracle.domain.types import Hash
from oracle.store.rows import table_of
from oracle.store.tables import AttestationRow, EvaluatorVersion, JobVersion

OVERLAP = 5.0  # seconds for which a row with a lower id may still come
_LOOKED_BACK = 1_000  # ids before the newest that may still come when the first look is made

_JOBS, _ATTESTATIONS, _EVALUATORS = (
    table_of(mapped) for mapped in (JobVersion, AttestationRow, EvaluatorVersion)
)
_SOURCES = (
    (_JOBS, _JOBS.c.job),
    (_ATTESTATIONS, _ATTESTATIONS.c.subject),
    (_EVALUATORS, _EVALUATORS.c.committee),
)
_SINCE = union_all(
    *(
        select(literal(number), table.c.id, named).where(table.c.id > bindparam(f"low_{number}"))
        for number, (table, named) in enumerate(_SOURCES)
    )
)
_NEWEST = select(
    *(select(func.coalesce(func.max(table.c.id), 0)).scalar_subquery() for table, _named in _SOURCES)
)


@dataclass(frozen=True, slots=True)
class Changes:
    """What is new: jobs with another record or a further attestation, and whether an evaluator's changed."""

    jobs: frozenset[Hash]
    evaluators: bool


@dataclass(slots=True)
class _Tail:
    """The rows of one table that were told lately, by id, and when (monotonic seconds).

    Transactions end in another order than they began: a row with a lower id may come after one with a higher.
    Up to the first id that is missing nothing can come any more, and nothing is read again.
    """

    low: int
    told: dict[int, float] = field(default_factory=dict)

    def fresh(self, rows: Iterable[tuple[int, Hash]], now: float) -> set[Hash]:
        new = {number: name for number, name in rows if number not in self.told}
        self.told.update(dict.fromkeys(new, now))
        self.low = max((number for number, at in self.told.items() if now - at > OVERLAP), default=self.low)
        while self.low + 1 in self.told:
            self.low += 1
        self.told = {number: at for number, at in self.told.items() if number > self.low}
        return set(new.values())


class Marks:
    """Up to where somebody has looked.

    Rows that a rollback removes are told by nothing here: who looks must notice rollbacks himself.
    """

    def __init__(self, session: Session) -> None:
        newest = session.execute(_NEWEST).one()
        self._tails = [_Tail(max(0, number - _LOOKED_BACK)) for number in newest]

    def changes(self, session: Session, now: float) -> Changes:
        """What came since the last look; the first one tells of some that came before.

        Args:
            now: Monotonic seconds.
        """
        found: tuple[list[tuple[int, Hash]], ...] = ([], [], [])
        lows = {f"low_{number}": tail.low for number, tail in enumerate(self._tails)}
        for source, number, name in session.execute(_SINCE, lows):
            found[source].append((number, name))
        jobs, attested, evaluators = (
            tail.fresh(rows, now) for tail, rows in zip(self._tails, found, strict=True)
        )
        return Changes(frozenset(jobs | attested), bool(evaluators))
