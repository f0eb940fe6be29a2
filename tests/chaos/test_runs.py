"""Short runs: seeds that once failed, and bugs planted into a daemon that the checker must notice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.chaos import planted
from scripts.chaos.plan import EVALUATORS, Course, Delivery, Fault, Kind, Plan, PlannedJob, make_plan
from scripts.chaos.points import POINTS, Point
from scripts.chaos.run import chaos
from scripts.local.postgres import PostgresError, programs

SEEDS: list[dict[str, Any]] = json.loads(Path(__file__).with_name("seeds.json").read_text(encoding="utf-8"))
UNIT = 1_000_000
MINUTES = 4.0
PACE = 0.5  # seconds a step
STILL = 90.0  # seconds without progress until a run with a planted bug is given up

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_200)]


@pytest.mark.parametrize("kept", SEEDS, ids=lambda kept: f"{kept['seed']}-{kept.get('database', 'sqlite')}")
def test_seed(kept: dict[str, Any], tmp_path: Path) -> None:
    database = kept.get("database", "sqlite")
    if database == "postgresql":
        try:
            programs()
        except PostgresError as error:
            pytest.skip(error.message)
    plan = make_plan(
        kept["seed"],
        jobs=kept["jobs"],
        faults=kept["faults"],
        only=[Kind(name) for name in kept.get("only", [])],
        database=database,
    )
    result = chaos(plan, tmp_path, minutes=MINUTES, database=database, slowest=PACE)
    assert result.findings.lines() == []


def few(delivery: Delivery, *faults: Fault) -> Plan:
    """Three jobs that the verdict closes, and these faults."""
    jobs = tuple(
        PlannedJob(
            number=number,
            step=1 + 2 * number,
            delivery=delivery,
            course=Course.UNSECURED,
            deliver_after=0,
            gated=300 * UNIT,
            bond=60 * UNIT,
            fee=20 * UNIT,
            up_front=0,
        )
        for number in range(3)
    )
    return Plan(seed=1, jobs=jobs, faults=faults, last=25)


def killed_at(module: str, attribute: str, moment: str) -> tuple[Fault, ...]:
    """Every evaluator dies at a point, whoever comes to it."""
    point = str(POINTS.index(Point(module, attribute, moment)))
    return tuple(Fault(2, Kind.KILL_AT, target, point, amount=1) for target in range(EVALUATORS))


BEFORE_STORED = killed_at("oracle.store.outbox", "save_signed", "before")


def test_no_bug__nothing_found(tmp_path: Path) -> None:
    result = chaos(few(Delivery.CAREFUL, *BEFORE_STORED), tmp_path, minutes=MINUTES)
    assert result.findings.lines() == []
    assert result.kills


def test_without_the_journal__noticed(tmp_path: Path) -> None:
    result = chaos(
        few(Delivery.CAREFUL), tmp_path, minutes=MINUTES, still_seconds=STILL, plant=planted.NO_JOURNAL
    )
    assert result.findings.conflicting_signatures


def test_sent_before_it_is_stored__noticed(tmp_path: Path) -> None:
    plan = few(Delivery.CAREFUL, *BEFORE_STORED)
    result = chaos(plan, tmp_path, minutes=MINUTES, still_seconds=STILL, plant=planted.SEND_FIRST)
    assert any("not stored" in text for text in result.findings.double_posts)


def test_wrong_evaluation__noticed(tmp_path: Path) -> None:
    result = chaos(
        few(Delivery.CARELESS), tmp_path, minutes=MINUTES, still_seconds=STILL, plant=planted.WRONG_OUTCOME
    )
    assert result.findings.wrong_outcomes
