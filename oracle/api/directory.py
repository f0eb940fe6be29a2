"""Keeps the row of every agent up to date that lists and webhooks read: after what happened, and each day."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.orm import Session

from oracle.api.book import ScoreBook, StandsAt
from oracle.domain.types import Address
from oracle.score.document import At, ScoreDocument
from oracle.store import chain as chain_store
from oracle.store import listing, standings
from oracle.store.database import Database
from oracle.store.standings import DAY, Standing

_AT_ONCE = 100  # agents in one step, so that other work gets its turn


class Directory:
    """Standings of all agents at the newest block for which evidence is ready.

    Args:
        book: Scores that are at hand; others are computed.
        at: The block evidence is ready for; None before anything was read.
    """

    def __init__(self, database: Database, book: ScoreBook, at: StandsAt) -> None:
        self._database = database
        self._book = book
        self._at = at
        self._seen: At | None = None
        self._due: dict[Address, None] = {}  # in order

    def step(self) -> bool:
        """Bring some agents up to date. Whether there is more to do at once."""
        with self._database.read() as session:
            at = self._at(session)
            if at is None:
                return False
            self._notice(session, at)
            chosen = list(self._due)[:_AT_ONCE]
            found = [self._computed(session, agent, at) for agent in chosen]
            if not chosen and self._progress_is_near(session, at):
                return False
        with self._database.write() as session:
            if chain_store.block_hashes(session, [at.block]).get(at.block) != at.block_hash:
                return True  # orphaned meanwhile
            standings.save(session, found)
            if len(chosen) == len(self._due):
                standings.set_progress(session, self._book.roots, at.block)
        for agent in chosen:
            del self._due[agent]
        return bool(self._due)

    def _notice(self, session: Session, at: At) -> None:
        """Add whose standing is no longer right."""
        seen, self._seen = self._seen, at
        if at == seen:
            return
        day = at.time // DAY
        if seen is None or at.tabs != seen.tabs or at.block <= seen.block or not _still_there(session, seen):
            # A start, another branch or other tabs: what is kept says itself how far it is right.
            done = standings.progress(session, self._book.roots)
            self._due = {}
            self._add(standings.everybody(session) if done is None else standings.missing(session))
            self._add(() if done is None else listing.changed_since(session, done))
            self._add(standings.of_earlier_days(session, day))
            return
        self._add(listing.changed_since(session, seen.block))
        if seen.time // DAY != day:
            self._add(standings.of_earlier_days(session, day))

    def _add(self, agents: Collection[Address]) -> None:
        self._due |= dict.fromkeys(agents)

    def _progress_is_near(self, session: Session, at: At) -> bool:
        done = standings.progress(session, self._book.roots)
        return done is not None and at.block - done < standings.KEPT // 2

    def _computed(self, session: Session, agent: Address, at: At) -> Standing:
        document: ScoreDocument = self._book.glimpse(session, agent, at)
        jobs, first, price = standings.counted(session, agent)
        return Standing(
            agent=agent,
            block=at.block,
            day=at.time // DAY,
            jobs=jobs,
            first_block=first,
            score=document.score,
            lower=document.interval[0],
            upper=document.interval[1],
            running=document.coverage.running,
            exposure=int(document.coverage.exposure),
            cap=int(document.coverage.cap),
            last_pass=document.last_pass,
            price=price,
        )


def _still_there(session: Session, seen: At) -> bool:
    return chain_store.block_hashes(session, [seen.block]).get(seen.block) == seen.block_hash
