"""`kill -9` in the middle of a run: finished steps are not repeated, and the run comes to its end."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import Databases

WORKER = Path(__file__).with_name("worker.py")
DONE = "k done: a of k, b of k, c of k"

pytestmark = pytest.mark.timeout(600)  # on a loaded machine a start alone can take half a minute


class Workers:
    """Processes on one database, and the journal they all write."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.journal = folder / "journal"
        self.journal.touch()
        self.log = folder / "log"
        self.started: list[subprocess.Popen[bytes]] = []

    def start(self, *options: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            command = [sys.executable, str(WORKER), self.url, str(self.journal), *options]
            self.started.append(subprocess.Popen(command, stdout=log, stderr=log))
        return self.started[-1]

    def lines(self) -> list[str]:
        return self.journal.read_text().splitlines()

    def wait_for(self, line: str, *, times: int = 1, seconds: float = 150.0) -> None:
        end = time.monotonic() + seconds
        while self.lines().count(line) < times:
            assert time.monotonic() < end, f"no {line!r} in {self.lines()}; {self.log.read_text()[-2000:]}"
            time.sleep(0.05)

    def stop(self) -> None:
        for process in self.started:
            process.kill()
            process.wait()


@pytest.fixture
def workers(databases: Databases, tmp_path: Path) -> Iterator[Workers]:
    made = Workers(databases.empty(), tmp_path)
    yield made
    made.stop()


def steps(workers: Workers) -> list[str]:
    return [line for line in workers.lines() if not line.startswith("leads")]


def test_killed_in_a_step__the_next_process_goes_on_from_that_step(workers: Workers) -> None:
    first = workers.start("--submit", "k", "--die-in", "b")
    assert first.wait(150) == -9
    assert steps(workers) == ["k a", "k b"]
    second = workers.start("--until-done", "k")
    assert second.wait(150) == 0, workers.log.read_text()[-2000:]
    assert steps(workers) == ["k a", "k b", "k b", "k c", DONE]


def test_killed_worker__a_living_one_takes_its_run_over(workers: Workers, databases: Databases) -> None:
    if databases.kind == "sqlite":
        pytest.skip("one process only on SQLite")
    first = workers.start("--submit", "k", "--hang-in", "b")
    workers.wait_for("k b")
    second = workers.start("--until-done", "k")
    workers.wait_for("leads: False")
    time.sleep(1.0)  # several looks: what a living worker is in is left to it
    assert steps(workers) == ["k a", "k b"]
    first.kill()
    assert second.wait(150) == 0, workers.log.read_text()[-2000:]
    assert steps(workers) == ["k a", "k b", "k b", "k c", DONE]


def test_taken_from_the_queue_and_never_begun__begun_again(workers: Workers) -> None:
    """A database that dies just after storing the claim: the run is under way for everybody, and nowhere."""
    process = workers.start("--submit", "k", "--until-done", "k", "--lose-claim")
    assert process.wait(240) == 0, workers.log.read_text()[-2000:]
    assert steps(workers) == ["lost 1", "k a", "k b", "k c", DONE]


def test_leader_killed__another_leads(workers: Workers, databases: Databases) -> None:
    if databases.kind == "sqlite":
        pytest.skip("one process only on SQLite")
    first = workers.start()
    workers.wait_for("leads: True")
    workers.start()
    workers.wait_for("leads: False")
    first.kill()
    first.wait()
    workers.start()
    workers.wait_for("leads: True", times=2)


def test_a_second_process_on_sqlite__is_refused(workers: Workers, databases: Databases) -> None:
    if databases.kind == "postgresql":
        pytest.skip("several processes share PostgreSQL")
    workers.start("--submit", "k", "--hang-in", "a")
    workers.wait_for("k a")
    assert workers.start().wait(150) != 0
    assert "another process runs on" in workers.log.read_text()
