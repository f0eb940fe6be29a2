"""Both sides of a tab are killed again and again: no receipt is lost, and nothing is paid twice."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from oracle.tabs.reading import LogError, LogReader
from oracle.tabs.records import ABANDONED
from scripts.local.ports import free_ports
from tests.integration.tabs.sides import PRICE, RULES, TAB

PROGRAM = Path(__file__).with_name("sides.py")
CALLS = 80
STEP = 20  # interactions between one kill and the next
KILLS = ["provider", "buyer", "both"]


class Sides:
    """The two processes."""

    def __init__(self, folder: Path) -> None:
        (self._port,) = free_ports(1)
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, side: str) -> subprocess.Popen[bytes]:
        arguments = [side, str(self._folder), str(self._port), *([str(CALLS)] if side == "buyer" else [])]
        self._running[side] = subprocess.Popen([sys.executable, str(PROGRAM), *arguments])
        return self._running[side]

    def kill(self, side: str) -> None:
        self._running[side].kill()
        self._running[side].wait(60)

    def ended(self) -> bool:
        return any(process.poll() is not None for process in self._running.values())

    def end(self) -> None:
        for process in self._running.values():
            process.kill()
            process.wait(60)


@contextmanager
def reading(path: Path) -> Iterator[LogReader]:
    log = LogReader(path)
    yield log
    log.close()


def count_of(path: Path) -> int:
    try:
        with reading(path) as log:
            return log.head(TAB).count
    except LogError:  # it is not there yet
        return 0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_at_any_moment_both_sides_go_on_and_agree(tmp_path: Path) -> None:
    moment = random.Random(6)
    sides = Sides(tmp_path)
    provider, buyer = tmp_path / "provider.sqlite3", tmp_path / "buyer.sqlite3"
    try:
        sides.start("provider")
        buying = sides.start("buyer")
        for step, side in enumerate(KILLS, 1):
            deadline = time.monotonic() + 150
            while count_of(provider) < step * STEP:
                assert time.monotonic() < deadline, f"nothing happens any more before kill {step}"
                assert not sides.ended(), f"a side ended by itself before kill {step}"
                time.sleep(0.02)
            time.sleep(moment.uniform(0, 0.05))
            for one in ("provider", "buyer") if side == "both" else (side,):
                sides.kill(one)
                started = sides.start(one)
                buying = started if one == "buyer" else buying
        assert buying.wait(150) == 0
    finally:
        sides.end()

    with reading(provider) as ours, reading(buyer) as theirs:
        head = ours.head(TAB)
        assert head.count >= CALLS
        assert head.amount == head.count * PRICE
        assert theirs.head(TAB).tally(TAB) == head.tally(TAB)
        answers = list(ours.answers(TAB))
        assert [answer.receipt for answer in answers] == [answer.receipt for answer in theirs.answers(TAB)]
        assert len({answer.call.number for answer in answers}) == head.count
        # Everything is signed for; what was not answered was called off on both sides, and is not owed.
        signed = ours.signed(TAB)
        assert signed is not None
        assert signed.tally == head.tally(TAB)
        assert theirs.pending(TAB) == []
        off = {note.number for note in theirs.notes(TAB) if note.kind == ABANDONED}
        assert not off & {answer.call.number for answer in answers}
    # A kill between serving and storing repeats the work at the provider's cost: what was in flight.
    served = (tmp_path / "served").read_text().split()
    assert len(served) - head.count <= len(KILLS) * RULES.in_flight
