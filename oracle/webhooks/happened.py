"""What an event of a job or tab says, as changes; and where one stands after its blocks were orphaned."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from oracle.api.show import event_arguments
from oracle.domain.types import Hash, State
from oracle.store import listing, tab_pages
from oracle.store import tabs as tab_store
from oracle.store.feed import FeedEvent
from oracle.webhooks.changes import EVENTS, TAB_EVENTS, Change, ChangeKind, make_change


def changes_of(session: Session, event: FeedEvent) -> list[Change]:
    """What an event says: of the job or tab, and of its dispute where it ends one."""
    kind, word = (TAB_EVENTS if event.of_tab else EVENTS)[event.name]
    made = [_change(event, kind, word)]
    ends = _ends_dispute_of_tab(session, event) if event.of_tab else _ends_dispute_of_job(session, event)
    if ends:
        made.append(_change(event, ChangeKind.DISPUTE, "closed"))
    return made


def _ends_dispute_of_job(session: Session, event: FeedEvent) -> bool:
    if event.name != "JobClosed":
        return False
    job = listing.get_job(session, event.subject)
    return job is not None and job.record.disputant is not None and job.record.state is State.CLOSED


def _ends_dispute_of_tab(session: Session, event: FeedEvent) -> bool:
    if event.name not in ("PeriodSettled", "TabClosed"):
        return False
    return tab_store.is_disputed(session, event.subject, before=(event.block, event.log_index))


def _change(event: FeedEvent, kind: ChangeKind, word: str) -> Change:
    data: dict[str, Any] = {
        "tab" if event.of_tab else "job": event.subject,
        "agent": event.agent,
        "block": event.block,
        "block_hash": event.block_hash,
        "log_index": event.log_index,
        "tx_hash": event.tx_hash,
        "event": event.name,
        "arguments": event_arguments(event.body),
    }
    return make_change(
        kind, word, data=data, time=event.time, height=event.block, height_hash=event.block_hash,
        of=str(event.log_index), agent=event.agent, subject=event.subject,
    )  # fmt: skip


class Stands:
    """Where jobs and tabs stand now, each looked up once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[Hash, dict[str, str | None]] = {}

    def of(self, subject: Hash, *, is_tab: bool) -> dict[str, str | None]:
        """A job with its `state`, or a tab with its `phase`; None: it does not exist."""
        if subject not in self._known:
            self._known[subject] = self._tab(subject) if is_tab else self._job(subject)
        return self._known[subject]

    def _job(self, job: Hash) -> dict[str, str | None]:
        found = listing.get_job(self._session, job)
        return {"job": job, "state": None if found is None else found.record.state.word}

    def _tab(self, tab: Hash) -> dict[str, str | None]:
        exists = tab_store.get_tab(self._session, tab) is not None
        return {"tab": tab, "phase": tab_pages.standing(self._session, tab).life.phase if exists else None}
