"""What is wrong with policies though each field is right: contradictions, overlaps, dates.

Two rules about the same signal and the same agreements must agree: what is worse never has milder
consequences, and nothing is said twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from oracle.policy.document import (
    Consequence,
    Policy,
    RefuseAbove,
    RequireBond,
    Rollout,
    Rule,
    Scope,
    ShrinkCredit,
)
from oracle.policy.fields import DAY, day_of, day_start
from oracle.policy.signals import MEANINGS, Signal


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing wrong. `place`: policy and rule or field; `fix`: what to do.

    `is_date`: it is about a day, no contradiction: a policy that is in force goes on.
    """

    place: str
    says: str
    fix: str
    is_date: bool = False


@dataclass(frozen=True, slots=True)
class _Strictness:
    """How hard a consequence is: larger is harder."""

    kind: str
    level: int
    words: str


def flaws(policies: Sequence[Policy], *, now: int) -> list[Flaw]:
    """Everything wrong with policies that are to be in force together, at a time (Unix seconds)."""
    found = [flaw for policy in policies for flaw in _of_one(policy, now)]
    names = [policy.name for policy in policies]
    found += [
        Flaw(name, "two policies have this name", "give each a name of its own")
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    rules = [(policy, rule) for policy in policies for rule in policy.rules]
    for (one_policy, one), (other_policy, other) in combinations(rules, 2):
        if one.signal is other.signal and _overlap(one_policy.scope, other_policy.scope):
            found += _between(f"{one_policy.name}.{one.id}", one, f"{other_policy.name}.{other.id}", other)
    rollouts = [(policy, policy.rollout) for policy in policies if policy.rollout is not None]
    for (one_policy, rollout), (other_policy, second) in combinations(rollouts, 2):
        if rollout.pact == second.pact and _overlap(one_policy.scope, other_policy.scope):
            found.append(
                Flaw(
                    f"{other_policy.name}.rollout",
                    f"{one_policy.name} already rolls out this pact: two caps on one workflow",
                    "keep one of them",
                )
            )
    return found


def warnings(policies: Sequence[Policy]) -> list[Flaw]:
    """What is no contradiction, and may be meant, but is easily overlooked."""
    return [
        Flaw(
            f"{policy.name}.rollout.narrow.floor",
            "the floor is 0: bad news can close the workflow to an agent, and where nothing is entrusted "
            "nothing passes that would widen the cap again",
            "set floor to what may be entrusted after any failure; or open it again with a later `since`",
        )
        for policy in policies
        if policy.rollout is not None and policy.rollout.narrow.floor == 0
    ]


def _of_one(policy: Policy, now: int) -> Iterator[Flaw]:
    yield from _review_flaws(policy, now)
    ids = [rule.id for rule in policy.rules]
    for id_ in sorted({id_ for id_ in ids if ids.count(id_) > 1}):
        yield Flaw(f"{policy.name}.{id_}", "two rules have this id", "give each an id of its own")
    if policy.scope.pacts and policy.rollout is not None and policy.rollout.pact not in policy.scope.pacts:
        yield Flaw(
            f"{policy.name}.rollout.pact",
            "the rollout's pact is outside the policy's scope: its cap never binds",
            "add it to scope.pacts, or leave scope.pacts out",
        )
    if policy.rollout is not None:
        yield from _rollout_flaws(policy, policy.rollout)
    for rule in policy.rules:
        if any(one.kind == "page-owner" for one in rule.then) and policy.owner.page is None:
            yield Flaw(
                f"{policy.name}.{rule.id}", "it pages the owner, who has no `page`", "give owner.page a URL"
            )
        kinds = {one.kind: one for one in rule.then}
        refusal = kinds.get("refuse-above")
        if isinstance(refusal, RefuseAbove) and refusal.amount == 0 and len(_binding(rule)) > 1:
            yield Flaw(
                f"{policy.name}.{rule.id}",
                "it refuses every agreement, so its other limits never bind",
                "leave the others out, or refuse above an amount",
            )


def _review_flaws(policy: Policy, now: int) -> Iterator[Flaw]:
    reviewed, since = day_start(policy.review.reviewed), day_start(policy.since)
    if reviewed > now:
        yield Flaw(
            f"{policy.name}.review.reviewed",
            f"the last review is in the future: {policy.review.reviewed}",
            "name the day on which it was reviewed",
            is_date=True,
        )
    if since > now + 366 * DAY:
        yield Flaw(
            f"{policy.name}.since",
            f"it begins only on {policy.since}",
            "name a day within the next year",
            is_date=True,
        )
    due = reviewed + policy.review.every_days * DAY
    if due + policy.review.grace_days * DAY < now:
        yield Flaw(
            f"{policy.name}.review",
            f"its review was due on {day_of(due)} and is missed",
            "review it, then set review.reviewed",
            is_date=True,
        )


def _rollout_flaws(policy: Policy, rollout: Rollout) -> Iterator[Flaw]:
    place = f"{policy.name}.rollout"
    if rollout.start > rollout.most:
        yield Flaw(f"{place}.start", "the first cap is above the largest", "set start to at most `most`")
    if rollout.narrow.floor > rollout.start:
        yield Flaw(
            f"{place}.narrow.floor",
            "a failure could not narrow the cap: its floor is above the first cap",
            "set floor to at most start",
        )
    if rollout.start == 0:
        yield Flaw(f"{place}.start", "the first cap is zero: nothing can ever pass", "begin with an amount")
    low = [rule for rule in policy.rules if rule.signal is Signal.INTERVAL_LOW]
    for rule in low:
        if rollout.widen.lower_above < rule.threshold and _binding(rule):
            yield Flaw(
                place,
                f"it widens above a lower limit of {rollout.widen.lower_above}, where rule {rule.id} still "
                f"restricts (below {rule.threshold})",
                "widen only above the rule's threshold",
            )


def _between(place: str, one: Rule, other_place: str, other: Rule) -> Iterator[Flaw]:
    """Two rules about one signal."""
    if one.signal is Signal.DRIFT or one.window_days != other.window_days:
        same = one.drift == other.drift and one.signal is Signal.DRIFT
        order = 0 if same else None
    else:
        worse_above = MEANINGS[one.signal].worse == "above"
        order = (other.threshold - one.threshold) * (1 if worse_above else -1)
    if order is None:
        return
    harder = {level.kind: level for level in _binding(other)}
    for level in _binding(one):
        match = harder.get(level.kind)
        if match is None:
            continue
        if order == 0:
            yield Flaw(
                other_place,
                f"{place} fires at the same moment and also says {level.kind} ({level.words}, {match.words})",
                "keep one of the two",
            )
        elif (match.level - level.level) * order < 0:
            mild, hard = (other_place, place) if order > 0 else (place, other_place)
            yield Flaw(
                mild,
                f"it fires where {one.signal} is worse than for {hard}, but its {level.kind} is milder: "
                f"{match.words if order > 0 else level.words}, not "
                f"{level.words if order > 0 else match.words}; it never binds",
                "make it the harder of the two, or leave it out",
            )
        elif match.level == level.level:
            yield Flaw(
                other_place if order > 0 else place,
                f"it repeats {level.kind} ({level.words}), which already holds where it fires",
                "leave it out",
            )


_LEVELS: dict[str, Callable[[Consequence], tuple[int, str]]] = {
    "refuse-above": lambda one: (
        (-one.amount, f"above {one.amount} base units") if isinstance(one, RefuseAbove) else (0, "")
    ),
    "require-bond": lambda one: (
        (one.percent, f"{one.percent} % of the price") if isinstance(one, RequireBond) else (0, "")
    ),
    "shrink-credit": lambda one: (
        (-one.limit, f"{one.limit} base units") if isinstance(one, ShrinkCredit) else (0, "")
    ),
}


def _binding(rule: Rule) -> list[_Strictness]:
    """Consequences that limit agreements, with how hard each is."""
    return [_Strictness(one.kind, *_LEVELS[one.kind](one)) for one in rule.then if one.kind in _LEVELS]


def _overlap(one: Scope, other: Scope) -> bool:
    """Whether some agreement is in both scopes."""
    pairs = ((one.agents, other.agents), (one.committees, other.committees), (one.pacts, other.pacts))
    return all(not a or not b or set(a) & set(b) for a, b in pairs)
