"""A process that works on runs of three steps and writes down every step it does.

Usage: worker.py URL JOURNAL [--submit KEY] [--die-in STEP] [--hang-in STEP] [--until-done KEY] [--lose-claim]
"""

from __future__ import annotations

import argparse
import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy.exc import OperationalError

from oracle.durable import dbos_runs
from oracle.durable.opening import durable
from oracle.durable.port import Item, Steps

STEPS = ("a", "b", "c")


def lose_a_claim(note: Callable[[str], None]) -> None:
    """The database dies just after it stored that this process took a run from the queue."""
    from dbos._sys_db import SystemDatabase

    dbos_runs.STRAY_AFTER = 1.0
    dbos_runs.DbosRuns.submit = enqueue  # type: ignore[method-assign, assignment]
    claim = SystemDatabase.start_queued_workflows
    lost: list[str] = []

    def claim_and_lose(*arguments: Any, **options: Any) -> Any:
        claimed = claim(*arguments, **options)
        if claimed[0] and not lost:
            lost.extend(claimed[0])
            note(f"lost {len(lost)}")
            raise OperationalError("COMMIT", None, Exception("server closed the connection unexpectedly"))
        return claimed

    SystemDatabase.start_queued_workflows = claim_and_lose  # type: ignore[method-assign]


def enqueue(runs: dbos_runs.DbosRuns, items: Sequence[Item]) -> None:
    """As `submit` where this process has no room."""
    from dbos import DBOS

    assert runs._run is not None
    for item in items:
        DBOS.enqueue_workflow("evaluations", runs._run, [item.key], [item.argument])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("journal", type=Path)
    parser.add_argument("--submit")
    parser.add_argument("--die-in")
    parser.add_argument("--hang-in")
    parser.add_argument("--until-done")
    parser.add_argument("--lose-claim", action="store_true")
    given = parser.parse_args()

    def note(line: str) -> None:
        with given.journal.open("a") as file:
            file.write(line + "\n")

    def act(key: str, step: str) -> Callable[[], str]:
        def acting() -> str:
            note(f"{key} {step}")
            if step == given.die_in:
                os.kill(os.getpid(), signal.SIGKILL)
            if step == given.hang_in:
                time.sleep(600)
            return f"{step} of {key}"

        return acting

    def work(steps: Steps, arguments: Sequence[str]) -> None:
        for key in arguments:
            results = [steps.run(f"{key} {step}", act(key, step)) for step in STEPS]
            note(f"{key} done: {', '.join(results)}")

    if given.lose_claim:
        lose_a_claim(note)
    with durable(given.url, workers=2) as (runs, presence):
        runs.open(work)
        led = presence.leads()
        note(f"leads: {led}")
        if given.submit:
            runs.submit([Item(given.submit, given.submit)])
        while given.until_done is None or f"{given.until_done} done" not in given.journal.read_text():
            runs.tend()
            if not led and presence.leads():
                led = True
                note("leads: True")
            time.sleep(0.2)
        while runs.active():
            time.sleep(0.05)
        runs.close()


if __name__ == "__main__":
    main()
