"""Measures of a program, from the jobs and tabs of a time and the incidents among them. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence

from oracle.domain.types import Address, Basis, Ending, Hash
from oracle.history.task import Task, TaskKind
from oracle.incident.document import Incident
from oracle.policy.event import PolicyEvent
from oracle.report.document import AgentConfidence, Period, Report, Share, Spread, Tabs, Weakness
from oracle.score import bounds, v1
from oracle.score.document import At

MOST_AGENTS = 200  # named one by one
MOST_WEAKNESSES = 50
MOST_PERIODS = 24
_LENGTHS = (60, 600, 3_600, 21_600, 86_400, 604_800, 2_592_000, 31_536_000)  # seconds a period may last


def report_of(
    tasks: Sequence[Task],
    incidents: Sequence[Incident],
    events: Iterable[PolicyEvent],
    *,
    at: At,
    roots: frozenset[Hash],
    since: int,
    until: int,
) -> Report:
    """The report on a time.

    Args:
        tasks: Every job, tab and period up to the block, also before the time: freshness and scores need
            them.
        incidents: Of jobs that ended in the time.
        since, until: The time, Unix seconds; a job counts by when it ended, an agreement by when it was made.
    """
    closed = [one for one in tasks if one.close is not None and since <= one.close.place.timestamp < until]
    ended = [one for one in closed if one.kind is not TaskKind.TAB]
    jobs = [one for one in ended if one.kind is TaskKind.JOB]
    opened = [one for one in tasks if _is_given(one) and since <= one.opened.timestamp < until]
    jobs_opened = [one for one in opened if one.kind is TaskKind.JOB]
    verdicts = [one for one in ended if one.judged is not None and one.judged.basis is Basis.VERDICT]
    confidence = _confidence(tasks, roots, until)
    waits, unverified = _freshness(tasks, since, until)
    named = [one for one in incidents if one.first is not None]
    told = Counter(str(one.happened) for one in events if since <= one.time < until)
    return Report(
        chain_id=at.chain_id,
        escrow=at.escrow,
        block=at.block,
        since=since,
        until=until,
        opened=len(jobs_opened),
        ended=len(jobs),
        entrusted=str(sum(one.price for one in jobs_opened)),
        tabs=_tabs(opened, closed),
        compliance=_compliance(ended),
        confidence=tuple(confidence[:MOST_AGENTS]),
        known=share(sum(one.score is not None for one in confidence), len(confidence)),
        width=spread([one.high - one.low for one in confidence]),
        freshness=spread(waits),
        unverified=share(unverified, len(opened)),
        disputes=share(sum(one.disputed is not None for one in ended), len(ended)),
        overturned=share(sum(one.overturned for one in verdicts), len(verdicts)),
        defaults=share(sum(one.defaulted for one in jobs), len(jobs)),
        incidents=len(incidents),
        named=share(len(named), len(incidents)),
        repeated=share(sum(bool(one.repeats_before) for one in named), len(named)),
        unseen=spread([one.unseen_for for one in incidents if one.unseen_for is not None]),
        weaknesses=_weaknesses(named),
        policy_events=dict(sorted(told.items())),
        periods=tuple(_periods(ended, since, until)),
    )


def share(hits: int, of: int) -> Share:
    """A share with its interval."""
    return Share(
        hits=hits,
        of=of,
        share=None if of == 0 else hits * 1_000 // of,
        low=bounds.lower(hits, of - hits, unit=1),
        high=bounds.upper(hits, of - hits, unit=1),
    )


def spread(values: Iterable[int]) -> Spread:
    """Median and 90th percentile by nearest rank."""
    ordered = sorted(values)

    def rank(percent: int) -> int | None:
        return ordered[max(0, -(-len(ordered) * percent // 100) - 1)] if ordered else None

    return Spread(count=len(ordered), median=rank(50), ninetieth=rank(90))


def _is_given(task: Task) -> bool:
    """Whether somebody decided to entrust it: a job or a tab, and not what is presented on one."""
    return task.kind is not TaskKind.PERIOD


def _tabs(opened: Sequence[Task], closed: Sequence[Task]) -> Tabs:
    given = [one for one in opened if one.kind is TaskKind.TAB]
    periods = [one for one in closed if one.kind is TaskKind.PERIOD]
    over = [one for one in closed if one.kind is TaskKind.TAB]
    # Where the parties split what there was, nobody withheld anything.
    settled = [one for one in periods if one.close is not None and one.close.ending is not Ending.AGREED]
    presented, paid = sum(one.price for one in settled), sum(one.gated for one in settled)
    return Tabs(
        opened=len(given),
        entrusted=str(sum(one.price for one in given)),
        ended=len(periods),
        presented=str(presented),
        withheld=str(presented - paid),
        withheld_share=None if presented == 0 else (presented - paid) * 1_000 // presented,
        defaults=share(sum(one.buyer_defaulted for one in over), len(over)),
    )


def _compliance(ended: Sequence[Task]) -> Share:
    kept, broken = sum(one.passed for one in ended), sum(one.failed for one in ended)
    return share(kept, kept + broken)


def _confidence(tasks: Sequence[Task], roots: frozenset[Hash], at: int) -> list[AgentConfidence]:
    """Each agent's score, those with the most evidence first."""
    standings: dict[Address, v1.Standing] = {}
    pieces = sorted(
        (
            (piece.block, piece.log_index, task.provider, piece)
            for task in tasks
            if (piece := task.evidence()) is not None and piece.at < at
        ),
        key=lambda one: one[:2],
    )
    for _, _, agent, piece in pieces:
        standings.setdefault(agent, v1.Standing(roots)).add(piece)
    made = []
    for agent, standing in standings.items():
        score = standing.score(max(at, standing.day * v1.DAY))
        low, high = score.interval
        effective = score.effective * 1_000 // v1.UNIT
        made.append(AgentConfidence(agent=agent, score=score.value, low=low, high=high, effective=effective))
    return sorted(made, key=lambda one: (-one.effective, one.agent))


