"""Pre-flight figures, graded at their limits: what is a problem, what a warning, what is well."""

from __future__ import annotations

import pytest

from oracle.decide import preflight
from oracle.decide.preflight import Grade
from oracle.domain.committee import CommitteeView, EvaluatorView
from oracle.domain.types import Standing

ACCOUNT, KEY, COMMITTEE = "0x" + "01" * 20, "0x" + "02" * 20, "0x" + "03" * 32
GWEI = 10**9


@pytest.mark.parametrize(
    ("age", "grade"),
    [
        pytest.param(0.5, Grade.OK, id="a block of just now"),
        pytest.param(-2.0, Grade.OK, id="a block made a moment early"),
        pytest.param(-2.1, Grade.PROBLEM, id="a block from the future"),
        pytest.param(30.0, Grade.OK, id="as old as may be"),
        pytest.param(31.0, Grade.WARNING, id="an old block"),
        pytest.param(301.0, Grade.PROBLEM, id="a node that stands, or a clock that is wrong"),
    ],
)
def test_clock__age_of_the_newest_block__is_graded(age: float, grade: Grade) -> None:
    found = preflight.clock(1_000_000 + age, 1_000_000)
    assert found.grade is grade
    assert (found.mend is None) == (grade is Grade.OK)


@pytest.mark.parametrize(
    ("jobs", "grade"),
    [(200, Grade.OK), (199, Grade.WARNING), (10, Grade.WARNING), (9, Grade.PROBLEM), (0, Grade.PROBLEM)],
)
def test_balance__jobs_it_pays_for__is_graded(jobs: int, grade: Grade) -> None:
    fee = 2 * GWEI
    found = preflight.balance(ACCOUNT, jobs * preflight.GAS_OF_A_JOB * fee, fee)
    assert found.grade is grade
    assert f"enough for about {jobs} jobs" in found.message


def test_balance__too_little__says_how_much_to_send() -> None:
    found = preflight.balance(ACCOUNT, 0, 1 * GWEI)
    assert found.mend == "send 0.080000 ETH to 0x0101010101010101010101010101010101010101"


def test_balance__fee_of_nothing__is_no_division_by_zero() -> None:
    assert preflight.balance(ACCOUNT, 1, 0).grade is Grade.PROBLEM


@pytest.mark.parametrize(
    ("gib", "grade"),
    [(10.0, Grade.OK), (9.9, Grade.WARNING), (1.0, Grade.WARNING), (0.9, Grade.PROBLEM)],
)
def test_disk__free_space__is_graded(gib: float, grade: Grade) -> None:
    assert preflight.disk("evidence", int(gib * 2**30)).grade is grade


def _state(*, active: int = 0b111, free: int = 100) -> CommitteeView:
    return CommitteeView(
        threshold=3, evaluators=5, epoch=1, active=active, stake=500, silence=10, reserved=0, free=free,
        arbiter=ACCOUNT, arbiter_cost=0, methodology=COMMITTEE, fee_flat=0, fee_rate=0, max_value=10**9,
        min_verdict=60, min_ruling=60, max_challenge=86_400,
    )  # fmt: skip


def _view(*, standing: Standing = Standing.JOINED, stake: int = 500, expelled: bool = False) -> EvaluatorView:
    return EvaluatorView(ACCOUNT, KEY, standing, expelled, stake, owed=0, liable=0, may_withdraw=False)


@pytest.mark.parametrize(
    ("state", "view", "grades", "said"),
    [
        pytest.param(_state(), _view(), ["ok", "ok"], "has its full stake", id="well"),
        pytest.param(_state(), _view(stake=499), ["warning", "ok"], "left out of new jobs", id="slashed"),
        pytest.param(_state(), _view(expelled=True), ["problem", "ok"], "was expelled", id="expelled"),
        pytest.param(
            _state(), _view(standing=Standing.LEAVING), ["warning", "ok"], "older jobs only", id="leaving"
        ),
        pytest.param(_state(active=0b11), _view(), ["ok", "problem"], "and needs 3", id="too few of them"),
        pytest.param(_state(free=0), _view(), ["ok", "warning"], "no stake free", id="all of it in use"),
    ],
)
def test_stake__standing_and_coverage__are_graded(
    state: CommitteeView, view: EvaluatorView, grades: list[str], said: str
) -> None:
    found = preflight.stake(KEY, COMMITTEE, state, view)
    assert [item.grade.value for item in found] == grades
    assert any(said in item.message for item in found)
    assert all(item.mend for item in found if item.grade is not Grade.OK)


def test_verdict_time__must_leave_time_to_judge_after_the_draw() -> None:
    assert preflight.verdict_time("0x" + "cc" * 32, 4_800, 3_600).grade is Grade.OK
    short = preflight.verdict_time("0x" + "cc" * 32, 3_600, 3_600)
    assert short.grade is Grade.WARNING
    assert "4800" in str(short.mend)
