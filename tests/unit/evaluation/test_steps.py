"""An evaluation that was cut off goes on: what checks and juries answered is not asked for again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from oracle.decide.draw import Draw
from oracle.evaluation import assess
from oracle.evaluation.jury_port import Jury, JuryCriterion, JuryDecision
from oracle.evaluation.pipeline import evaluate
from oracle.evaluation.record import EvaluationRecord
from oracle.pact.methodology import Methodology
from tests.unit.evaluation.builders import CONDITIONS, JURY_CONDITION, Case, block_randomness, make_case


class CutError(BaseException):
    """The process is gone."""


class KeptSteps:
    """Steps in a dictionary, and a cut before the one named `cut`."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.cut: str | None = None

    async def run_async(self, name: str, act: Callable[[], Awaitable[str]]) -> str:
        if name == self.cut:
            raise CutError
        if name not in self.kept:
            self.kept[name] = await act()
        return self.kept[name]


class CountingBench:
    """A jury that passes everything and counts how often it is asked for each condition."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, _methodology: Methodology) -> Jury:
        return self

    async def judge(
        self,
        criterion: JuryCriterion,
        texts: Mapping[str, str],  # noqa: ARG002
        draw: Draw,  # noqa: ARG002
    ) -> JuryDecision:
        self.asked.append(criterion.condition_id)
        return JuryDecision(state="passed", reason="said so", model_calls=2, section={"votes": [1]})


def judged(case: Case, bench: CountingBench, steps: KeptSteps) -> EvaluationRecord:
    return asyncio.run(
        evaluate(
            case.task, case.store, jury=bench, randomness=block_randomness, clock=lambda: 5.0, steps=steps
        )
    )


@pytest.fixture
def case(tmp_path: Path) -> Case:
    second = JURY_CONDITION | {"id": "second-opinion"}
    return make_case(tmp_path, conditions=[*CONDITIONS, JURY_CONDITION, second])


def test_cut_off_between_two_criteria__the_first_is_not_asked_again(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, bench = KeptSteps(), CountingBench()
    steps.cut = "judge second-opinion"
    with pytest.raises(CutError):
        judged(case, bench, steps)
    assert bench.asked == [JURY_CONDITION["id"]]
    steps.cut = None

    def never(*_given: object) -> None:
        raise AssertionError("checked again")

    monkeypatch.setattr(assess, "check_conditions", never)
    record = judged(case, bench, steps)
    assert bench.asked == [JURY_CONDITION["id"], "second-opinion"]
    assert record.outcome == "pass"


def test_what_was_kept_makes_the_same_record(case: Case) -> None:
    steps, bench = KeptSteps(), CountingBench()
    whole = judged(case, bench, steps)
    assert judged(case, bench, steps) == whole
    assert judged(case, CountingBench(), KeptSteps()).conditions[2:] == whole.conditions[2:]
