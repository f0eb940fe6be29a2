"""A process that works on runs of three steps and writes down every step it does.

Usage: worker.py URL JOURNAL [--submit KEY] [--die-in STEP] [--hang-in STEP] [--until-done KEY]
"""

from __future__ import annotations

import argparse
import os
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from oracle.durable.opening import durable
from oracle.durable.port import Item, Steps

STEPS = ("a", "b", "c")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("journal", type=Path)
    parser.add_argument("--submit")
    parser.add_argument("--die-in")
    parser.add_argument("--hang-in")
    parser.add_argument("--until-done")
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

    with durable(given.url, workers=2) as (runs, presence):
        runs.open(work)
        note(f"leads: {presence.leads()}")
        if given.submit:
            runs.submit([Item(given.submit, given.submit)])
        while given.until_done is None or f"{given.until_done} done" not in given.journal.read_text():
            runs.tend()
            time.sleep(0.2)
        while runs.active():
            time.sleep(0.05)
        runs.close()


if __name__ == "__main__":
    main()
