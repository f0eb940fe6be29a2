"""The process that forks for each check: what one check does to itself, the next does not feel."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from oracle.evaluation.checks.nursery import Nursery, NurseryError

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


def test_a_check_is_answered(nursery: Nursery) -> None:
    assert json.loads(nursery.ask(task(), seconds=5, most=MOST)) == {"found": True, "at": 2}


def test_a_check_without_end__is_ended_by_the_kernel_and_the_next_is_answered(nursery: Nursery) -> None:
    started = time.monotonic()
    with pytest.raises(NurseryError) as error:
        nursery.ask(cel(SLOW, seconds=1), seconds=1, most=MOST)
    assert error.value.timed_out
    assert time.monotonic() - started < 20
    assert json.loads(nursery.ask(task(), seconds=5, most=MOST))["found"]


def test_an_answer_beyond_its_limit__is_no_answer(nursery: Nursery) -> None:
    with pytest.raises(NurseryError):
        nursery.ask(task(), seconds=5, most=3)


def test_the_forking_process_is_gone__another_is_started(nursery: Nursery) -> None:
    nursery.ask(task(), seconds=5, most=MOST)
    assert nursery._process is not None
    nursery._process.kill()
    nursery._process.wait()
    assert json.loads(nursery.ask(task(), seconds=5, most=MOST))["found"]


def test_checks_side_by_side__each_gets_its_own_answer(nursery: Nursery) -> None:
    with ThreadPoolExecutor(8) as pool:
        texts = ["a" * number + "b" for number in range(24)]
        said = list(pool.map(lambda text: nursery.ask(task(text=text), seconds=5, most=MOST), texts))
    assert [json.loads(answer)["at"] for answer in said] == list(range(24))
