"""An incident from a case: pure, so the same evidence gives the same document everywhere."""

from __future__ import annotations

from collections.abc import Sequence

from oracle.domain.errors import EarnestError
from oracle.domain.types import Hash, Outcome
from oracle.history.task import Task, TaskKind
from oracle.incident.assumptions import broken_of, weakness_of
from oracle.incident.case import Case
from oracle.incident.document import Broken, Cost, Incident, Since
from oracle.incident.signals import first_weakening, grants_of, timeline_of
from oracle.policy.document import Policy
from oracle.policy.fields import day_start

MOST_REPEATS = 100


class IncidentError(EarnestError):
    """There is no incident to tell of."""


def incident_of(case: Case) -> Incident:
    """The incident of a job that did not end well.

    Raises:
        IncidentError: nothing went wrong with it, as far as the chain says.
    """
    lost = case.agreement.price - case.record.to_buyer
    broken = broken_of(case.task, case.looked, ruling_ends=case.record.deadline, lost=lost)
    visible = case.visible_at
    if visible is None and not broken:
        raise IncidentError(
            f"nothing went wrong with job {case.task.job}, as far as is known",
            field="job",
            next_step="name a job that failed, lapsed or was disputed: oracle jobs",
        )
    timeline = timeline_of(case)
    first_signal = first_weakening(case, timeline)
    visible = visible if visible is not None else case.at.time
    key, says = (None, None)
    if broken:
        key, says = weakness_of(broken[0], case.task)
    before, after = ((), ()) if key is None else _repeats(case, broken[0], key)
    task = case.task
    outcome = task.close.outcome if task.close is not None else Outcome.NONE
    return Incident(
        chain_id=case.at.chain_id,
        escrow=case.at.escrow,
        block=case.at.block,
        job=task.job,
        agent=task.provider,
        buyer=task.buyer,
        committee=task.committee,
        methodology=case.methodology,
        pact=task.pact,
        outcome=_outcome(task, outcome),
        visible_at=visible,
        timeline=timeline,
        broken=broken,
        weakness=key,
        weakness_says=says,
        repeats_before=before,
        repeats_after=after,
        first_signal=first_signal,
        unseen_for=None if first_signal is None else max(0, visible - first_signal.time),
        grants=grants_of(case, first_signal),
        costs=costs_of(case),
        since=_since(case),
    )


def _outcome(task: Task, outcome: Outcome) -> str:
    if task.close is None:
        return "still running"
    return "agreed" if outcome is Outcome.NONE else outcome.word


def _repeats(case: Case, first: Broken, key: Hash) -> tuple[tuple[Hash, ...], tuple[Hash, ...]]:
    """Other jobs whose first broken assumption is the same weakness, before and after this one."""
    before: list[Hash] = []
    after: list[Hash] = []
    for task in case.around:
        if task.kind is not TaskKind.JOB or task.job == case.task.job or task.pact != case.task.pact:
            continue
        broken = broken_of(task, case.looks.get(task.job, ()))
        if not broken or broken[0].assumption is not first.assumption:
            continue
        if weakness_of(broken[0], task)[0] == key:
            place = before if task.opened.timestamp < case.opened_at else after
            place.append(task.job)
    return tuple(before[-MOST_REPEATS:]), tuple(after[:MOST_REPEATS])


def costs_of(case: Case) -> tuple[Cost, ...]:
    """Who bore what. Together the four come to nothing: what one lost another got."""
    task, agreement, record = case.task, case.agreement, case.record
    if task.close is None:
        return ()
    terms, up_front = agreement.terms, agreement.opening.up_front
    by_buyer = record.deposit if record.disputant == terms.buyer else 0
    by_provider = record.deposit if record.disputant == terms.provider else 0
    sides: tuple[tuple[str, int, int], ...] = (
        ("buyer", agreement.pays_in + by_buyer, record.to_buyer),
        ("provider", terms.bond + by_provider, record.to_provider + up_front),
        ("evaluators", case.slashed, record.to_evaluators),
        ("arbiter", 0, record.to_arbiter),
    )
    return tuple(
        Cost.model_validate({"party": party, "paid": str(paid), "received": str(got), "net": str(got - paid)})
        for party, paid, got in sides
    )


def _since(case: Case) -> Since:
    """Whether any rule is another now, seen from the last job the agent was given after this one."""
    end = case.task.close
    ended = case.at.time if end is None else end.place.timestamp
    later = sorted(
        (
            one
            for one in case.around
            if one.kind is not TaskKind.PERIOD
            and one.provider == case.task.provider
            and one.opened.timestamp > ended
        ),
        key=lambda one: one.opened.timestamp,
    )
    new = [one for one in case.policies if ended < day_start(one.since) <= case.at.time]
    if not later:
        return Since(
            jobs=0,
            changed=("policy",) if new else (),
            same=(),
            remediated=True if new else None,
            says="the agent was given nothing since" + (_named(new)),
        )
    last = later[-1]
    then_ = {"pact": case.task.pact, "committee": case.task.committee, "methodology": case.methodology}
    now = {
        "pact": last.pact,
        "committee": last.committee,
        "methodology": case.methodologies.get(last.committee),
    }
    changed = [name for name, value in then_.items() if now[name] != value] + (["policy"] if new else [])
    same = [name for name, value in then_.items() if now[name] == value] + ([] if new else ["policy"])
    says = (
        f"{', '.join(changed)} changed" if changed else "no rule changed: the same can happen again"
    ) + f"; {len(later)} job(s) or tab(s) since{_named(new)}"
    return Since(
        jobs=len(later), changed=tuple(changed), same=tuple(same), remediated=bool(changed), says=says
    )


def _named(policies: Sequence[Policy]) -> str:
    return "".join(f"; policy {one.name} is in force since {one.since}" for one in policies)
