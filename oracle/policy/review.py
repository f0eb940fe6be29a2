"""Reviews of a policy: when one is due, when it was missed. Each is an event."""

from __future__ import annotations

from collections.abc import Iterable

from oracle.policy.document import Policy
from oracle.policy.event import Happened, PolicyEvent, SubjectField
from oracle.policy.fields import DAY, day_of, day_start


def review_events(policy: Policy, reviewed: Iterable[int], *, now: int) -> list[PolicyEvent]:
    """Every review that became due up to a time, and every one that was missed.

    One is due `every_days` after the last review, and missed `grace_days` later. A missed one is due again
    after as long, until somebody reviews the policy.

    Args:
        reviewed: Times of reviews after the one the policy names, Unix seconds.
    """
    review = policy.review
    last = day_start(review.reviewed)
    done = sorted(time for time in reviewed if last < time <= now)
    told: list[PolicyEvent] = []
    while (due := last + review.every_days * DAY) <= now:
        missed = due + review.grace_days * DAY
        following = next((time for time in done if time > last), None)
        if following is not None and following < due:
            last = following  # reviewed before it was due: counted from there
            continue
        told.append(_event(policy, Happened.REVIEW_DUE, due, f"a review is due on {day_of(due)}"))
        if following is not None and following <= missed:
            last = following
            continue
        if missed > now:
            break
        told.append(
            _event(
                policy, Happened.REVIEW_MISSED, missed, f"nobody reviewed it by {day_of(missed)}, as was due"
            )
        )
        last = due
    return told


def reviewed_event(policy: Policy, *, by: str, note: str, now: int) -> PolicyEvent:
    """That somebody reviewed the policy at a time."""
    return _event(policy, Happened.REVIEWED, now, f"reviewed by {by}: {note}")


def _event(policy: Policy, happened: Happened, time: int, says: str) -> PolicyEvent:
    return PolicyEvent(
        happened=happened,
        policy=policy.name,
        policy_hash=policy.hash(),
        owner=policy.owner.name,
        rule=None,
        subject=SubjectField(kind="policy", key=policy.name),
        signal=None,
        value=None,
        threshold=None,
        says=says,
        time=time,
        at=None,
    )
