"""Policies carried through what has happened: everything they have done up to a moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from oracle.domain.types import Hash
from oracle.history.task import Task, happenings
from oracle.policy.document import Policy
from oracle.policy.engine import Engine
from oracle.policy.event import PolicyEvent
from oracle.policy.review import review_events
from oracle.score.document import At


@dataclass(frozen=True, slots=True)
class Run:
    """Policies carried to a block, and every event they have made up to there."""

    at: At
    engine: Engine
    events: tuple[PolicyEvent, ...]


def carried(
    policies: Sequence[Policy],
    roots: frozenset[Hash],
    tasks: Iterable[Task],
    reviewed: Mapping[str, Sequence[int]],
    at: At,
) -> Run:
    """Carry policies through all tasks up to a block.

    Args:
        roots: Committees whose Passes count; see docs/trust-score.md.
        reviewed: When each policy was reviewed, by its name, Unix seconds.
    """
    engine = Engine(policies, roots)
    events = list(engine.run(happenings(tasks), until=at.time))
    for policy in policies:
        events += review_events(policy, reviewed[policy.name], now=at.time)
    return Run(at, engine, tuple(events))
