"""The gate locks out guessers, thresholds never split equal answers, and the bench reaches its targets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from oracle.jury.calibration import Probed, release_threshold
from oracle.jury.eligibility import EligibilityRules, Score, assess, luck_of
from scripts.jurybench.draws import split
from scripts.jurybench.measure import measure
from scripts.jurybench.votes import VotesError, load

RECORDED = Path(__file__).resolve().parents[4] / "shared" / "data" / "votes" / "llmbar.jsonl.gz"
GOOD_RECORD = Score(good=40, good_right=36, bad=40, bad_right=35, adversarial=40, of_kind=80, luck=1e-9)


def test_a_good_record_counts() -> None:
    assert assess(GOOD_RECORD, EligibilityRules()).counts


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (Score(20, 19, 20, 19, 20, 40, 1e-9), "40 probes, needs 80"),
        (Score(40, 36, 40, 35, 0, 80, 1e-9), "adversarial"),
        (Score(40, 40, 40, 20, 40, 80, 1e-9), "on bad work"),
        (Score(40, 22, 40, 40, 40, 80, 1e-9), "on good work"),
        (Score(40, 30, 40, 30, 40, 80, 0.01), "a coin"),
        (Score(40, 36, 40, 35, 40, 0, 1e-9), "of this kind"),
    ],
)
def test_a_poor_record_does_not_count(record: Score, why: str) -> None:
    standing = assess(record, EligibilityRules())
    assert not standing.counts
    assert any(why in reason for reason in standing.reasons)


def test_answers_that_are_all_alike_could_be_luck() -> None:
    assert luck_of(np.ones(80), np.arange(80) % 2 == 0) == 1.0


def test_equal_answers_are_released_together_or_not_at_all() -> None:
    good = np.array([True] * 10 + [False] * 40)
    # Ten good and ten bad probes state the same; releasing them would release a quarter of bad work.
    stated = np.array([1.0] * 20 + [-3.0] * 30)
    seen = Probed(stated, stated, good, np.ones(50, dtype=np.bool_))
    assert release_threshold(seen, 0.05) > 1.0


def test_a_draw_keeps_items_apart() -> None:
    items = np.repeat(np.arange(100), 3)
    drawn = split(items, 40, seed=1)
    assert drawn is not None
    assert not set(items[drawn.probes]) & set(items[drawn.judged])
    assert len(drawn.probes) == 40


def test_a_line_of_another_form_is_named(tmp_path: Path) -> None:
    path = tmp_path / "votes.jsonl"
    path.write_text('{"case": "a", "gold": "maybe", "votes": []}\n', encoding="utf-8")
    with pytest.raises(VotesError, match="line 1: gold"):
        load(path)


@pytest.mark.skipif(not RECORDED.is_file(), reason="the recorded votes are not beside this checkout")
def test_few_probes_repair_what_a_majority_breaks() -> None:
    run = measure(load(RECORDED), 20, draws=20)
    accuracy = run.figures.mean("accuracy")
    assert accuracy is not None
    assert accuracy >= 0.83
