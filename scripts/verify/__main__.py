"""`make verify`: the long checks. The last line of standard output is one JSON object."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from scripts.verify import coverage, invariants, static, symbolic
from scripts.verify.mutation.campaign import SEED, campaign
from scripts.verify.mutation.result import require
from scripts.verify.tools import ROOT, VerifyError, progress, run, tail

# Some build for nobody: at least a hundred are to be tried.
MUTANTS = 110
# Parts at a time. Most of what they do keeps one core busy: compilers, halmos and slither.
LANES = 2


def main() -> int:
    """Run every part, also after one has failed; 1 where one did."""
    parser = argparse.ArgumentParser(prog="python -m scripts.verify")
    parser.add_argument("--mutants", type=int, default=MUTANTS, help=f"how many to try ({MUTANTS})")
    parser.add_argument("--only", action="append", choices=sorted(PARTS), help="a part; repeatable")
    arguments = parser.parse_args()
    numbers: dict[str, float | int | None] = dict.fromkeys(
        (
            "invariant_calls",
            "symbolic_proved",
            "static_findings",
            "mutants",
            "mutants_killed",
            "line_coverage",
            "branch_coverage",
        )
    )
    failed = []
    with ThreadPoolExecutor(LANES) as pool:
        names = arguments.only or list(PARTS)
        for name, found in zip(names, pool.map(lambda n: _part(n, arguments.mutants), names), strict=True):
            if found is None:
                failed.append(name)
            else:
                numbers.update(found)
    if failed:
        progress(f"verify: failed: {', '.join(failed)}")
    print(json.dumps(numbers), flush=True)
    return 1 if failed else 0


def _part(name: str, mutants: int) -> dict[str, float | int | None] | None:
    """What a part found, or None where it failed; why is said at once."""
    began = time.monotonic()
    progress(f"verify: {name}")
    try:
        return PARTS[name](mutants)
    except (VerifyError, subprocess.TimeoutExpired) as error:
        progress(f"verify: {name} FAILED: {error}")
        return None
    finally:
        progress(f"verify: {name} took {time.monotonic() - began:.0f} s")


def _symbolic(_: int) -> dict[str, float | int | None]:
    return {"symbolic_proved": symbolic.prove()}


def _static(_: int) -> dict[str, float | int | None]:
    report = static.check()
    progress(f"static: {report.found} findings, every one explained")
    return {"static_findings": len(report.unexplained)}


def _invariants(_: int) -> dict[str, float | int | None]:
    return {"invariant_calls": invariants.attack()}


def _coverage(_: int) -> dict[str, float | int | None]:
    counts = coverage.measure()
    return {"line_coverage": counts.line_coverage, "branch_coverage": counts.branch_coverage}


def _mutation(mutants: int) -> dict[str, float | int | None]:
    result = campaign(mutants, SEED, workers=1)
    require(result)
    return {"mutants": result.mutants, "mutants_killed": result.killed}


def _differential(_: int) -> dict[str, float | int | None]:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--timeout",
        "900",
        "tests/integration/chain/test_differential.py",
        "tests/integration/chain/test_tabs_differential.py",
    ]
    done = run(command, environment={"EARNEST_DIFFERENTIAL_FACTOR": "3"}, timeout=1200, cwd=ROOT)
    if done.returncode != 0:
        raise VerifyError(f"Solidity and Python differ:\n{tail(done.stdout, 40)}")
    return {}


# The longest first, so that the lanes end together.
PARTS: dict[str, Callable[[int], dict[str, float | int | None]]] = {
    "mutation": _mutation,
    "symbolic": _symbolic,
    "coverage": _coverage,
    "invariants": _invariants,
    "differential": _differential,
    "static": _static,
}

if __name__ == "__main__":
    sys.exit(main())
