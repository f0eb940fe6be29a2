"""What the signals of one agent, and of one evaluator, are at a time: kept job by job, period by period.

Shares are lower limits (`oracle.score.bounds`), in thousandths, rounded down; None is unknown.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from oracle.domain.types import Ending, Hash
from oracle.history.task import Task, TaskKind
from oracle.policy.document import Drift, Rule
from oracle.policy.drift import make_test
from oracle.policy.fields import DAY
from oracle.policy.signals import Signal
from oracle.score import bounds, v1
from oracle.score.coverage import RECENT, Coverage, Running, coverage
from oracle.score.evidence import Evidence

_LONGEST = 366 * DAY  # seconds a window reaches back


@dataclass(slots=True)
class _Window:
    """What ended, with what counts about each, as far back as a window may reach."""

    items: deque[tuple[int, Hash, bool]] = field(default_factory=deque)

    def add(self, at: int, job: Hash, *, hit: bool) -> None:
        self.items.append((at, job, hit))
        while self.items and at - self.items[0][0] > _LONGEST:
            self.items.popleft()

    def within(self, at: int, days: int) -> list[tuple[Hash, bool]]:
        return [(job, hit) for when, job, hit in self.items if at - when <= days * DAY]


@dataclass(frozen=True, slots=True)
class _Presented:
    """A settled period: what was presented and what was withheld of it, base units."""

    at: int
    tab: Hash
    amount: int
    withheld: int


@dataclass(slots=True)
class AgentStanding:
    """An agent's signals."""

    roots: frozenset[Hash]
    drifts: tuple[Drift, ...] = ()
    running: dict[Hash, Task] = field(default_factory=dict)
    streak: list[Hash] = field(default_factory=list)
    passes: deque[Hash] = field(default_factory=lambda: deque(maxlen=50))
    _score: v1.Standing = field(init=False)
    _sums: dict[Drift, int] = field(default_factory=dict)
    _since_zero: dict[Drift, list[Hash]] = field(default_factory=dict)
    _disputes: _Window = field(default_factory=_Window)
    _failures: _Window = field(default_factory=_Window)
    _defaults: _Window = field(default_factory=_Window)
    _presented: deque[_Presented] = field(default_factory=deque)
    _bonds: deque[Evidence] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self._score = v1.Standing(self.roots)
        self._sums = dict.fromkeys(self.drifts, 0)
        self._since_zero = {drift: [] for drift in self.drifts}

    def opened(self, task: Task) -> None:
        """A job or tab of it was opened."""
        self.running[task.job] = task

    def closed(self, task: Task) -> None:
        """A job, tab or period of it ended."""
        if task.kind is not TaskKind.PERIOD:
            self.running.pop(task.job, None)
        piece = task.evidence()
        if piece is None:
            return
        self._score.add(piece)
        self._bonds.append(piece)
        while piece.at - self._bonds[0].at > RECENT:
            self._bonds.popleft()
        self._disputes.add(piece.at, task.job, hit=task.disputed is not None)
        if task.kind is TaskKind.JOB:
            self._defaults.add(piece.at, task.job, hit=task.defaulted)
        else:
            self._pay(task, piece.at)
        if not (task.passed or task.failed):
            return
        self._failures.add(piece.at, task.job, hit=task.failed)
        if task.passed:
            self.passes.append(task.job)
        self.streak = [*self.streak, task.job][-50:] if task.failed else []
        for drift in self.drifts:
            test = make_test(drift.good, drift.bad, drift.one_false_alarm_in)
            total = self._sums[drift] = test.after(self._sums[drift], failed=task.failed)
            seen = self._since_zero[drift]
            self._since_zero[drift] = [] if total == 0 else [*seen, task.job][-50:]

    def _pay(self, period: Task, at: int) -> None:
        if period.close is None or period.close.ending is Ending.AGREED:
            return  # the parties split what there was: nobody withheld anything
        self._presented.append(_Presented(at, period.job, period.price, period.price - period.gated))
        while at - self._presented[0].at > _LONGEST:
            self._presented.popleft()

    def read(self, rule: Rule, at: int) -> tuple[int | None, int | None, bool]:
        """A rule's signal at a time: its value, its threshold, and whether that is crossed."""
        if rule.drift is not None:
            test = make_test(rule.drift.good, rule.drift.bad, rule.drift.one_false_alarm_in)
            total = self._sums.get(rule.drift, 0)
            return total, test.threshold, test.alarms(total)
        value = self.value(rule, at)
        return value, rule.threshold, rule.crossed(value)

    def value(self, rule: Rule, at: int) -> int | None:
        """A signal's value at a time, Unix seconds."""
        return _AGENT[rule.signal](self, rule, at)

    def score(self, at: int) -> v1.Score:
        """The trust score at a time."""
        return self._score.score(max(at, self._score.day * v1.DAY))

    def covered(self, at: int) -> Coverage:
        """Coverage at a time."""
        running = [
            Running(price=one.price, up_front=one.price - one.gated, bond=one.bond, secured=one.secured)
            for one in self.running.values()
        ]
        return coverage(running, self._bonds, at=at)

    def exposure(self, pact: Hash | None = None) -> int:
        """Prices of jobs and tabs that run, all or those under a pact."""
        return sum(one.price for one in self.running.values() if pact is None or one.pact == pact)

    def jobs(self, rule: Rule, at: int) -> tuple[Hash, ...]:
        """The jobs and tabs a rule's signal rests on, the newest last."""
        if rule.drift is not None:
            return tuple(self._since_zero.get(rule.drift, ()))
        if rule.signal is Signal.FAILURE_STREAK:
            return tuple(self.streak)
        windows = {
            Signal.DISPUTE_RATE: self._disputes,
            Signal.DEFAULTS: self._defaults,
            Signal.FAILURE_RATE: self._failures,
        }
        if rule.signal in windows:
            return _hits(windows[rule.signal], rule, at)
        if rule.signal is Signal.WITHHELD:
            return tuple(one.tab for one in self._lately(rule, at) if one.withheld)[-50:]
        if rule.signal in (Signal.EXPOSURE, Signal.UNBACKED):
            return tuple(self.running)[-50:]
        return tuple(job for job, _ in self._failures.within(at, rule.window_days))[-50:]

    def rate(self, window: _Window, rule: Rule, at: int) -> int:
        """A share's lower limit."""
        return _share(window.within(at, rule.window_days))

    def withheld(self, rule: Rule, at: int) -> int:
        """The share of what was presented that was withheld; 0 where nothing was presented."""
        found = self._lately(rule, at)
        total = sum(one.amount for one in found)
        return 0 if total == 0 else sum(one.withheld for one in found) * 1_000 // total

    def _lately(self, rule: Rule, at: int) -> list[_Presented]:
        return [one for one in self._presented if at - one.at <= rule.window_days * DAY]


