"""What is due for a tab: its pending period, what is owed, its end. Pure.

Every act repeats until the chain shows it done, so acts must be cheap to repeat, as those for jobs are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from oracle.decide.tabs import Pending, Tab
from oracle.decide.turns import due_from, turn_of
from oracle.domain.types import Hash, Outcome, members_of

LAST_CHANCE: Final = 600
"""The longest last chance, in seconds; see `last_chance`."""


class TabAct(StrEnum):
    """What is to be done about a tab."""

    EVALUATE = "evaluate"
    SIGN = "sign"
    JUDGE = "judge"
    ATTEST = "attest"
    LAPSE = "lapse"
    SETTLE = "settle"
    COLLECT = "collect"
    """Settle what is owed: out of what was topped up, or, after the grace period, of the collateral."""
    CLOSE = "close"
    PROVE = "prove"


@dataclass(frozen=True, slots=True)
class Step:
    """An act; for a verdict or posting what is attested and by whom, for a proof about whom (bits)."""

    act: TabAct
    outcome: Outcome = Outcome.NONE
    payable: int = 0
    signers: int = 0


@dataclass(frozen=True, slots=True)
class TabFacts:
    """All that deciding about a tab needs.

    Args:
        now: The chain's time.
        settled: The time of the last block that was read here as one that counts. Documents handed over
            before the draw are known once it is past the draw; earlier, evaluators would read different ones.
        last_chance: Whether the time for a verdict is nearly over. Then it is evaluated whatever was read:
            who attests that it is undecided is not slashed, who is silent is.
        threshold: k of the committee.
        held: Indices of members whose current key is held here.
        close: Whether this process sends `lapse`, `settle` and `close`.
        draw_from: When the draw's value is made; nothing is evaluated before, but at the last chance.
        expelled: Indices that count no more.
        evaluated: Whether an evaluation of this period is stored.
        attested: Index to (outcome, payable) of valid attestations for it. Who contradicted itself is not
            among them.
        seen: Index to the chain's time when that attestation was stored here.
        attest_before: Seconds before the end of the time for a verdict at which fewer than k are posted.
        stagger: Seconds of the chain's time between the evaluators' turns; zero: no waiting for others.
        unproven: Index to the chain's time when a contradiction was stored that the contract does not know;
            empty where this process shows none.
    """

    now: int
    settled: int
    threshold: int
    held: Collection[int]
    close: bool
    draw_from: int = 0
    expelled: Collection[int] = frozenset()
    evaluated: bool = False
    attested: Mapping[int, tuple[Outcome, int]] = field(default_factory=dict)
    seen: Mapping[int, int] = field(default_factory=dict)
    attest_before: int = 0
    stagger: int = 0
    unproven: Mapping[int, int] = field(default_factory=dict)
    last_chance: bool = False


def last_chance(verdict: int) -> int:
    """Seconds before the end of the time for a verdict from which on undecided is better than nothing.

    Args:
        verdict: Seconds for a verdict, of the tab's terms.
    """
    return min(LAST_CHANCE, verdict // 4)


def least_verdict(delay: int) -> int:
    """The least seconds for a verdict that leave as much for judging, after the draw, as is the last chance.

    Args:
        delay: Seconds from the window's end to the draw, of the methodology.
    """
    return min(2 * delay, delay + 2 * LAST_CHANCE)


def tab_steps(tab: Tab, facts: TabFacts) -> tuple[Step, ...]:
    """What is due for a tab."""
    if tab.closed:
        return ()
    steps = _proofs(tab, facts)
    if tab.pending is not None:
        return (*steps, *_period_steps(tab, tab.pending, facts))
    if not facts.close:
        return steps
    if tab.owing_from is not None:
        due, act = tab.owing_from, TabAct.COLLECT
    else:
        due, act = tab.end, TabAct.CLOSE
    return (*steps, Step(act)) if facts.now >= _turn(tab, tab.tab, facts, due) else steps


def _period_steps(tab: Tab, pending: Pending, facts: TabFacts) -> tuple[Step, ...]:
    deliverable = pending.period.deliverable()
    if pending.judged:
        if not facts.close or pending.final_at is None:
            return ()
        due = _turn(tab, deliverable, facts, pending.final_at)
        return (Step(TabAct.SETTLE),) if facts.now >= due else ()
    judge_by = pending.window_ends + tab.terms.verdict
    if facts.now >= judge_by:
        due = _turn(tab, deliverable, facts, judge_by)
        return (Step(TabAct.LAPSE),) if facts.close and facts.now >= due else ()
    mine = [index for index in facts.held if tab.members >> index & 1 and index not in facts.expelled]
    if not mine or (facts.settled < facts.draw_from and not facts.last_chance):
        return ()
    if not facts.evaluated:
        return (Step(TabAct.EVALUATE),)
    steps = [Step(TabAct.SIGN)] if any(index not in facts.attested for index in mine) else []
    for (outcome, payable), signers in sorted(_groups(tab, facts).items(), key=lambda item: item[0]):
        if len(signers) >= facts.threshold:
            known = sorted(facts.seen.get(index, 0) for index in signers)[facts.threshold - 1]
            chosen = _bits(sorted(signers)[: facts.threshold])
            if facts.now >= _turn(tab, deliverable, facts, known, until=judge_by):
                steps.append(Step(TabAct.JUDGE, outcome, payable, chosen))
            return tuple(steps)
        late = facts.attest_before and facts.now >= judge_by - facts.attest_before
        missing = [index for index in signers if index in mine and not pending.posted >> index & 1]
        if late and missing:
            steps.append(Step(TabAct.ATTEST, outcome, payable, _bits(missing)))
    return tuple(steps)


def _proofs(tab: Tab, facts: TabFacts) -> tuple[Step, ...]:
    """A proof of equivocation, one at a time."""
    due = [
        Step(TabAct.PROVE, signers=1 << index)
        for index, since in sorted(facts.unproven.items())
        if facts.now >= _turn(tab, tab.tab, facts, since)
    ]
    return tuple(due[:1])


def _turn(tab: Tab, subject: Hash, facts: TabFacts, since: int, *, until: int | None = None) -> int:
    """The chain's time from which it is for this process to send what any evaluator may send from `since`."""
    indices = set(members_of(tab.members)) - set(facts.expelled)
    turn = turn_of(subject, indices, facts.held)
    return due_from(since, turn, facts.stagger, until=until, size=len(indices))


def _groups(tab: Tab, facts: TabFacts) -> dict[tuple[Outcome, int], list[int]]:
    found: dict[tuple[Outcome, int], list[int]] = {}
    for index, said in facts.attested.items():
        if tab.members >> index & 1 and index not in facts.expelled:
            found.setdefault(said, []).append(index)
    return found


def _bits(indices: Iterable[int]) -> int:
    return sum(1 << index for index in indices)