def _freshness(tasks: Sequence[Task], since: int, until: int) -> tuple[list[int], int]:
    """Seconds from the last verification of an agent to each agreement; how many had none before."""
    verified: dict[Address, list[int]] = {}
    for task in tasks:
        judged = task.judged is not None and task.judged.basis is Basis.VERDICT
        if judged and task.close is not None:
            verified.setdefault(task.provider, []).append(task.close.place.timestamp)
    for times in verified.values():
        times.sort()
    waits, without = [], 0
    for task in tasks:
        opened = task.opened.timestamp
        if not _is_given(task) or not since <= opened < until:
            continue
        times = verified.get(task.provider, [])
        before = bisect_right(times, opened)
        if before:
            waits.append(opened - times[before - 1])
        else:
            without += 1
    return waits, without


def _weaknesses(named: Sequence[Incident]) -> tuple[Weakness, ...]:
    """Weaknesses, the most frequent first, then by key."""
    found: dict[Hash, list[Incident]] = {}
    for one in named:
        if one.weakness is not None:
            found.setdefault(one.weakness, []).append(one)
    made = [
        Weakness(key=key, says=ones[0].weakness_says or "", jobs=tuple(one.job for one in ones))
        for key, ones in found.items()
    ]
    return tuple(sorted(made, key=lambda one: (-len(one.jobs), one.key))[:MOST_WEAKNESSES])


def _periods(ended: Sequence[Task], since: int, until: int) -> list[Period]:
    """The time in at most `MOST_PERIODS` stretches of one of a few lengths."""
    times = [one.close.place.timestamp for one in ended if one.close is not None]
    if not times:
        return []
    first, last = max(since, min(times)), min(until - 1, max(times))
    length = next(
        (one for one in _LENGTHS if last // one - first // one < MOST_PERIODS),
        _LENGTHS[-1],
    )
    made = []
    for start in range(first // length * length, last + 1, length):
        end = start + length
        some = [one for one in ended if one.close is not None and start <= one.close.place.timestamp < end]
        made.append(
            Period(
                since=start,
                until=end,
                ended=len(some),
                compliance=_compliance(some),
                disputes=share(sum(one.disputed is not None for one in some), len(some)),
            )
        )
    return made
