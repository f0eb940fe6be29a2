"""The long run of the invariants: hostile actors, many calls, and what must never cease to hold."""

from __future__ import annotations

import re
from pathlib import Path

from scripts.verify.tools import FORGE, ROOT, VerifyError, run, tail

FOLDER = ROOT / "tests" / "contracts" / "invariant"
_CALLS = re.compile(r"\(runs: \d+, calls: (\d+), reverts: \d+\)")
_LIMIT = 1500  # seconds


def calls_made(output: str) -> int:
    """How many calls forge says that its invariants made."""
    return sum(int(calls) for calls in _CALLS.findall(output))


def attack() -> int:
    """Run every invariant under the profile `verify`; how many calls were made.

    VerifyError where one fails, or where there was nothing to run.
    """
    command: list[str | Path] = [
        FORGE,
        "test",
        "--match-path",
        "tests/contracts/invariant/*",
        "--mt",
        "invariant",
    ]
    done = run(command, environment={"FOUNDRY_PROFILE": "verify"}, timeout=_LIMIT)
    if done.returncode != 0:
        raise VerifyError(f"invariants:\n{tail(done.stdout + done.stderr, 60)}")
    calls = calls_made(done.stdout)
    if calls == 0:
        raise VerifyError("no invariant made a call: is tests/contracts/invariant empty?")
    return calls
