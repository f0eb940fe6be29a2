"""Policies carried through a history: what fired when, what holds now. No clock, no database, no chain.

Signals of an agent are looked at after each of its jobs, tabs and periods opens or ends, and at each midnight
(UTC): a score fades by the day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from oracle.decide.jobs import Place
from oracle.domain.amounts import format_usdc
from oracle.domain.types import Address, Basis, Hash, members_of
from oracle.history.task import Happening, Step, Task, TaskKind
from oracle.policy.document import Policy, Rule
from oracle.policy.event import MAX_JOBS, Happened, PolicyEvent, SubjectField, at_place
from oracle.policy.fields import DAY, day_start
from oracle.policy.rollout import Change, RolloutState
from oracle.policy.signals import MEANINGS, USDC, Signal
from oracle.policy.standing import AgentStanding, EvaluatorStanding
from oracle.score.errors import ScoreError


class Key(NamedTuple):
    """A rule and whom it holds for."""

    policy: str
    rule: str
    subject: str


@dataclass(slots=True)
class Hold:
    """That a rule holds. `recovered`: since when its signal is well again."""

    since: int
    recovered: int | None = None


@dataclass(slots=True)
class Engine:
    """Policies and what they have seen.

    Args:
        roots: Committees whose Passes count; see docs/trust-score.md.
        live: Tell nothing of before a policy's `since`; a simulation asks what it would have done all along.
    """

    policies: Sequence[Policy]
    roots: frozenset[Hash] = frozenset()
    live: bool = True
    events: list[PolicyEvent] = field(default_factory=list)
    agents: dict[Address, AgentStanding] = field(default_factory=dict)
    evaluators: dict[str, EvaluatorStanding] = field(default_factory=dict)
    held: dict[Key, Hold] = field(default_factory=dict)
    rollouts: dict[tuple[str, Address], RolloutState] = field(default_factory=dict)
    time: int = 0
    place: Place | None = None

    def run(self, steps: Iterable[Happening], *, until: int) -> list[PolicyEvent]:
        """Go through happenings in the order of the chain, then on to a time; all events so far."""
        for happening in steps:
            self.step(happening)
        self.pass_time(until)
        self.time = self.time or until  # where nothing has happened yet, it is that late all the same
        return self.events

    def step(self, happening: Happening) -> None:
        """One thing that happened.

        Raises:
            ScoreError: it is not in the order of the chain.
        """
        place, step, task = happening
        if place.timestamp < self.time - self.time % DAY:
            raise ScoreError(f"{task.name} is out of order: block {place.block_number}")
        self.pass_time(place.timestamp)
        self.time, self.place = max(self.time, place.timestamp), place
        standing = self.standing(task.provider)
        if step is Step.OPENED:
            standing.opened(task)
        elif step is Step.CLOSED:
            standing.closed(task)
            if task.kind is not TaskKind.TAB:
                self._judged_by(task)
        self._roll(happening)
        if step in (Step.OPENED, Step.CLOSED):
            self._look("agent", task.provider)

    def pass_time(self, until: int) -> None:
        """Look at everything at each midnight up to a time."""
        if not self.time:
            return
        midnight = self.time - self.time % DAY + DAY
        while midnight <= until:
            self.time = midnight
            self._begin(midnight)
            for agent in self.agents:
                self._look("agent", agent)
            for evaluator in self.evaluators:
                self._look("evaluator", evaluator)
            midnight += DAY

    def standing(self, agent: Address) -> AgentStanding:
        """An agent's signals; empty where nothing is known of it."""
        found = self.agents.get(agent)
        if found is None:
            found = self.agents[agent] = self.unknown()
        return found

    def unknown(self) -> AgentStanding:
        """The signals of an agent nothing is known of."""
        drifts = {rule.drift for policy in self.policies for rule in policy.rules if rule.drift is not None}
        return AgentStanding(self.roots, tuple(drifts))

    def cap(self, policy: Policy, agent: Address) -> int | None:
        """A rollout's cap for an agent, base units; None where the policy has no rollout."""
        if policy.rollout is None:
            return None
        state = self.rollouts.get((policy.name, agent))
        return policy.rollout.start if state is None else state.cap

    def is_in_force(self, policy: Policy) -> bool:
        """Whether a policy has begun; a simulation takes it to hold from the beginning."""
        return not self.live or self.time >= day_start(policy.since)

    def _judged_by(self, task: Task) -> None:
        judged = task.judged
        for index in members_of(task.members):
            key = f"{task.committee}/{index}"
            named = judged is not None and bool(judged.signers >> index & 1)
            basis = None if judged is None else judged.basis
            self.evaluators.setdefault(key, EvaluatorStanding()).closed(
                task,
                signed=named and basis is Basis.VERDICT,
                silent=named and basis is Basis.SILENCE,
            )
            self._look("evaluator", key)

    def _look(self, kind: Literal["agent", "evaluator"], subject: str) -> None:
        """Look at every rule about a subject; tell what began and what ended."""
        for policy in self.policies:
            if kind == "agent" and policy.scope.agents and subject not in policy.scope.agents:
                continue
            committees = policy.scope.committees
            if kind == "evaluator" and committees and subject.partition("/")[0] not in committees:
                continue
            for rule in policy.rules:
                if MEANINGS[rule.signal].about == kind:
                    self._look_at(policy, rule, kind, subject)

    def _look_at(self, policy: Policy, rule: Rule, kind: Literal["agent", "evaluator"], subject: str) -> None:
        value, threshold, crossed = self._read(rule, kind, subject)
        key = Key(policy.name, rule.id, subject)
        hold = self.held.get(key)
        if crossed:
            if hold is None:
                self.held[key] = Hold(self.time)
                self._tell(policy, rule, kind, subject, value, threshold, Happened.FIRED)
            else:
                hold.recovered = None
        elif hold is not None:
            if hold.recovered is None:
                hold.recovered = self.time
            if self.time - hold.recovered >= rule.hold_days * DAY:
                del self.held[key]
                self._tell(policy, rule, kind, subject, value, threshold, Happened.LIFTED)

    def _read(
        self, rule: Rule, kind: Literal["agent", "evaluator"], subject: str
    ) -> tuple[int | None, int | None, bool]:
        if kind == "agent":
            return self.standing(subject).read(rule, self.time)
        value = self.evaluators[subject].value(rule, self.time)
        return value, rule.threshold, rule.crossed(value)

    def _begin(self, midnight: int) -> None:
        """What holds already when a policy begins fires then."""
        for policy in self.policies:
            if not self.live or day_start(policy.since) != midnight:
                continue
            for rule in policy.rules:
                kind = MEANINGS[rule.signal].about
                for key in [key for key in self.held if key[:2] == (policy.name, rule.id)]:
                    value, threshold, _ = self._read(rule, kind, key.subject)
                    self._tell(policy, rule, kind, key.subject, value, threshold, Happened.FIRED)

    def _tell(
        self,
        policy: Policy,
        rule: Rule,
        kind: Literal["agent", "evaluator"],
        subject: str,
        value: int | None,
        threshold: int | None,
        happened: Happened,
    ) -> None:
        if not self.is_in_force(policy):
            return
        jobs = (
            self.standing(subject).jobs(rule, self.time)
            if kind == "agent"
            else self.evaluators[subject].jobs(rule, self.time)
        )
        if happened is Happened.FIRED:
            jobs = (*jobs, *self._to_re_evaluate(rule, subject))
        self.events.append(
            PolicyEvent(
                happened=happened,
                policy=policy.name,
                policy_hash=policy.hash(),
                owner=policy.owner.name,
                rule=rule.id,
                subject=SubjectField(kind=kind, key=subject),
                signal=rule.signal.value,
                value=None if value is None else str(value),
                threshold=str(threshold),
                says=f"{rule.signal} is {shown(rule.signal, value)}; the threshold is "
                f"{shown(rule.signal, threshold)}",
                time=self.time,
                at=at_place(self.place),
                jobs=_once(jobs),
                consequences=tuple(one.as_json() for one in rule.then),
            )
        )

    def _to_re_evaluate(self, rule: Rule, subject: str) -> Iterator[Hash]:
        for one in rule.then:
            if one.kind == "re-evaluate" and subject in self.agents:
                yield from list(self.agents[subject].passes)[-one.passes :]

    def _roll(self, happening: Happening) -> None:
        task = happening.task
        for policy in self.policies:
            rollout, agents = policy.rollout, policy.scope.agents
            if rollout is None or rollout.pact != task.pact or (agents and task.provider not in agents):
                continue
            if not self.is_in_force(policy):  # the rollout begins with the policy
                continue
            state = self.rollouts.setdefault((policy.name, task.provider), RolloutState(rollout, self.roots))
            change = state.after(happening)
            if change is not None:
                self._tell_change(policy, task.provider, change)

    def _tell_change(self, policy: Policy, agent: Address, change: Change) -> None:
        widened = change.after > change.before
        self.events.append(
            PolicyEvent(
                happened=Happened.WIDENED if widened else Happened.NARROWED,
                policy=policy.name,
                policy_hash=policy.hash(),
                owner=policy.owner.name,
                rule=None,
                subject=SubjectField(kind="agent", key=agent),
                signal=None,
                value=str(change.after),
                threshold=str(change.before),
                says=f"the cap is {format_usdc(change.after)}, before {format_usdc(change.before)}; "
                f"lower limit of Passes {change.lower} thousandths",
                time=self.time,
                at=at_place(self.place),
                jobs=_once(change.jobs),
            )
        )


def _once(jobs: Sequence[Hash]) -> tuple[Hash, ...]:
    """Each once, a tab too, in whose periods something happened more than once; the newest last."""
    return tuple(dict.fromkeys(reversed(jobs)))[:MAX_JOBS][::-1]


def shown(signal: Signal, value: int | None) -> str:
    """A value with its unit, for people."""
    if value is None:
        return "unknown"
    unit = MEANINGS[signal].unit
    if unit == USDC:
        return format_usdc(value)
    if signal is Signal.DRIFT:
        return f"{value / 1e6:.3f}"
    return f"{value} {unit}"
