"""Cheating on a tab loses money wherever the stated condition holds, and the document shows what was run."""

from __future__ import annotations

import pytest

from scripts.deterrence.__main__ import DOC, in_document
from scripts.deterrence.simulate import CASES, Result, run, table


@pytest.fixture(scope="module")
def results() -> list[Result]:
    return [run(case) for case in CASES]


def test_cheating_loses_money_wherever_the_condition_holds(results: list[Result]) -> None:
    held = [each for each in results if each.case.condition]
    assert len(held) >= 8
    assert not [each for each in held if each.net + 3 * each.error >= 0]


def test_where_the_condition_does_not_hold_cheating_can_pay(results: list[Result]) -> None:
    """Else the condition would say nothing."""
    broken = [each for each in results if not each.case.condition]
    assert [each for each in broken if each.net - 3 * each.error > 0]


def test_what_is_withheld_is_what_failed(results: list[Result]) -> None:
    for each in results:
        if each.case.strategy == "any" and each.case.share > 0:
            expected = each.case.share * each.case.detection
            assert each.withheld == pytest.approx(expected, abs=0.01 + 0.05 * expected)


def test_an_honest_error_rate_never_costs_the_bond(results: list[Result]) -> None:
    honest = [each for each in results if each.case.gain == 0]
    assert [each.fails for each in honest] == [0.0]


def test_docs_tabs_md_holds_this_table(results: list[Result]) -> None:
    assert in_document(DOC.read_text("utf-8")) == table(results), "run: python -m scripts.deterrence --write"
