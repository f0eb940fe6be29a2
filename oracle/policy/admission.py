"""Whether policies admit a new agreement now, up to which price, and with which bond."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from oracle.domain.amounts import format_usdc
from oracle.domain.types import Address, Hash
from oracle.policy.document import Consequence, Policy, RefuseAbove, RequireBond, Rule, ShrinkCredit
from oracle.policy.engine import Engine, Key, shown
from oracle.policy.signals import MEANINGS


@dataclass(frozen=True, slots=True)
class Asked:
    """A new agreement. What is not named is taken to be in every policy's scope. Base units."""

    agent: Address
    price: int
    bond: int = 0
    committee: Hash | None = None
    pact: Hash | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why it is refused: by which policy and rule, and what would be admitted."""

    policy: str
    rule: str | None
    says: str
    fix: str


@dataclass(frozen=True, slots=True)
class Admission:
    """What policies say. `largest`: the highest price admitted now, None without limit; `bond`: the least
    bond for the price asked. Base units.
    """

    largest: int | None
    bond: int
    refusals: tuple[Refusal, ...]

    @property
    def admitted(self) -> bool:
        """Whether nothing stands against it."""
        return not self.refusals


@dataclass(frozen=True, slots=True)
class _Limit:
    policy: str
    rule: str | None
    why: str
    largest: int | None = None
    bond: int = 0


def admit(engine: Engine, asked: Asked) -> Admission:
    """What the policies say of a new agreement, with what they have seen so far. Changes nothing."""
    limits = [limit for policy in engine.policies for limit in _limits(engine, policy, asked)]
    refusals = tuple(found for limit in limits if (found := _refusal(limit, asked)) is not None)
    caps = [limit.largest for limit in limits if limit.largest is not None]
    return Admission(
        largest=min(caps) if caps else None,
        bond=max((limit.bond for limit in limits), default=0),
        refusals=refusals,
    )


def _refusal(limit: _Limit, asked: Asked) -> Refusal | None:
    if limit.largest is not None and asked.price > limit.largest:
        fix = (
            f"ask for at most {format_usdc(limit.largest)}"
            if limit.largest > 0
            else "wait until it is lifted, or hire another agent"
        )
        return Refusal(limit.policy, limit.rule, limit.why, fix)
    if asked.bond < limit.bond:
        return Refusal(
            limit.policy, limit.rule, limit.why, f"agree on a bond of at least {format_usdc(limit.bond)}"
        )
    return None


def _limits(engine: Engine, policy: Policy, asked: Asked) -> Iterator[_Limit]:
    if not engine.is_in_force(policy):
        return
    scope = policy.scope
    if scope.agents and asked.agent not in scope.agents:
        return
    if asked.committee is not None and scope.committees and asked.committee not in scope.committees:
        return
    if asked.pact is not None and scope.pacts and asked.pact not in scope.pacts:
        return
    for rule in policy.rules:
        why = _holds(engine, policy, rule, asked)
        if why is not None:
            for consequence in rule.then:
                limit = _of(engine, policy, rule, consequence, asked, why)
                if limit is not None:
                    yield limit
    cap, rollout = engine.cap(policy, asked.agent), policy.rollout
    if cap is not None and rollout is not None and asked.pact in (None, rollout.pact):
        standing = engine.agents.get(asked.agent)
        used = 0 if standing is None else standing.exposure(rollout.pact)
        yield _Limit(
            policy.name,
            None,
            f"{rollout.workflow}: the cap is {format_usdc(cap)}, of which {format_usdc(used)} is used",
            largest=max(0, cap - used),
        )


def _holds(engine: Engine, policy: Policy, rule: Rule, asked: Asked) -> str | None:
    """Why a rule holds for what is asked; None where it does not."""
    if MEANINGS[rule.signal].about == "evaluator":
        for key in engine.held:
            committee = key.subject.partition("/")[0]
            if key[:2] == (policy.name, rule.id) and asked.committee in (None, committee):
                return (
                    f"{rule.signal} of evaluator {key.subject} is beyond {shown(rule.signal, rule.threshold)}"
                )
        return None
    standing = engine.agents.get(asked.agent) or engine.unknown()
    value, threshold, crossed = standing.read(rule, engine.time)
    if crossed or Key(policy.name, rule.id, asked.agent) in engine.held:
        limit = shown(rule.signal, threshold)
        return f"{rule.signal} is {shown(rule.signal, value)}; the threshold is {limit}"
    return None


def _of(
    engine: Engine, policy: Policy, rule: Rule, consequence: Consequence, asked: Asked, why: str
) -> _Limit | None:
    if isinstance(consequence, RefuseAbove):
        return _Limit(policy.name, rule.id, why, largest=consequence.amount)
    if isinstance(consequence, RequireBond):
        return _Limit(policy.name, rule.id, why, bond=-(-asked.price * consequence.percent // 100))
    if isinstance(consequence, ShrinkCredit):
        standing = engine.agents.get(asked.agent)
        used = 0 if standing is None else standing.exposure()
        why = f"{why}; {format_usdc(used)} of at most {format_usdc(consequence.limit)} is entrusted already"
        return _Limit(policy.name, rule.id, why, largest=max(0, consequence.limit - used))
    return None
