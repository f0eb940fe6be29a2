"""Running jobs as they were last gathered. A look gathers again only what something has happened to.

What happens to a job leaves a trace in the store, whichever process or thread wrote it: a record, an
attestation, the end of an evaluation, a transaction on its way. What no trace tells of (a row that came
later than its id says, a change by hand) is found by gathering everything every few seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping

from sqlalchemy.orm import Session

from oracle.daemon.facts import Panel, Situation, gather, panels
from oracle.decide.due import EvaluationState, Purpose
from oracle.domain.types import Address, Hash
from oracle.store import chain, outbox, work
from oracle.store.chain import Header
from oracle.store.changes import Marks

ANEW = 5.0  # seconds after which everything is gathered, whatever the marks say


class Running:
    """The jobs served here that are not closed. For one thread.

    Args:
        keys, also, reveal_before: See `facts.gather`.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        keys: Collection[Address],
        also: Collection[Hash],
        *,
        reveal_before: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keys = frozenset(keys)
        self._also = frozenset(also)
        self._reveal_before = reveal_before
        self._clock = clock
        self._known: dict[Hash, Situation] = {}
        self._panels: Mapping[Hash, Panel] = {}
        self._pending: Mapping[Hash, set[Purpose]] = {}
        self._unsettled: set[Hash] = set()
        self._head: Header | None = None
        self._marks: Marks | None = None
        self._anew_at = 0.0

    def forget(self) -> None:
        """The next look gathers everything: a turn was cut short, or another process led meanwhile."""
        self._marks = None

    def unsettled(self, job: Hash) -> None:
        """Something is due for a job: the next look gathers it again, whether it was done or not."""
        self._unsettled.add(job)

    def look(self, session: Session, *, every: bool) -> list[Situation]:
        """Situations as they are now, oldest job first.

        Args:
            every: All of them; if not, those that may have changed since the last look.
        """
        now, head, before = self._clock(), chain.head(session), self._head
        marks, self._head = self._marks, head
        # Unlike `_head`, this stays unset if what follows fails.
        self._marks = None
        pending = outbox.pending_purposes(session)
        is_new = marks is None or now >= self._anew_at or _undone(session, before, head)
        marks = Marks(session) if is_new or marks is None else marks
        changes = marks.changes(session, now)
        if is_new or changes.evaluators:
            self._panels = panels(session, self._keys, self._also)
            touched = None
            self._anew_at = now + ANEW
        else:
            touched = changes.jobs | self._unsettled | self._moved(session, pending, before, head)
        found = gather(
            session,
            self._panels,
            pending,
            now=0 if head is None else head.timestamp,
            reveal_before=self._reveal_before,
            only=touched,
        )
        if touched is None:
            self._known = found
        else:
            for job in touched:
                if job in found:
                    self._known[job] = found[job]  # one that is known keeps its place
                else:
                    self._known.pop(job, None)
        self._pending, self._marks, self._unsettled = pending, marks, set()
        if every or touched is None:
            return list(self._known.values())
        return [situation for job, situation in self._known.items() if job in touched]

    def _moved(
        self,
        session: Session,
        pending: Mapping[Hash, set[Purpose]],
        before: Header | None,
        head: Header | None,
    ) -> set[Hash]:
        """Jobs whose transactions, evaluation or reveal limit have come to another state."""
        moved = {
            job for job in pending.keys() | self._pending.keys() if pending.get(job) != self._pending.get(job)
        }
        running, unbegun = set(), set()
        for job, situation in self._known.items():
            evaluation = situation.evaluation
            if evaluation is None:
                if situation.facts.record.deliverable is not None:
                    unbegun.add(job)
            elif evaluation.state is EvaluationState.RUNNING:
                running.add(job)
            elif evaluation.state is EvaluationState.WAITING:
                moved.add(job)  # its time may be put forward
        moved |= work.moved_on(session, running, unbegun)
        if before is not None and head is not None and head.timestamp > before.timestamp:
            moved |= {
                job
                for job, situation in self._known.items()
                if before.timestamp < situation.revealed_at <= head.timestamp
            }
        return moved


def _undone(session: Session, before: Header | None, head: Header | None) -> bool:
    """Whether the head of the last look is no longer part of what is stored."""
    if before == head:
        return False
    if before is None or head is None:
        return True
    stored = chain.header_at(session, before.number)
    return stored is None or stored.hash != before.hash
