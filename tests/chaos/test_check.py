"""What the checker takes for right and what not, where a run comes to it seldom."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from oracle.domain.events import JobClosed
from oracle.domain.types import Ending, Outcome
from scripts.chaos.check import Findings, check_job
from scripts.chaos.jobs import Job
from scripts.chaos.plan import Course, Delivery, PlannedJob

GATED, BOND, FEE = 500, 100, 30
JOB = "0x" + "11" * 32


def closed_without_verdict(course: Course, how: Ending) -> Findings:
    plan = PlannedJob(3, 1, Delivery.CAREFUL, course, 0, GATED, BOND, FEE, 0)
    job = Job(plan, cast("Any", None), JOB, "0x" + "22" * 32, b"")
    ended = JobClosed(JOB, Outcome.PASS, how, 0, GATED + BOND, FEE, 0, 3)
    found = Findings()
    check_job(found, job, [ended], cast("Any", SimpleNamespace()), [], ())
    return found


def test_concession_that_outlived_a_reorg__needs_no_verdict() -> None:
    """Found on seed 44: the verdict was orphaned, and the concession to it was mined first again."""
    assert closed_without_verdict(Course.CONCEDED, Ending.CONCEDED).clean()


@pytest.mark.parametrize(
    ("course", "how"), [(Course.ACCEPT, Ending.CONCEDED), (Course.CONCEDED, Ending.SETTLED)]
)
def test_closed_without_a_verdict__is_lost(course: Course, how: Ending) -> None:
    assert closed_without_verdict(course, how).counts()["lost"] == 1
