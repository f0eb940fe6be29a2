"""A clock that ran ahead and was set back: nothing waits until it is there again.

`make chaos SEED=2026` found it: a try was put off while the clock stood an hour ahead, and no verdict came.
"""

from __future__ import annotations

import pytest

from oracle.decide.lane import (
    GWEI,
    Attempt,
    Broadcast,
    Entry,
    Fees,
    LanePolicy,
    LaneStep,
    LaneView,
    Replace,
    Sign,
    lane_steps,
)
from oracle.decide.waiting import LONGEST_RETRY, has_been, is_over

NOW = 1_800_000_000.0
HOUR = 3_600.0
FEES = Fees(2 * GWEI, GWEI)


@pytest.mark.parametrize(
    ("until", "over"),
    [
        (NOW - 1, True),
        (NOW, True),
        (NOW + 0.5, False),
        (NOW + LONGEST_RETRY, False),
        (NOW + HOUR, True),
    ],
)
def test_is_over(until: float, over: bool) -> None:
    assert is_over(NOW, until, LONGEST_RETRY) is over


def test_has_been__the_clock_was_set_back__counts() -> None:
    assert not has_been(NOW, NOW - 29, 30)
    assert has_been(NOW, NOW - 30, 30)
    assert not has_been(NOW, NOW + 0.1, 30)
    assert has_been(NOW, NOW + HOUR, 30)


def steps(entry: Entry) -> list[LaneStep]:
    nonce = entry.nonce if entry.nonce is not None else 0
    view = LaneView(
        entries=[entry],
        next_nonce=nonce + (entry.nonce is not None),
        nonce_latest=nonce,
        nonce_final=nonce,
        finalized=1,
        suggested=FEES,
        now=NOW,
        started_at=NOW - 10,
    )
    return lane_steps(view, LanePolicy())


def test_lane__put_off_by_a_clock_that_was_set_back__goes_on() -> None:
    assert steps(Entry(1, wanted=True, retry_at=NOW + 5)) == []
    assert isinstance(steps(Entry(1, wanted=True, retry_at=NOW + HOUR))[0], Sign)


def test_lane__sent_by_a_clock_that_was_set_back__is_sent_again_and_pays_more_when_stuck() -> None:
    just_sent = Attempt("0x" + "01" * 32, FEES, noop=False, signed_at=NOW, sent_at=NOW + 0.1)
    assert steps(Entry(1, wanted=True, nonce=7, attempts=(just_sent,))) == []
    sent_ahead = Attempt("0x" + "01" * 32, FEES, noop=False, signed_at=NOW, sent_at=NOW + HOUR)
    assert isinstance(steps(Entry(1, wanted=True, nonce=7, attempts=(sent_ahead,)))[0], Broadcast)
    signed_ahead = Attempt("0x" + "01" * 32, FEES, noop=False, signed_at=NOW + HOUR, sent_at=NOW)
    assert isinstance(steps(Entry(1, wanted=True, nonce=7, attempts=(signed_ahead,)))[0], Replace)
