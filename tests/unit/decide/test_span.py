"""How many blocks are asked for at once."""

from __future__ import annotations

from oracle.decide.span import GROWTH, PATIENCE, Span


def span(blocks: int = 64, largest: int = 10_000) -> Span:
    return Span(blocks, 1, largest, 2_000)


def test_an_empty_stretch_is_crossed_in_few_steps_and_never_more_than_is_allowed() -> None:
    made = span()
    made.answered(64, 0)
    assert made.blocks == 64 * GROWTH
    made.answered(made.blocks, 0)
    made.answered(made.blocks, 0)
    assert made.blocks == 10_000


def test_a_range_grows_no_further_than_its_events_would_fill_it() -> None:
    made = span()
    made.answered(64, 500)
    assert made.blocks == 64 * 4
    made.answered(made.blocks, 1_500)
    assert made.blocks == 64 * 4
    made.answered(made.blocks, 2_001)
    assert made.blocks == 64 * 2


def test_a_narrow_answer_at_the_end_does_not_narrow_what_comes_after() -> None:
    made = span(1_000)
    made.answered(2, 0)
    assert made.blocks == 1_000


def test_what_was_refused_is_not_tried_again_at_once() -> None:
    made = span(1_000)
    assert made.refused(1_000)
    assert made.blocks == 500
    for _ in range(PATIENCE):
        assert made.blocks == 500
        made.answered(500, 0)
    assert made.blocks == 1_000  # nodes change, and limits by results depend on the stretch


def test_a_refusal_of_the_fewest_is_final() -> None:
    made = span(1)
    assert not made.refused(1)
    assert span(3).refused(3)
    assert Span(64, 16, 100, 2_000).refused(17)
