"""What is done again and again: a turn that fails ends none of those after it, and closing waits for none."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from oracle.domain.errors import EarnestError
from oracle.periodic import Periodic

LONG = 3_600.0  # nobody waits so long here
SHORT = 0.001
PATIENCE = 30.0


class Counting(Periodic):
    """Counts its turns, and does in each what it is told to."""

    def __init__(
        self,
        does: Callable[[], float | None] = lambda: None,
        *,
        every: float = SHORT,
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__("counting", every=every, hindered="counting_hindered", leads=leads)
        self.taken = threading.Semaphore(0)
        self._does = does

    def took(self) -> bool:
        """Whether it takes another turn."""
        return self.taken.acquire(timeout=PATIENCE)

    def _turn(self) -> float | None:
        self.taken.release()
        return self._does()


def _raise(error: Exception) -> None:
    raise error


def test_turns_are_taken_until_it_is_closed() -> None:
    with closing(Counting()) as one:
        one.start()
        assert one.took()
        assert one.took()
    assert not one._thread.is_alive()
    while one.taken.acquire(blocking=False):
        pass
    assert not one.taken.acquire(timeout=0.05)


def test_a_turn_says_how_long_to_wait_for_the_next() -> None:
    with closing(Counting(lambda: SHORT, every=LONG)) as one:
        one.start()
        assert one.took()
        assert one.took()


def test_woken__the_next_turn_is_taken_now() -> None:
    with closing(Counting(every=LONG)) as one:
        one.start()
        assert one.took()
        one.wake()
        assert one.took()


def test_closed_while_it_waits__it_ends_at_once() -> None:
    one = Counting(every=LONG)
    one.start()
    assert one.took()
    one.close()
    assert not one._thread.is_alive()


def test_never_begun__it_can_be_closed() -> None:
    Counting().close()


@pytest.mark.parametrize(
    ("error", "event", "says"),
    [
        (EarnestError("not now"), "counting_hindered", {"error": "EarnestError", "reason": "not now"}),
        (
            OperationalError("SELECT 1", {}, Exception("locked")),
            "database_unusable",
            {"reason": "locked", "doing": "counting"},
        ),
        (RuntimeError("a defect"), "counting_step_failed", {"exc_info": True}),
    ],
)
def test_a_turn_that_fails__is_told_and_ends_none_of_those_after_it(
    error: Exception, event: str, says: dict[str, object]
) -> None:
    with capture_logs() as logs, closing(Counting(lambda: _raise(error))) as one:
        one.start()
        assert one.took()
        assert one.took()
    assert logs[0]["event"] == event
    assert says.items() <= logs[0].items()


def test_it_may_not_act__no_turn_is_taken_until_it_may() -> None:
    asked, may = threading.Semaphore(0), threading.Event()

    def leads() -> bool:
        asked.release()
        return may.is_set()

    with closing(Counting(leads=leads)) as one:
        one.start()
        for _ in range(3):
            assert asked.acquire(timeout=PATIENCE)
        assert not one.taken.acquire(blocking=False)
        may.set()
        assert one.took()
