"""The long run of the invariants: hostile actors, many calls, and what must never cease to hold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from scripts.verify.tools import FORGE, ROOT, VerifyError, run, tail

TESTS = ROOT / "tests" / "contracts"
_DECLARED = re.compile(r"function (invariant_\w+)\(")
_CALLS = re.compile(r"\[PASS\] (invariant_\w+)\(\) \(runs: \d+, calls: (\d+), reverts: \d+\)")
_LIMIT = 1500  # seconds


def declared(root: Path = TESTS) -> frozenset[str]:
    """The invariants that the tests declare, of jobs, arbiters, evaluators and tabs.

    The broken variants repeat some of them, and are tests of `make test`.
    """
    files = (path for path in root.rglob("*.sol") if "broken" not in path.parts)
    return frozenset(name for path in files for name in _DECLARED.findall(path.read_text()))


def calls_made(output: str) -> dict[str, int]:
    """How many calls forge says that it made against each invariant."""
    found: dict[str, int] = {}
    for name, calls in _CALLS.findall(output):
        found[name] = found.get(name, 0) + int(calls)
    return found


def count(output: str, wanted: Iterable[str]) -> int:
    """How many calls were made in all. VerifyError where an invariant was not attacked."""
    calls = calls_made(output)
    idle = sorted(name for name in wanted if not calls.get(name))
    if idle or not calls:
        raise VerifyError(f"no call was made against {', '.join(idle) or 'any invariant'}")
    return sum(calls.values())


def attack() -> int:
    """Run every invariant under the profile `verify`; how many calls were made.

    VerifyError where one fails, or was not run.
    """
    command: list[str | Path] = [FORGE, "test", "--match-test", "^invariant_"]
    command += ["--no-match-path", "tests/contracts/broken/*"]
    done = run(command, environment={"FOUNDRY_PROFILE": "verify"}, timeout=_LIMIT)
    if done.returncode != 0:
        raise VerifyError(f"invariants:\n{tail(done.stdout + done.stderr, 60)}")
    return count(done.stdout, declared())
