"""What evaluators show each other, and when: commitments at once, attestations only to those who committed.

An evaluator that sees the others' votes before it is bound to its own can copy them instead of looking. So
a vote is shown only when enough evaluators for a verdict are bound, and only to one that is bound itself.
From a moment shortly before `judgeBy` on, everything is shown to everyone: withholding can delay, not stall.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from oracle.domain.types import Hash, members_of

Key: TypeAlias = tuple[Hash, Hash, int, Hash]
"""A statement: subject, deliverable, evaluator, and what tells it from others of the same evaluator."""


@dataclass(frozen=True, slots=True)
class Round:
    """How far the exchange about one delivery is.

    Args:
        members: Evaluator set of the job.
        expelled: Indices that no longer count.
        threshold: k.
        committed: Indices whose commitment is stored.
        delivered_at: When the delivery was anchored, Unix seconds of the chain.
        judge_by: Until when a verdict is taken.
    """

    members: int
    expelled: frozenset[int]
    threshold: int
    committed: frozenset[int]
    delivered_at: int
    judge_by: int


def reveal_limit(delivered_at: int, judge_by: int, reveal_before: int) -> int:
    """The chain's time from which everything is shown: `reveal_before` seconds before `judge_by`.

    Where the whole time for the verdict is short, it is its last quarter.
    """
    return judge_by - min(reveal_before, max(0, judge_by - delivered_at) // 4)


def is_open_to_all(round_: Round, timestamp: int, reveal_before: int) -> bool:
    """Whether the limit is reached at the chain's time `timestamp`."""
    return timestamp >= reveal_limit(round_.delivered_at, round_.judge_by, reveal_before)


def may_reveal(round_: Round, to: int, timestamp: int, reveal_before: int) -> bool:
    """Whether evaluator `to` may see attestations now.

    Args:
        to: Index of the evaluator that would see them.
        timestamp: The chain's time, Unix seconds. No peer's clock matters.
        reveal_before: Seconds before `judge_by` at which withholding ends.
    """
    if is_open_to_all(round_, timestamp, reveal_before):
        return True
    counted = round_.committed & frozenset(members_of(round_.members)) - round_.expelled
    return to in counted and len(counted) >= round_.threshold


@dataclass(frozen=True, slots=True)
class Shown:
    """What a peer has acknowledged of one evaluator's statement. `at`: our clock when it was last sent."""

    revealed: bool
    at: float


@dataclass(frozen=True, slots=True)
class Sendable:
    """A statement as it may be sent to one peer now."""

    key: Key
    reveal: bool
    answered: bool
    """Whether we hold the peer's own attestation for this delivery; else it is asked again, by sending."""
    mine: bool


def to_send(
    candidates: Collection[Sendable],
    shown: Mapping[Key, Shown],
    now: float,
    *,
    again_every: float,
    limit: int,
) -> list[Sendable]:
    """What to send to one peer now: what it has not acknowledged, and what it has not answered for a while.

    Args:
        now: Our own monotonic clock, seconds.
        again_every: Seconds after which a peer that has not shown its attestation is asked again.
        limit: Most statements in one request.
    """
    due = []
    for item in candidates:
        known = shown.get(item.key)
        fresh = known is None or (item.reveal and not known.revealed)
        waited = known is not None and now - known.at >= again_every
        if fresh or (waited and item.mine and not item.answered):
            due.append(item)
    return due[:limit]


def acknowledged(item: Sendable, before: Shown | None, now: float) -> Shown:
    """What a peer knows of a statement after it took it."""
    return Shown(item.reveal or (before is not None and before.revealed), now)
