"""The circuit breaker against a clock of the test's own."""

from __future__ import annotations

from oracle.chain.breaker import Breaker, BreakerState


class Clock:
    """Seconds that pass when told."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def broken(clock: Clock) -> Breaker:
    breaker = Breaker(failures=3, pause=2.0, longest=7.0, clock=clock)
    assert [breaker.failed(), breaker.failed(), breaker.failed()] == [False, False, True]
    return breaker


def test_it_opens_after_failures_in_a_row_only() -> None:
    breaker = Breaker(failures=3, clock=Clock())
    for _ in range(5):
        breaker.failed()
        breaker.failed()
        breaker.succeeded()
    assert breaker.state is BreakerState.CLOSED
    assert breaker.admits()


def test_open_it_admits_nothing_until_the_pause_is_over__then_one_probe() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 1.9
    assert not breaker.admits()
    clock.now += 0.2
    assert breaker.admits()
    assert not breaker.admits(), "one probe at a time"
    breaker.succeeded()
    assert breaker.state is BreakerState.CLOSED
    assert breaker.admits()


def test_a_failed_probe_doubles_the_pause_up_to_the_longest() -> None:
    clock = Clock()
    breaker = broken(clock)
    for pause in (2.0, 4.0, 7.0, 7.0):
        clock.now += pause - 0.1
        assert not breaker.admits(), pause
        clock.now += 0.2
        assert breaker.admits(), pause
        breaker.failed()
    breaker.succeeded()
    breaker.failed(at_once=True)
    clock.now += 2.1
    assert breaker.admits(), "after a success the pause begins anew"


def test_a_probe_that_is_never_heard_of_does_not_close_the_door() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 2.1
    assert breaker.admits()
    clock.now += 2.1
    assert breaker.admits()


def test_the_pause_a_node_asks_for_is_kept__within_limits() -> None:
    clock = Clock()
    breaker = Breaker(failures=3, pause=2.0, longest=7.0, clock=clock)
    assert breaker.failed(at_once=True, wait=5.0)
    clock.now += 4.9
    assert not breaker.admits()
    breaker = Breaker(pause=2.0, longest=7.0, clock=clock)
    breaker.failed(at_once=True, wait=999_999.0)
    clock.now += 7.1
    assert breaker.admits()


def test_late_answers_to_questions_from_before_do_not_lengthen_the_pause() -> None:
    clock = Clock()
    breaker = broken(clock)
    for _ in range(10):
        assert not breaker.failed()
    clock.now += 2.1
    assert breaker.admits()
