"""Makes what happened on the chain into changes, once each, and queues a delivery for whoever wants it.

What a block said may be taken back. A change whose block is orphaned is followed by a correction that names
it; what the other branch says is told like everything else. A block that comes back is told again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import orjson
from sqlalchemy.orm import Session

from oracle.api.show import event_arguments
from oracle.domain.types import ZERO_HASH, Hash, State
from oracle.store import chain as chain_store
from oracle.store import feed as store
from oracle.store import listing
from oracle.store import webhooks as subscriptions
from oracle.store.feed import Announced, FeedEvent, StoredChange
from oracle.store.standings import Standing
from oracle.webhooks.changes import EVENTS, Change, ChangeKind, make_change, message_id, told_again

_AT_ONCE = 500  # events, and agents, in one transaction


class Feed:
    """Changes in the order in which they are noticed.

    Args:
        clock: Unix seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock

    def has_news(self, session: Session) -> bool:
        """Whether `step` has something to do that is worth a transaction."""
        reached, head = store.reached(session), chain_store.cursor(session)
        if reached is None or head is None:
            return False
        return head.hash != reached.height_hash or bool(store.differing(session, limit=1))

    def step(self, session: Session) -> int:
        """Make what happened since into changes, in the caller's transaction. How much there was to do.

        Nothing where nobody ever subscribed.
        """
        reached = store.reached(session)
        if reached is None:
            return 0
        told = 0
        hashes = chain_store.block_hashes(session, [reached.height])
        if reached.height >= 0 and hashes.get(reached.height) != reached.height_hash:
            told += self._correct(session, reached)
        told += self._events(session)
        return told + self._standings(session, reached.begun)

    def announce(self, session: Session, change: Change, *, without: str | None = None) -> int | None:
        """Keep a change and queue it for all who want it. Its number; None where it was known, and holds.

        Args:
            without: A subscription that is not told.
        """
        while store.is_orphaned(session, change.name):
            change = told_again(change)
        number = store.add_change(
            session,
            name=change.name,
            kind=change.kind.value,
            agent=change.agent,
            subject=change.subject,
            height=change.height,
            height_hash=change.height_hash,
            body=change.body,
        )
        if number is None:
            return None
        wanted = [
            (webhook.id, number, message_id(webhook.id, change.name))
            for webhook in subscriptions.every(session)
            if webhook.id != without
            and webhook.stopped is None
            and webhook.wants(change.kind.value, change.agent)
        ]
        subscriptions.queue(session, wanted, now=self._clock())
        return number

    def _correct(self, session: Session, reached: store.Reached) -> int:
        """Another branch is the chain: take back what followed from blocks that are gone."""
        head = chain_store.cursor(session)
        highest = -1 if head is None else head.number
        gone: list[StoredChange] = []
        below, common = (2**62, 0), min(reached.begun, highest)
        while found := store.highest_changes(session, below=below, limit=_AT_ONCE):
            kept = chain_store.block_hashes(session, {change.height for change in found})
            for change in found:
                below = (change.height, change.id)
                if kept.get(change.height) == change.height_hash:
                    common = change.height
                    break
                if change.height <= highest and change.height not in kept and _holds(session, change):
                    continue  # a header that is no longer kept says nothing
                gone.append(change)
            else:
                continue
            break
        # Only now: a correction is itself a change of a block that is kept, and would end the search.
        told = 0
        for change in gone:
            store.mark_orphaned(session, change.id)
            told += self._take_back(session, change, highest)
        self._set_reached(session, min(common, highest))
        return told

    def _take_back(self, session: Session, change: StoredChange, head: int) -> int:
        """Correct what was told of a job. Scores and coverage are told anew once they are computed."""
        if change.kind in _DERIVED or change.subject is None:
            return 0
        job = listing.get_job(session, change.subject)
        now = None if job is None else job.record.state.word
        data = {
            "job": change.subject,
            "agent": change.agent,
            "block": change.height,
            "block_hash": change.height_hash,
            "state": now,
        }
        correction = make_change(
            ChangeKind(change.kind), "corrected", data=data, time=self._clock(),
            height=head, height_hash=_hash_at(session, head), of=change.name, agent=change.agent,
            subject=change.subject, corrects=change.name,
        )  # fmt: skip
        return int(self.announce(session, correction) is not None)

    def _set_reached(self, session: Session, height: int) -> None:
        """The highest block that is kept, up to this one."""
        found = chain_store.recent_blocks(session, below=height + 1, limit=1)
        at = (found[0].number, found[0].hash) if found else (-1, ZERO_HASH)
        store.set_reached(session, *at)

    def _events(self, session: Session) -> int:
        reached = store.reached(session)
        head = chain_store.cursor(session)
        if reached is None or head is None or head.number <= reached.height:
            return 0
        told = 0
        events, last = store.job_events(session, tuple(EVENTS), after=reached.height, limit=_AT_ONCE)
        for event in events:
            for change in _changes_of(session, event):
                told += self.announce(session, change) is not None
        if last is not None:
            self._set_reached(session, last)
        else:
            store.set_reached(session, head.number, head.hash)
        return told

    def _standings(self, session: Session, begun: int) -> int:
        head = chain_store.cursor(session)
        if head is None:
            return 0
        at = self._at(session, head.number)
        told = 0
        for standing, last in store.differing(session, limit=_AT_ONCE):
            if last is None and standing.first_block <= begun:
                # It was there before anybody listened: what is so is no change.
                so = Announced(standing.score, standing.cap, standing.exposure, None, None, None, None)
                store.set_announced(session, standing.agent, so)
                told += 1
                continue
            told += self._differs(session, standing, last or _NOBODY, at)
        for agent, last in store.vanished(session, limit=_AT_ONCE):
            gone = Standing(agent, head.number, 0, 0, 0, None, 0, 1000, 0, 0, 0, None, 0)
            told += self._differs(session, gone, last, at)
        return told

    def _at(self, session: Session, height: int) -> dict[str, Any]:
        header, bound = chain_store.header_at(session, height), chain_store.bound_deployment(session)
        if header is None or bound is None:
            return {"block": height}
        return {
            "chain_id": bound[0],
            "escrow": bound[1],
            "block": header.number,
            "block_hash": header.hash,
            "time": header.timestamp,
        }

    def _differs(self, session: Session, now: Standing, was: Announced, at: dict[str, Any]) -> int:
        score_change, coverage_change, told = was.score_change, was.coverage_change, 0
        if now.score != was.score or was.score_wrong is not None:
            data = {
                "at": at,
                "agent": now.agent,
                "score": now.score,
                "was": was.score,
                "interval": [now.lower, now.upper],
                "last_pass": now.last_pass,
            }
            number = self._announce_of(session, ChangeKind.SCORE, now, data, at, was.score_wrong)
            score_change, told = number, told + 1
        if (now.cap, now.exposure) != (was.cap, was.exposure) or was.coverage_wrong is not None:
            data = {
                "at": at,
                "agent": now.agent,
                "cap": str(now.cap),
                "exposure": str(now.exposure),
                "was": {"cap": str(was.cap), "exposure": str(was.exposure)},
                "running": now.running,
            }
            number = self._announce_of(session, ChangeKind.COVERAGE, now, data, at, was.coverage_wrong)
            coverage_change, told = number, told + 1
        last = Announced(now.score, now.cap, now.exposure, score_change, coverage_change, None, None)
        store.set_announced(session, now.agent, last)
        return told

    def _announce_of(
        self,
        session: Session,
        kind: ChangeKind,
        now: Standing,
        data: dict[str, Any],
        at: dict[str, Any],
        corrects: str | None,
    ) -> int | None:
        change = make_change(
            kind,
            "changed" if corrects is None else "corrected",
            data=data,
            time=at.get("time", 0),
            height=at["block"],
            height_hash=at.get("block_hash", ZERO_HASH),
            of=f"{now.agent}\n{data['was']}\n{now.score}\n{now.cap}\n{now.exposure}",
            agent=now.agent,
            corrects=corrects,
        )
        return self.announce(session, change)


