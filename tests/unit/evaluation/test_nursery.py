"""The process that forks for each check: what one check does to itself, the next does not feel."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from oracle.evaluation.checks import nursery as module
from oracle.evaluation.checks.nursery import Nursery, NurseryError, Sitting

MOST = 100_000  # bytes


def task(pattern: str = "b+", text: str = "aabb", **limits: int) -> bytes:
    limits = {"seconds": 5, "memory_bytes": 2**30} | limits
    return json.dumps({"method": "pattern", "pattern": pattern, "text": text} | limits).encode()


def cel(expression: str, **limits: int) -> bytes:
    bounds = {"depth": 9, "items": 10**6, "cost": 10**12}
    limits = {"seconds": 5, "memory_bytes": 2**30} | limits
    facts = {"facts": {"many": list(range(400))}, "functions": [], "limits": bounds}
    return json.dumps({"method": "cel", "expression": expression} | facts | limits).encode()


SLOW = "many.all(a, many.all(b, many.all(c, many.all(d, a + b + c + d >= 0))))"


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.close()


def ask(nursery: Nursery, what: bytes, *, seconds: float = 5, most: int = MOST) -> dict[str, Any]:
    with Sitting(nursery) as place:
        return place.ask(what, seconds=seconds, most=most)


def test_a_check_is_answered(nursery: Nursery) -> None:
    assert ask(nursery, task()) == {"found": True, "at": 2}


def test_a_check_without_end__is_ended_by_the_kernel_and_the_next_is_answered(nursery: Nursery) -> None:
    started = time.monotonic()
    with Sitting(nursery) as place:
        with pytest.raises(NurseryError) as error:
            place.ask(cel(SLOW, seconds=1), seconds=1, most=MOST)
        assert error.value.timed_out
        assert time.monotonic() - started < 120
        assert place.ask(task(), seconds=5, most=MOST)["found"]


def test_a_check_that_has_to_wait__keeps_the_processors_time_it_was_promised(nursery: Nursery) -> None:
    """Found by `make chaos` (seed 45) on a loaded machine: one evaluator could not decide what others could.

    The fork is stopped for longer than its time on the clock, and must still get the whole of it.
    """
    with Sitting(nursery) as place:
        place.ask(task(), seconds=5, most=MOST)
        assert nursery._process is not None
        children = Path(f"/proc/{nursery._process.pid}/task/{nursery._process.pid}/children").read_text()
        fork = int(children.split()[-1])
        assert place._fork is not None
        os.kill(fork, signal.SIGSTOP)
        started = time.monotonic()
        threading.Timer(2.0, os.kill, (fork, signal.SIGCONT)).start()
        with pytest.raises(NurseryError) as error:
            Sitting._ask(place._fork.socket, cel(SLOW, seconds=1), 1, MOST)
        assert error.value.timed_out
        assert time.monotonic() - started > 2.7


def test_checks_of_one_sitting__share_a_process(nursery: Nursery) -> None:
    with Sitting(nursery) as place:
        place.ask(task(), seconds=5, most=MOST)
        first = place._fork
        assert [place.ask(task(text=text), seconds=5, most=MOST)["at"] for text in ("b", "ab")] == [0, 1]
        assert place._fork is first


def test_the_time_of_one_check__is_none_of_the_next(nursery: Nursery) -> None:
    with Sitting(nursery) as place:
        place.ask(task(seconds=1), seconds=1, most=MOST)
        first = place._fork
        time.sleep(1.2)
        assert place.ask(task(seconds=1), seconds=1, most=MOST)["found"]
        assert place._fork is first


def test_what_went_wrong_in_a_used_process__is_done_again_in_a_fresh_one(nursery: Nursery) -> None:
    """What an earlier check left behind must not decide a later one."""
    with Sitting(nursery) as place:
        place.ask(task(), seconds=5, most=MOST)
        first = place._fork
        assert first is not None
        assert "error" in place.ask(task(pattern="("), seconds=5, most=MOST)
        assert place._fork is not first
        first = place._fork
        assert first is not None
        first.socket.shutdown(socket.SHUT_RDWR)  # as where it was killed
        assert place.ask(task(), seconds=5, most=MOST)["found"]


US, OTHERS = ("pact", "buyer", "provider"), ("pact", "buyer", "another provider")


def sit(nursery: Nursery, between: tuple[str, ...] | None, *tasks: bytes) -> socket.socket:
    """The fork that a sitting ends with."""
    with Sitting(nursery, between) as place:
        for each in tasks or (task(),):
            place.ask(each, seconds=5, most=MOST)
        assert place._fork is not None
        return place._fork.socket


def test_deliveries_between_the_same_two__share_a_process(nursery: Nursery) -> None:
    first = sit(nursery, US)
    assert sit(nursery, OTHERS) is not first
    assert sit(nursery, US) is first
    assert sit(nursery, None) is not first


def test_two_deliveries_at_once__never_share_a_process(nursery: Nursery) -> None:
    sit(nursery, US)
    with Sitting(nursery, US) as one, Sitting(nursery, US) as other:
        assert one.ask(task(), seconds=5, most=MOST)["found"]
        assert other.ask(task(), seconds=5, most=MOST)["found"]
        assert one._fork is not None
        assert other._fork is not None
        assert one._fork.socket is not other._fork.socket


@pytest.mark.parametrize("tasks", [(task(pattern="("),), (task(), task(pattern="("))])
def test_a_process_in_which_a_check_erred__serves_no_other_delivery(
    nursery: Nursery, tasks: tuple[bytes, ...]
) -> None:
    erred = sit(nursery, US, *tasks)
    assert erred.fileno() == -1
    assert sit(nursery, US) is not erred


def test_a_delivery_whose_checks_were_cut_off__leaves_no_process(nursery: Nursery) -> None:
    place = Sitting(nursery, US)
    place.ask(task(), seconds=5, most=MOST)
    place.__exit__(KeyboardInterrupt)
    assert nursery.kept(US) is None


def test_an_error_in_a_kept_process__is_asked_again_in_a_fresh_one(nursery: Nursery) -> None:
    first = sit(nursery, US)
    with Sitting(nursery, US) as place:
        assert "error" in place.ask(task(pattern="("), seconds=5, most=MOST)
        assert place._fork is not None
        assert place._fork.socket is not first
    first = sit(nursery, US)
    first.shutdown(socket.SHUT_RDWR)  # as where it was killed
    assert sit(nursery, US) is not first


def test_a_kept_process__serves_only_so_many_deliveries(
    nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_SITTINGS", 3)
    used = [sit(nursery, US) for _ in range(4)]
    assert used[0] is used[1] is used[2]
    assert used[3] is not used[0]
    assert used[0].fileno() == -1


def test_few_processes_are_kept__and_not_for_long(nursery: Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    forks = [sit(nursery, ("pact", str(number))) for number in range(module._MOST_KEPT + 1)]
    assert [fork.fileno() == -1 for fork in forks] == [True] + module._MOST_KEPT * [False]
    monkeypatch.setattr(module, "_KEPT_SECONDS", 0.0)
    assert nursery.kept(("pact", "1")) is None
    assert all(fork.fileno() == -1 for fork in forks)


def test_a_forked_process__has_none_of_the_forks_that_were_kept(nursery: Nursery) -> None:
    first = sit(nursery, US)
    process = nursery._process
    assert process is not None
    nursery._owner = -1  # as after a fork
    assert nursery.kept(US) is None
    assert sit(nursery, US) is not first
    assert nursery._process is not process
    process.wait(5)  # nobody else holds its socket here


def test_an_answer_beyond_its_limit__is_no_answer(nursery: Nursery) -> None:
    with pytest.raises(NurseryError):
        ask(nursery, task(), most=3)


def test_the_forking_process_is_gone__another_is_started(nursery: Nursery) -> None:
    ask(nursery, task())
    assert nursery._process is not None
    nursery._process.kill()
    nursery._process.wait()
    assert ask(nursery, task())["found"]


def test_checks_side_by_side__each_gets_its_own_answer(nursery: Nursery) -> None:
    with ThreadPoolExecutor(8) as pool:
        texts = ["a" * number + "b" for number in range(24)]
        said = list(pool.map(lambda text: ask(nursery, task(text=text)), texts))
    assert [answer["at"] for answer in said] == list(range(24))
