"""A party that hands over when the window is over covers what was presented in its last second."""

from __future__ import annotations

from dataclasses import replace

from oracle.chain.tabs import TabView
from oracle.cli.tab_export import wait_for_window
from oracle.domain.tab_terms import Phase
from oracle.domain.types import Basis, Outcome

HASH = "0x" + "11" * 32
VIEW = TabView(
    Phase.PRESENTED, False, False, 7, 1, 0, 0, 0, 9_999, 0, 100, HASH, 0, 5, 5, Outcome.NONE, Basis.VERDICT, 0
)


def waited(view: TabView, start: int) -> list[float]:
    time, slept = [start], list[float]()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        time[0] += 60

    assert wait_for_window(lambda: view, lambda: time[0], sleep) is view
    return slept


def test_waits_until_the_windows_end() -> None:
    assert len(waited(VIEW, 10)) == 2
    assert waited(VIEW, 100) == []


def test_does_not_wait_where_nothing_is_presented() -> None:
    assert waited(replace(VIEW, phase=Phase.OPEN), 10) == []
