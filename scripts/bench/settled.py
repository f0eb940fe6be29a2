"""Deterministic jobs from delivery to confirmed verdict: three evaluators, SQLite and PostgreSQL.

All processes are on this machine: the chain, three evaluators with their exchange, and the database server.
Every job is under the example pact for extraction. Counted from the moment the first delivery is sent until
the last verdict is seen in a block. Before that the evaluators settle some dozens that do not count: they run
for months, and what a process does for the first time in its life it does only then.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from oracle.chain import calls
from scripts.bench.evaluators import Yard, yard
from scripts.local.postgres import postgres

JOBS = 600  # the seconds until the first verdict are part of the time: few jobs would be judged by them
_WARM = 60  # jobs before those that count
_BLOCK_TIME = 1  # seconds
_PATIENCE = 240.0  # seconds


def run() -> dict[str, float]:
    """Verdicts a second on both databases."""

    def file(folder: Path, _index: int) -> str:
        return f"sqlite:///{folder / 'oracle.sqlite3'}"

    on_sqlite = measure(file, JOBS)
    with postgres() as server:
        on_postgres = measure(lambda _folder, _index: server.url(server.create()), JOBS)
    return {"settled_per_second": on_postgres, "settled_per_second_sqlite": on_sqlite}


def measure(databases: Callable[[Path, int], str], count: int) -> float:
    """Verdicts a second for `count` jobs that are delivered as fast as the chain takes them."""
    with yard(databases, block_time=_BLOCK_TIME) as ready:
        jobs = ready.open_jobs(_WARM + count)
        ready.start()
        settle(ready, jobs[:_WARM])
        seconds = settle(ready, jobs[_WARM:])
        print(f"  {count} jobs in {seconds:.1f} s: {count / seconds:.1f} a second", flush=True)
        return count / seconds


def settle(ready: Yard, jobs: list[str]) -> float:
    """Deliver these jobs and wait for their verdicts; seconds."""
    unread = ready.market.rpc.block_number()
    waiting = set(jobs)
    started = time.monotonic()
    ready.send(ready.market.provider, [calls.deliver(job, ready.deliverable) for job in jobs], mine=False)

    def done() -> bool:
        nonlocal unread
        head = ready.market.rpc.block_number()
        judged = set() if head < unread else waiting & ready.judged(unread, head).keys()
        unread = head + 1  # each block is read once: who only looks should take little
        if judged:
            waiting.difference_update(judged)
            found = len(jobs) - len(waiting)
            print(f"  {time.monotonic() - started:6.1f} s: {found} of {len(jobs)}", flush=True)
        return not waiting

    ready.wait(done, seconds=_PATIENCE, each=0.5)
    return time.monotonic() - started


if __name__ == "__main__":
    print(run() if len(sys.argv) < 2 else None)
