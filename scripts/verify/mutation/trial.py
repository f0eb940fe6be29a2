"""Trying mutants: a copy of the tree with many of them in one build, and the tests run against each."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from scripts.verify.mutation.merge import SWITCH, SWITCH_SOURCE, merge_all
from scripts.verify.mutation.mutants import Mutant
from scripts.verify.tools import FORGE, ROOT, VerifyError, copy_tree, run, tail

_ENVIRONMENT = {"FOUNDRY_PROFILE": "mutate"}
_FAILED = re.compile(r"^\[FAIL[^\n]*?\] (\w+)\(", re.MULTILINE)
_PLACE = re.compile(r"--> (contracts/\S+?):(\d+):(\d+)")
# What a test run may take on a busy machine before the mutant counts as one that never ends, in seconds.
_LIMIT = 420
_BUILD_LIMIT = 1500
# Larger than any merged contract, and than the gas of putting it on chain.
_HUGE = ["--code-size-limit", "16000000", "--gas-limit", "1000000000000"]
# Tests of many runs come last, and only against what the others let live.
_SLOW = "tests/contracts/{invariant/*,lens/*,unit/PayoutsFuzz.t.sol}"
# Those play with a build of their own, of sources without mutants.
_FOREIGN = "broken/*"
_LIKELY = 6
# Tests of what the deployed code is, not of what it does: merged and unoptimised code is another.
_NOT_HERE = "(?i)codeSize|codeFits"


@dataclass
class Workshop:
    """One copy of the tree. `numbers` are the mutants its build holds."""

    folder: Path
    numbers: dict[int, Mutant] = field(default_factory=dict)
    # Whether the original is known to build here.
    sound: bool = False
    # The mutants that the last failed build names.
    blamed: list[Mutant] = field(default_factory=list)
    # The tests that last killed mutants of a body: tried first on its others.
    killers: dict[str, list[str]] = field(default_factory=dict)
    # What killed a mutant in an earlier run, by its key.
    hints: dict[str, str] = field(default_factory=dict)

    def build(self, mutants: list[Mutant]) -> list[Mutant]:
        """Build with these mutants; hands back those that pass analysis but do not build.

        Raises VerifyError where the original does not build, or fails its tests.
        """
        unbuilt: list[Mutant] = []
        while not (built := self._compiles(mutants)) and self.blamed:
            unbuilt += self.blamed
            keys = {m.key for m in unbuilt}
            mutants = [m for m in mutants if m.key not in keys]
        if not built:
            if not self.sound:
                # Raises where it is not the mutants' fault.
                self._compiles([])
                self.sound = True
            if len(mutants) == 1:
                unbuilt, mutants = unbuilt + mutants, []
            else:
                middle = len(mutants) // 2
                unbuilt += [m for half in (mutants[:middle], mutants[middle:]) for m in self.build(half)]
                keys = {m.key for m in unbuilt}
                mutants = [m for m in mutants if m.key not in keys]
            if not self._compiles(mutants):
                raise VerifyError("mutants build apart but not together; use a smaller chunk")
        if mutants and (killer := self.killer_of(0)):
            raise VerifyError(f"the original fails {killer} in a build with {len(mutants)} mutants")
        return unbuilt

    def killer_of(self, number: int) -> str | None:
        """The test that fails when this mutant lives; None where every test passes. Zero is the original."""
        mutant = self.numbers.get(number)
        body = f"{mutant.file}:{mutant.where}" if mutant else ""
        likely = self.killers.setdefault(body, [])
        first = [*likely]
        if mutant and (hint := self.hints.get(mutant.key, "")).startswith("test") and hint not in first:
            first.append(hint)
        killer = None
        if mutant and first:
            killer = self._failure(number, ["--match-test", f"^({'|'.join(first)})\\("])
        if killer is None:
            killer = self._failure(number, ["--no-match-path", _SLOW.replace("{", f"{{{_FOREIGN},")])
        if killer is None:
            killer = self._failure(number, ["--match-path", _SLOW])
        if mutant and killer and killer.startswith("test"):
            if killer in likely:
                likely.remove(killer)
            likely.insert(0, killer)
            del likely[_LIKELY:]
        return killer

    def _compiles(self, mutants: list[Mutant]) -> bool:
        self.numbers = dict(enumerate(mutants, 1))
        copy_tree(self.folder)
        merged = merge_all(self.numbers)
        for file, one in merged.items():
            (self.folder / file).write_bytes(one.text)
        (self.folder / SWITCH).write_text(SWITCH_SOURCE)
        done = run([FORGE, "build"], cwd=self.folder, environment=_ENVIRONMENT, timeout=_BUILD_LIMIT)
        if done.returncode != 0 and not mutants:
            raise VerifyError(f"the contracts do not build:\n{tail(done.stdout + done.stderr)}")
        places = _PLACE.findall(done.stdout + done.stderr) if done.returncode else []
        numbers = {
            number
            for file, line, column in places
            if file in merged
            for number in merged[file].numbers_at(int(line), int(column))
        }
        self.blamed = [self.numbers[number] for number in sorted(numbers)]
        return done.returncode == 0

    def _failure(self, number: int, selection: list[str]) -> str | None:
        command: list[str | Path] = [
            FORGE,
            "test",
            "--fail-fast",
            "--threads",
            "1",
            "--block-prevrandao",
            f"0x{number:064x}",
        ]
        command += [*_HUGE, "--no-match-test", _NOT_HERE, *selection]
        try:
            done = run(command, cwd=self.folder, environment=_ENVIRONMENT, timeout=_LIMIT)
        except subprocess.TimeoutExpired:
            return "never ends"
        if done.returncode == 0:
            return None
        failed = _FAILED.search(done.stdout)
        if failed is None:
            raise VerifyError(f"forge failed without a failing test:\n{tail(done.stdout + done.stderr)}")
        return failed.group(1)


def try_alone(folder: Path, mutant: Mutant) -> str | None:
    """Build one mutant by itself and test it: for what lies outside of bodies.

    "does not build" where the compiler refuses it.
    """
    copy_tree(folder)
    (folder / mutant.file).write_bytes(mutant.applied((ROOT / mutant.file).read_bytes()))
    done = run([FORGE, "build"], cwd=folder, environment=_ENVIRONMENT, timeout=_BUILD_LIMIT)
    if done.returncode != 0:
        return "does not build"
    return Workshop(folder).killer_of(0)


def remember(path: Path, entry: dict[str, object]) -> None:
    """One result, as a line of its own, so that a run that was stopped goes on where it was."""
    with path.open("a") as lines:
        lines.write(json.dumps(entry) + "\n")
