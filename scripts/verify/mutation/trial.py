"""Trying mutants: a copy of the tree with many of them in one build, and the tests run against each."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from scripts.verify.mutation.merge import SWITCH, SWITCH_SOURCE, merge_all
from scripts.verify.mutation.mutants import Mutant
from scripts.verify.mutation.reach import reached
from scripts.verify.mutation.state import UNBUILT
from scripts.verify.tools import FORGE, ROOT, VerifyError, copy_tree, run, tail

_ENVIRONMENT = {"FOUNDRY_PROFILE": "mutate"}
_FAILED = re.compile(r"^\[FAIL[^\n]*?\] (\w+)\(", re.MULTILINE)
_PLACE = re.compile(r"--> (contracts/\S+?):(\d+):(\d+)")
# What a test run may take on a busy machine before the mutant counts as one that never ends, in seconds.
_LIMIT = 420
_BUILD_LIMIT = 1500
# Larger than any merged contract, and than the gas of putting it on chain; little enough that a loop
# without end runs out of it within a minute.
_HUGE = ["--code-size-limit", "16000000", "--gas-limit", "20000000000"]
# Tests of many runs come last, and only against what the others let live.
_SLOW = re.compile(r"/invariant/|Invariants|/lens/|Fuzz")
# The broken ones play with a build of their own, of sources without mutants; halmos runs the symbolic ones.
_FOREIGN = re.compile(r"/broken/|/symbolic/")
# How many tests that killed mutants nearby are tried first: of the same body, then of the same contract.
_LIKELY = (6, 12)
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
    # The tests that last killed mutants of a body or of a contract: tried first on its others.
    killers: dict[str, list[str]] = field(default_factory=dict)
    # The files that each test file can touch.
    reach: dict[str, frozenset[str]] = field(default_factory=reached)
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
        tests = self._tests(mutant)
        killer = None
        if mutant:
            first = self._likely(mutant)
            if first:
                killer = self._failure(number, ["--match-test", f"^({'|'.join(first)})\\("])
        for slow in (False, True):
            paths = [test for test in tests if bool(_SLOW.search(test)) == slow]
            if killer is None and paths:
                killer = self._failure(number, ["--match-path", f"{{{','.join(paths)}}}"])
        if mutant and killer and killer.startswith("test"):
            for place, most in zip(_places(mutant), _LIKELY, strict=True):
                likely = [killer, *(k for k in self.killers.get(place, []) if k != killer)]
                self.killers[place] = likely[:most]
        return killer

    def _tests(self, mutant: Mutant | None) -> list[str]:
        """The test files that can touch a mutant; all of them for the original."""
        every = sorted(test for test in self.reach if not _FOREIGN.search(test))
        return [test for test in every if mutant is None or mutant.file in self.reach[test]]

    def _likely(self, mutant: Mutant) -> list[str]:
        hint = self.hints.get(mutant.key, "")
        known = [hint] if hint.startswith("test") else []
        known += [killer for place in _places(mutant) for killer in self.killers.get(place, [])]
        return list(dict.fromkeys(known))

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


def _places(mutant: Mutant) -> tuple[str, str]:
    return f"{mutant.file}:{mutant.where}", mutant.file


def try_alone(folder: Path, mutant: Mutant) -> str | None:
    """Build one mutant by itself and test it: for what lies outside of bodies.

    UNBUILT where the compiler refuses it.
    """
    copy_tree(folder)
    (folder / mutant.file).write_bytes(mutant.applied((ROOT / mutant.file).read_bytes()))
    done = run([FORGE, "build"], cwd=folder, environment=_ENVIRONMENT, timeout=_BUILD_LIMIT)
    if done.returncode != 0:
        return UNBUILT
    return Workshop(folder).killer_of(0)
