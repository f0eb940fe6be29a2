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

from oracle.domain.types import ZERO_HASH, Hash
from oracle.store import chain as chain_store
from oracle.store import feed as store
from oracle.store import standings
from oracle.store import webhooks as subscriptions
from oracle.store.feed import Announced, StoredChange
from oracle.store.standings import Standing
from oracle.webhooks.changes import (
    EVENTS,
    TAB_EVENTS,
    Change,
    ChangeKind,
    make_change,
    message_id,
    told_again,
)
from oracle.webhooks.happened import Stands, changes_of

_AT_ONCE = 500  # events, and agents, in one transaction


class Feed:
    """Changes in the order in which they are noticed.

    Args:
        clock: Unix seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._since: int | None = None
        """Standings computed before this block were told; None: any may not have been."""
        self._looked: int | None = None
        """How far standings were kept when all were told."""
        self._own: Hash | None = None
        """The block this feed left off at: whether another process went on since."""

    def has_news(self, session: Session) -> bool:
        """Whether `step` has something to do that is worth a transaction. Reads three rows."""
        reached, head = store.reached(session), chain_store.cursor(session)
        if reached is None or head is None:
            return False
        return (
            not head.hash == reached.height_hash == self._own
            or standings.newest_progress(session) != self._looked
        )

    def look_at_all(self) -> None:
        """Take nothing for told: what a step said was told may not have been stored."""
        self._since = self._own = None

    def step(self, session: Session) -> int:
        """Make what happened since into changes, in the caller's transaction. How much there was to do.

        Nothing where nobody ever subscribed.
        """
        reached = store.reached(session)
        if reached is None:
            return 0
        told = 0
        if reached.height_hash != self._own:
            self._since = None
        hashes = chain_store.block_hashes(session, [reached.height])
        if reached.height >= 0 and hashes.get(reached.height) != reached.height_hash:
            told += self._correct(session, reached)
            self._since = None
        noticed, is_all = self._events(session)
        told += noticed
        if is_all:  # else a reorg of blocks beyond would go unnoticed
            told += self._standings(session, reached.begun)
        now = store.reached(session)
        self._own = None if now is None else now.height_hash
        return told

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
        told, stands = 0, Stands(session)
        for change in gone:
            store.mark_orphaned(session, change.id)
            told += self._take_back(session, change, highest, stands)
        self._set_reached(session, min(common, highest))
        return told

    def _take_back(self, session: Session, change: StoredChange, head: int, stands: Stands) -> int:
        """Correct what was told of a job or tab. Scores and coverage are told anew once they are computed."""
        if change.kind in _DERIVED or change.subject is None:
            return 0
        was = orjson.loads(change.body)["data"]
        data = {
            **stands.of(change.subject, is_tab="tab" in was),
            "agent": change.agent,
            "block": change.height,
            "block_hash": change.height_hash,
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

    def _events(self, session: Session) -> tuple[int, bool]:
        """How much was told of jobs and tabs, and whether that was all there is."""
        reached = store.reached(session)
        head = chain_store.cursor(session)
        if reached is None or head is None or head.number <= reached.height:
            return 0, True
        told = 0
        events, last = store.events_after(
            session, tuple(EVENTS), tuple(TAB_EVENTS), after=reached.height, limit=_AT_ONCE
        )
        for event in events:
            for change in changes_of(session, event):
                told += self.announce(session, change) is not None
        if last is not None:
            self._set_reached(session, last)
        else:
            store.set_reached(session, head.number, head.hash)
        return told, last is None

    def _standings(self, session: Session, begun: int) -> int:
        head = chain_store.cursor(session)
        if head is None:
            return 0
        progress = standings.newest_progress(session)
        at = self._at(session, head.number)
        told = 0
        differing = store.differing(session, since=self._since, limit=_AT_ONCE)
        for standing, last in differing:
            if last is None and standing.first_block <= begun:
                # It was there before anybody listened: what is so is no change.
                so = Announced(standing.score, standing.cap, standing.exposure, None, None, None, None)
                store.set_announced(session, standing.agent, so)
                told += 1
                continue
            told += self._differs(session, standing, last or _NOBODY, at)
        gone = store.vanished(session, limit=_AT_ONCE) if self._since is None else []
        for agent, last in gone:
            nothing = Standing(agent, head.number, 0, 0, 0, None, 0, 1000, 0, 0, 0, None, 0)
            told += self._differs(session, nothing, last, at)
        if max(len(differing), len(gone)) < _AT_ONCE:
            self._looked = progress
            # Standings are computed at a block up to which all is read, and kept progress is one of those;
            # as many blocks as that is kept for leave room for any reorg.
            self._since = min(-1 if progress is None else progress, head.number) - standings.KEPT
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
