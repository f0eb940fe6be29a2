"""Coverage, and the registry of versions."""

from __future__ import annotations

import pytest

from oracle.score import v1
from oracle.score.coverage import RECENT, Running, coverage
from oracle.score.errors import ScoreError
from oracle.score.evidence import Contest, Evidence, Finding, Kind
from oracle.score.versions import CURRENT, formula

NOW = 1_767_225_600


def closed(*, bond: int, ago: int, secured: bool = True) -> Evidence:
    return Evidence(
        kind=Kind.JOB,
        subject="0x" + "11" * 32,
        period=0,
        block=1,
        log_index=0,
        at=NOW - ago,
        counterparty="0x" + "aa" * 20,
        own=False,
        committee="0x" + "cc" * 32,
        finding=Finding.PASS,
        contest=Contest.NONE,
        value=1,
        bond=bond,
        secured=secured,
        outlay=0,
    )


def test_coverage__running_jobs__add_up() -> None:
    running = [Running(100, 30, 20, True), Running(50, 0, 70, False)]
    found = coverage(running, [], at=NOW)
    assert (found.running, found.bonded, found.exposure, found.unbacked, found.cap) == (2, 90, 150, 10, 20)


def test_coverage__closed_jobs__cap_only_while_recent_and_secured() -> None:
    pieces = [
        closed(bond=9, ago=RECENT + 1),
        closed(bond=8, ago=1, secured=False),
        closed(bond=5, ago=RECENT),
    ]
    assert coverage([], pieces, at=NOW).cap == 5


def test_coverage__bond__buys_no_points() -> None:
    poor, rich = v1.standing([closed(bond=0, ago=0)]), v1.standing([closed(bond=10**12, ago=0)])
    assert poor.score(NOW) == rich.score(NOW)


def test_formula__every_version__is_there() -> None:
    assert formula(1) is v1
    assert formula() is formula(CURRENT)


def test_formula__unknown_version__is_refused() -> None:
    with pytest.raises(ScoreError, match="no version 2"):
        formula(2)


def test_standing__evidence_out_of_order__is_refused() -> None:
    made = v1.standing([closed(bond=0, ago=0)])
    with pytest.raises(ScoreError, match="out of order"):
        made.add(closed(bond=0, ago=0))


def test_score__before_the_last_evidence__is_refused() -> None:
    with pytest.raises(ScoreError, match="before the last evidence"):
        v1.standing([closed(bond=0, ago=0)]).score(NOW - v1.DAY)


def test_left_of__after_a_half_life__is_half() -> None:
    left = v1.left_of(v1.Added(v1.UNIT, v1.UNIT, "x"), since=NOW, at=NOW + 90 * v1.DAY)
    assert abs(left.passes - v1.UNIT // 2) < 10
    assert left.failures > 8 * v1.UNIT // 10
