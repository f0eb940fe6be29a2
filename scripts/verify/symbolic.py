"""Symbolic checks: what halmos proves, for every value the types can hold.

The trap: halmos may print ERROR and still say that all passed. Whatever prints ERROR, or leaves a path
unexplored, has failed. A contract whose name ends in `Broken` repeats the checks on arithmetic spoilt on
purpose: each of its checks must be refuted, or the checks prove nothing.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scripts.verify.tools import HALMOS, ROOT, VENV, VerifyError, progress, run, tail

_BUILD = ".build/forge-symbolic/out"
_SOURCES = ROOT / "tests" / "contracts" / "symbolic"
_VERDICT = re.compile(r"^\[(PASS|FAIL|TIMEOUT|ERROR)\] (\w+)\(", re.MULTILINE)
_RUNNING = re.compile(r"^Running \d+ tests for \S+:(\w+)", re.MULTILINE)
_TROUBLE = re.compile(r"^.*(?:\bERROR\b|not been fully|loop-bound).*$", re.MULTILINE)
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_LIMIT = 900  # seconds for one contract


@dataclass(frozen=True)
class Outcome:
    """What halmos says of one contract's checks: proved, and refuted or left open."""

    contract: str
    proved: tuple[str, ...]
    others: tuple[tuple[str, str], ...]
    trouble: tuple[str, ...]


def read_output(contract: str, output: str) -> Outcome:
    """Take halmos' output apart. Nothing that it says of itself is believed where it also says ERROR."""
    plain = _ANSI.sub("", output)
    verdicts = _VERDICT.findall(plain)
    return Outcome(
        contract=contract,
        proved=tuple(name for verdict, name in verdicts if verdict == "PASS"),
        others=tuple((name, verdict) for verdict, name in verdicts if verdict != "PASS"),
        trouble=tuple(line.strip() for line in _TROUBLE.findall(plain)),
    )


def judge(outcome: Outcome, expected: Iterable[str]) -> int:
    """How many checks are proved. Raises VerifyError unless all expected are, or, of a broken copy, none."""
    wanted = set(expected)
    seen = {*outcome.proved, *(name for name, _ in outcome.others)}
    if missing := wanted - seen:
        raise VerifyError(f"halmos did not run {', '.join(sorted(missing))} of {outcome.contract}")
    if outcome.contract.endswith("Broken"):
        alive = [name for name in outcome.proved if name in wanted]
        open_ = [name for name, verdict in outcome.others if verdict != "FAIL"]
        if alive or open_:
            raise VerifyError(
                f"halmos: {outcome.contract} is wrong on purpose, but these were not refuted: "
                f"{', '.join(alive + open_)}"
            )
        return 0
    if outcome.others or outcome.trouble:
        listed = [f"{name}: {verdict}" for name, verdict in outcome.others] + list(outcome.trouble)
        raise VerifyError(f"halmos: not proved in {outcome.contract}:\n  " + "\n  ".join(listed))
    return len(outcome.proved)


def checks() -> dict[str, tuple[str, ...]]:
    """The symbolic contracts, and the checks that each one declares."""
    found: dict[str, tuple[str, ...]] = {}
    # A broken copy comes after what it copies.
    for path in sorted(_SOURCES.glob("*.t.sol"), key=lambda p: ("Broken" in p.name, p.name)):
        text = path.read_text()
        for part in re.split(r"(?m)^(?=(?:abstract )?contract )", text)[1:]:
            name = re.match(r"(?:abstract )?contract (\w+)", part)
            declared = tuple(re.findall(r"function (check_\w+)\(", part))
            if name and declared:
                found[name.group(1)] = declared
            if spoilt := re.match(r"contract (\w+)Broken is (\w+) ", part):
                found[f"{spoilt.group(1)}Broken"] = found[spoilt.group(2)]
    return found


def prove() -> int:
    """Run every symbolic check; how many were proved. VerifyError where one was not, or a broken one was.

    The error names every contract that failed, not only the first.
    """
    found = checks()
    results = [_prove_one(contract, declared) for contract, declared in found.items()]
    if failed := [str(result) for result in results if isinstance(result, VerifyError)]:
        raise VerifyError("\n".join(failed))
    return sum(result for result in results if isinstance(result, int))


def _prove_one(contract: str, declared: tuple[str, ...]) -> int | VerifyError:
    try:
        proved = judge(read_output(contract, _halmos(contract)), declared)
    except subprocess.TimeoutExpired:
        return VerifyError(f"halmos: {contract} did not end within {_LIMIT} s")
    except VerifyError as error:
        return error
    said = f"{proved} proved" if proved else f"{len(declared)} refuted, as they must be"
    progress(f"symbolic: {contract}: {said}")
    return proved


def _halmos(contract: str) -> str:
    command: list[str | Path] = [HALMOS, "--root", ROOT, "--forge-build-out", _BUILD]
    command += ["--contract", contract, "--loop", "40", "--no-status"]
    command += ["--solver-timeout-assertion", "60s", "--solver-threads", "1"]
    if contract.startswith(("Payout", "TabPayout")):
        solver = f"{VENV / 'bin' / 'python'} -m scripts.verify.integer_solver"
        command += ["--solver-command", solver]
    if contract.endswith("Broken"):
        command += ["--early-exit"]
    done = run(command, environment={"FOUNDRY_PROFILE": "symbolic"}, timeout=_LIMIT)
    output = done.stdout + done.stderr
    if not _RUNNING.search(_ANSI.sub("", output)):
        raise VerifyError(f"halmos ran nothing of {contract}:\n{tail(output)}")
    return output
