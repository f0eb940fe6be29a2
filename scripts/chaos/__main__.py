"""`python -m scripts.chaos`: prints its seed first, progress on the way, one JSON object last."""

from __future__ import annotations

import argparse
import json
import secrets
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from oracle.cli.output import ERROR_EXIT_CODE
from scripts.chaos.plan import Kind, make_plan
from scripts.chaos.planted import BUGS
from scripts.chaos.points import POINTS
from scripts.chaos.run import chaos


def main() -> int:
    """Run it; 1 where something was found that must never be."""
    parser = argparse.ArgumentParser(prog="python -m scripts.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="repeat a run's schedule")
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--faults", type=int, default=300)
    parser.add_argument("--minutes", type=float, default=20.0, help="what it may take on two idle cores")
    parser.add_argument("--pace", type=float, default=1.0, help="the most seconds between two blocks")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--only", choices=[kind.value for kind in Kind], nargs="*", default=[])
    parser.add_argument("--plant", choices=BUGS, help="plant a bug: the checker must notice")
    parser.add_argument(
        "--folder", type=Path, help="keep databases and logs here (default: dropped if clean)"
    )
    arguments = parser.parse_args()
    # Whoever ends it ends all its processes.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    seed = secrets.randbelow(2**31) if arguments.seed is None else arguments.seed
    plan = make_plan(
        seed,
        jobs=arguments.jobs,
        faults=arguments.faults,
        only=[Kind(name) for name in arguments.only],
        database=arguments.database,
    )
    print(f"seed {seed}, plan {plan.digest()}, {plan.last} steps", flush=True)
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    result = chaos(
        plan,
        folder,
        minutes=arguments.minutes,
        database=arguments.database,
        plant=arguments.plant,
        slowest=arguments.pace,
    )
    for line in result.findings.lines():
        print(line)
    print(f"{result.seconds} s; exits nobody ordered: {result.exits or 'none'}")
    missed = [str(point) for index, point in enumerate(POINTS) if not result.points[index]]
    print(f"killed at {len(result.points)} of {len(POINTS)} points; not at: {', '.join(missed) or 'none'}")
    print(json.dumps(result.counted()))
    enough = sum(result.done.values()) >= arguments.faults
    if not enough:
        print(f"only {sum(result.done.values())} of {arguments.faults} faults took hold: try more of them")
    crashed = [code for code in result.exits if code != ERROR_EXIT_CODE]
    if crashed:
        print(f"evaluators ended in a traceback, with {crashed}: see their logs")
    clean = result.findings.clean() and enough and not crashed
    if clean and arguments.folder is None:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        print(f"databases and logs: {folder}", file=sys.stderr)
    print(json.dumps(result.line()))
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