@dataclass(slots=True)
class EvaluatorStanding:
    """An evaluator's signals: what it signed and what it left."""

    _verdicts: _Window = field(default_factory=_Window)
    _asked: _Window = field(default_factory=_Window)

    def closed(self, task: Task, *, signed: bool, silent: bool) -> None:
        """A job or period that it was a member for ended."""
        end = task.close
        if end is None:
            return
        at = end.place.timestamp
        if signed:
            self._verdicts.add(at, task.job, hit=task.overturned)
        if task.delivered_at is not None and task.judged is not None:
            self._asked.add(at, task.job, hit=silent)

    def value(self, rule: Rule, at: int) -> int:
        """A signal's value at a time."""
        return _share(self._window(rule).within(at, rule.window_days))

    def jobs(self, rule: Rule, at: int) -> tuple[Hash, ...]:
        """The jobs and tabs that count against it, the newest last."""
        return _hits(self._window(rule), rule, at)

    def _window(self, rule: Rule) -> _Window:
        return self._verdicts if rule.signal is Signal.OVERTURNED_RATE else self._asked


def _share(found: list[tuple[Hash, bool]]) -> int:
    hits = sum(hit for _, hit in found)
    return bounds.lower(hits, len(found) - hits, unit=1)


def _hits(window: _Window, rule: Rule, at: int) -> tuple[Hash, ...]:
    return tuple(job for job, hit in window.within(at, rule.window_days) if hit)[-50:]


def _fresh(standing: AgentStanding, _rule: Rule, at: int) -> int | None:
    last = standing.score(at).last_pass
    return None if last is None else max(0, at - last) // DAY


_AGENT: dict[Signal, Callable[[AgentStanding, Rule, int], int | None]] = {
    Signal.SCORE: lambda one, _rule, at: one.score(at).value,
    Signal.INTERVAL_LOW: lambda one, _rule, at: one.score(at).interval[0],
    Signal.INTERVAL_WIDTH: lambda one, _rule, at: one.score(at).interval[1] - one.score(at).interval[0],
    Signal.EFFECTIVE: lambda one, _rule, at: one.score(at).effective * 1_000 // v1.UNIT,
    Signal.FRESHNESS: _fresh,
    Signal.COVERAGE_CAP: lambda one, _rule, at: one.covered(at).cap,
    Signal.EXPOSURE: lambda one, _rule, at: one.covered(at).exposure,
    Signal.UNBACKED: lambda one, _rule, at: one.covered(at).unbacked,
    Signal.DISPUTE_RATE: lambda one, rule, at: one.rate(one._disputes, rule, at),  # noqa: SLF001
    Signal.FAILURE_RATE: lambda one, rule, at: one.rate(one._failures, rule, at),  # noqa: SLF001
    Signal.FAILURE_STREAK: lambda one, _rule, _at: len(one.streak),
    Signal.WITHHELD: lambda one, rule, at: one.withheld(rule, at),
    Signal.DEFAULTS: lambda one, rule, at: sum(
        hit
        for _, hit in one._defaults.within(at, rule.window_days)  # noqa: SLF001
    ),
}
