"""The schedule follows from the seed, and the checker's own table says what the daemon's says."""

from __future__ import annotations

import importlib
import json
from collections import Counter
from itertools import combinations, product
from pathlib import Path

import pytest

from oracle.decide import payouts
from oracle.domain.types import Basis, Outcome, Party
from scripts.chaos.plan import (
    DEEPEST_REORG,
    KILLS_END,
    RPC_LYING,
    RPC_SILENT,
    Course,
    Delivery,
    Kind,
    make_plan,
)
from scripts.chaos.points import POINTS
from scripts.chaos.table import ARBITER_COST, THRESHOLD, Row, right_outcome, row


def test_seed__same_plan() -> None:
    one, same, other = (make_plan(seed, jobs=30, faults=60) for seed in (7, 7, 8))
    assert one == same
    assert one.digest() == same.digest() != other.digest()


def test_plan__every_kind_of_fault_and_of_job() -> None:
    plan = make_plan(3, jobs=200, faults=300)
    kinds = Counter(fault.kind for fault in plan.faults)
    assert set(kinds) == set(Kind) - {Kind.DB_RESTART}
    assert len(plan.jobs) == 200
    assert len(plan.faults) == 345, "300 are to take hold"
    assert {job.course for job in plan.jobs} == set(Course)
    assert {job.delivery for job in plan.jobs} == set(Delivery)
    depths = {fault.amount for fault in plan.faults if fault.kind is Kind.REORG}
    assert depths == set(range(1, DEEPEST_REORG + 1))
    killed = {fault.name for fault in plan.faults if fault.kind is Kind.KILL_AT}
    assert killed == {str(index) for index in range(len(POINTS))}, "at every persisted step"
    assert {fault.name for fault in plan.faults if fault.kind is Kind.RPC} == {*RPC_SILENT, *RPC_LYING}
    assert [fault.step for fault in plan.faults] == sorted(fault.step for fault in plan.faults)


@pytest.mark.parametrize("seed", range(20))
def test_plan__two_kills_for_each_point_and_time_to_come_to_it(seed: int) -> None:
    plan = make_plan(seed, jobs=200, faults=300)
    kills = [fault for fault in plan.faults if fault.kind is Kind.KILL_AT]
    assert min(Counter(fault.name for fault in kills).values()) >= 2
    assert max(fault.step for fault in kills) <= plan.last - KILLS_END


def test_postgres__is_restarted_too() -> None:
    kinds = {f.kind for f in make_plan(3, jobs=10, faults=300, database="postgresql").faults}
    assert kinds == set(Kind)


def test_kept_seeds__have_every_kind_of_fault() -> None:
    """A change of the plan must not leave them without what they are kept for."""
    seeds = json.loads(Path(__file__).with_name("seeds.json").read_text(encoding="utf-8"))
    kinds: set[Kind] = set()
    for kept in seeds:
        only = [Kind(name) for name in kept.get("only", [])]
        database = kept.get("database", "sqlite")
        plan = make_plan(kept["seed"], jobs=kept["jobs"], faults=kept["faults"], only=only, database=database)
        has = {fault.kind for fault in plan.faults}
        assert set(only) <= has, f"seed {kept['seed']}"
        kinds |= has
    assert kinds == set(Kind)


def test_lies__never_from_both_endpoints() -> None:
    """What all endpoints say alike no evaluator can see through: that would be no fault but another chain."""
    for fault in make_plan(5, jobs=10, faults=2_000).faults:
        if fault.kind is Kind.RPC and fault.name in RPC_LYING:
            assert fault.endpoints in (1, 2)


def test_lies__two_at_once__from_one_endpoint() -> None:
    lies = [
        fault
        for fault in make_plan(5, jobs=10, faults=2_000).faults
        if fault.kind is Kind.RPC and fault.name in RPC_LYING
    ]
    together = [
        (one, other)
        for one, other in combinations(lies, 2)
        if one.target == other.target and one.step <= other.step <= one.step + one.steps
    ]
    assert together
    assert all(one.endpoints == other.endpoints for one, other in together)


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_points__exist_in_the_daemon(point: object) -> None:
    module, attribute = getattr(point, "module"), getattr(point, "attribute")  # noqa: B009 - for the id's sake
    owner = importlib.import_module(module)
    for step in attribute.split("."):
        owner = getattr(owner, step)
    assert callable(owner)


CASES = [case for case in product(Delivery, Course) if case != (Delivery.VAGUE, Course.CONCEDED)]


@pytest.mark.parametrize(("delivery", "course"), CASES)
def test_table__agrees_with_the_daemons(delivery: Delivery, course: Course) -> None:
    """Two readings of one document. Odd amounts, so that every rounding shows."""
    gated, bond, fee = 700_000_003, 90_000_001, 20_000_007
    provisional = right_outcome(delivery)
    basis = Basis.NO_SHOW if delivery is Delivery.NONE else Basis.VERDICT
    stakes = payouts.Stakes(gated, bond, fee, THRESHOLD, ARBITER_COST)
    loser = Party.BUYER if provisional is Outcome.PASS else Party.PROVIDER
    other = Outcome.FAIL if provisional is Outcome.PASS else Outcome.PASS
    final, deposit = provisional, stakes.deposit
    if course is Course.UPHELD:
        paid = payouts.upheld(stakes, provisional, basis, loser)
    elif course is Course.OVERTURNED:
        paid, final = payouts.overturned(stakes, provisional, basis, loser, other), other
    elif course is Course.NO_RULING:
        paid = payouts.stands(stakes, provisional, basis, loser)
    else:
        paid, deposit = payouts.stands(stakes, provisional, basis), 0
    wanted = Row(final, paid.buyer, paid.provider, paid.evaluators, paid.arbiter, deposit, paid.taken)
    assert row(delivery, course, gated, bond, fee) == wanted
