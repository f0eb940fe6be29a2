"""A party that hands over when the window is over covers what was presented in its last second."""

from __future__ import annotations

from dataclasses import replace

from oracle.chain.tabs import TabView
from oracle.cli.tab_export import wait_for_window
from oracle.domain.tab_terms import Phase
from oracle.domain.types import Basis, Outcome

HASH = "0x" + "11" * 32
VIEW = TabView(
    phase=Phase.PRESENTED,
    closing=False,
    last=False,
    defaulted=False,
    members=7,
    balance=1,
    settled_count=0,
    settled_amount=0,
    period=0,
    end=9_999,
    begin=0,
    deadline=100,
    mark=HASH,
    set=0,
    count=5,
    amount=5,
    outcome=Outcome.NONE,
    basis=Basis.VERDICT,
    payable=0,
    unpaid=0,
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