_DERIVED = frozenset({ChangeKind.SCORE.value, ChangeKind.COVERAGE.value})
_NOBODY = Announced(None, 0, 0, None, None, None, None)


def _holds(session: Session, change: StoredChange) -> bool:
    """Whether a change of a block whose header is not kept holds: an event goes with its block.

    What follows from no event of its own is made right by what is told of the events.
    """
    is_correction = orjson.loads(change.body)["corrects"] is not None
    if change.kind in _DERIVED or change.subject is None or is_correction:
        return True
    return store.has_event(session, change.subject, change.height)


def _hash_at(session: Session, height: int) -> Hash:
    return chain_store.block_hashes(session, [height]).get(height, ZERO_HASH)


def _changes_of(session: Session, event: FeedEvent) -> list[Change]:
    """What an event of a job says: of the job, and of its dispute where it ends one."""
    kind, word = EVENTS[event.name]
    made = [_of_event(event, kind, word)]
    if event.name == "JobClosed":
        job = listing.get_job(session, event.job)
        if job is not None and job.record.disputant is not None and job.record.state is State.CLOSED:
            made.append(_of_event(event, ChangeKind.DISPUTE, "closed"))
    return made


def _of_event(event: FeedEvent, kind: ChangeKind, word: str) -> Change:
    data = {
        "job": event.job,
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
        of=str(event.log_index), agent=event.agent, subject=event.job,
    )  # fmt: skip


def dead_delivery(webhook: str, message: str, body: str, reason: str, *, now: float) -> Change | None:
    """The change that says a delivery was given up. It follows from no block: its height is -1.

    None where that delivery said the same of another: two dead subscribers would have each other told of
    it for ever. The address is not told: whoever knows it may post there.
    """
    told = orjson.loads(body)
    if told.get("type") == f"{ChangeKind.WEBHOOK}.dead":
        return None
    data = {
        "webhook": webhook,
        "message": message,
        "change": told.get("id"),
        "type": told.get("type"),
        "reason": reason,
    }
    return make_change(
        ChangeKind.WEBHOOK, "dead", data=data, time=now, height=-1, height_hash=ZERO_HASH, of=message
    )
