"""Scores kept ready: computed once, brought up to date by what was added, signed, served as bytes."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from oracle.api.signing import ResponseKey
from oracle.domain.types import Address, Hash
from oracle.score import v1
from oracle.score.coverage import RECENT, coverage
from oracle.score.document import At, ScoreDocument, Subject, score_document
from oracle.score.evidence import Evidence
from oracle.store import chain as chain_store
from oracle.store import closed, listing, scores

_DAY = 86_400

StandsAt = Callable[[Session], At | None]
"""The block evidence is ready for; None before anything was read."""


@dataclass(frozen=True, slots=True)
class Ready:
    """An answer as it goes out: body, entity tag and signature."""

    body: bytes
    etag: str
    signature: str


@dataclass(slots=True)
class _Entry:
    standing: v1.Standing
    bonds: list[Evidence]
    at: At
    ready: Ready


def score_target(agent: Address) -> str:
    """The path an agent's score is asked by."""
    return f"/v1/agents/{agent}/score"


class ScoreBook:
    """Scores of agents at the newest block for which evidence is ready.

    An entry stays right until something happens to the agent or a day (UTC, by the chain's time) ends.

    Args:
        roots: Committees whose word counts.
        key: Signs the answers.
        at: The block evidence is ready for, and what is followed; None before anything was read.
        most: Agents kept; the longest unasked are dropped.
    """

    def __init__(
        self,
        roots: frozenset[Hash],
        key: ResponseKey,
        at: StandsAt,
        *,
        most: int = 50_000,
    ) -> None:
        self.roots = roots
        self._key = key
        self._at = at
        self._most = most
        self._lock = threading.Lock()
        self._entries: OrderedDict[Address, _Entry] = OrderedDict()
        self._seen: At | None = None

    def ready(self, agent: Address) -> Ready | None:
        """The answer, if it is at hand and of today."""
        entry, seen = self._entries.get(agent), self._seen
        if entry is None or seen is None or entry.at.time // _DAY != seen.time // _DAY:
            return None
        return entry.ready

    def document(self, session: Session, agent: Address) -> tuple[Ready | None, ScoreDocument | None]:
        """The answer, computed where it is not at hand; None where nothing was read yet."""
        at = self._at(session)
        if at is None:
            return None, None
        # From nothing: what is kept may rest on blocks that are gone, which only `refresh` looks after.
        return self._made(session, agent, at, None)

    def refresh(self, session: Session) -> int:
        """Bring what is kept up to date with the chain. How many answers were made anew."""
        at, seen = self._at(session), self._seen
        if at is None or at == seen:
            return 0
        if seen is None or at.tabs != seen.tabs or at.block <= seen.block or not _still_there(session, seen):
            # Another branch, or other tabs: what was computed may rest on what is no longer so.
            with self._lock:
                self._entries.clear()
                self._seen = at
            return 0
        changed = set(listing.changed_since(session, seen.block))
        self._seen = at
        day = at.time // _DAY
        kept = list(self._entries.items())
        stale = [
            (agent, entry)
            for agent, entry in kept
            # One asked for meanwhile may have been made at a later block than this.
            if entry.at.block <= at.block and (agent in changed or entry.at.time // _DAY != day)
        ]
        for agent, entry in stale:
            self._made(session, agent, at, entry)
        return len(stale)

    def glimpse(self, session: Session, agent: Address, at: At) -> ScoreDocument:
        """An agent's score at a block for which evidence is ready; nothing of it is kept."""
        entry, seen = self._entries.get(agent), self._seen
        # What is kept is right at the block it was last looked after at.
        if (
            entry is not None
            and seen is not None
            and seen.block_hash == at.block_hash
            and entry.at.block <= at.block
            and entry.at.time // _DAY == at.time // _DAY
        ):
            return ScoreDocument.model_validate_json(entry.ready.body)
        evidence = list(scores.evidence_about(session, agent, up_to=at.block))
        running = closed.running_of(session, agent, up_to=at.block)
        score = v1.standing(evidence, self.roots).score(at.time)
        return score_document(
            at, Subject(agent, None, self.roots), score, coverage(running, evidence, at=at.time)
        )

    def _made(
        self, session: Session, agent: Address, at: At, entry: _Entry | None
    ) -> tuple[Ready, ScoreDocument]:
        standing = v1.Standing(self.roots) if entry is None else entry.standing
        bonds = [] if entry is None else entry.bonds
        with self._lock:
            for piece in scores.evidence_about(session, agent, after=standing.place, up_to=at.block):
                standing.add(piece)
                bonds.append(piece)
            bonds = [piece for piece in bonds if at.time - piece.at <= RECENT]
            running = closed.running_of(session, agent, up_to=at.block)
            document = score_document(
                at,
                Subject(agent, None, self.roots),
                standing.score(at.time),
                coverage(running, bonds, at=at.time),
            )
            body = document.model_dump_json().encode()
            ready = Ready(body, etag_of(body), self._key.sign(score_target(agent), body))
            self._entries[agent] = _Entry(standing, bonds, at, ready)
            if self._seen is None:
                self._seen = at
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)
        return ready, document


def etag_of(body: bytes) -> str:
    """A strong entity tag of a body."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _still_there(session: Session, seen: At) -> bool:
    return chain_store.block_hashes(session, [seen.block]).get(seen.block) == seen.block_hash
