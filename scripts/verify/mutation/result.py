"""What a mutation run says, as committed: docs/verification/mutation.json, and why survivors live."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from scripts.verify.mutation.mutants import Mutant
from scripts.verify.tools import ROOT, VerifyError

RESULT = ROOT / "docs" / "verification" / "mutation.json"
REASONS = ROOT / "docs" / "verification" / "survivors.json"
WANTED = 0.9
_Z = 1.959964  # of 95 %


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Survivor(_Record):
    """A mutant that no test kills. `reason` is empty until somebody has found it."""

    key: str
    file: str
    where: str
    line: int
    operator: str
    before: str
    after: str
    reason: str


class Count(_Record):
    """Killed, of those tried."""

    tried: int
    killed: int


class File(Count):
    """One contract: the hash of its code when it was mutated, and how many changes gambit makes to it."""

    code: str
    changes: int


class Result(_Record):
    """A run over the beginning of the seeded order: all of it, or a sample."""

    what: str = Field(description="in words: all mutants, or a sample of so many")
    seed: int
    changes: int = Field(description="that gambit makes to all contracts")
    looked_at: int = Field(description="changes at the beginning of the order, given to the compiler")
    refused: int = Field(description="of these, what the compiler refuses: no mutants")
    mutants: int = Field(description="tried")
    killed: int
    interval: tuple[float, float] = Field(description="95 % interval of the part killed, of all mutants")
    by_operator: dict[str, Count]
    by_file: dict[str, File]
    survivors: tuple[Survivor, ...]

    @property
    def score(self) -> float:
        """The part of the tried mutants that was killed."""
        return self.killed / self.mutants if self.mutants else 0.0


class Reason(_Record):
    """Why some survivors live: they change nothing that can be seen, or only gas."""

    reason: str = Field(min_length=10)
    mutants: tuple[str, ...] = Field(min_length=1)


def read_reasons(path: Path = REASONS) -> dict[str, str]:
    """Reason by mutant key."""
    groups = [Reason.model_validate(entry) for entry in json.loads(path.read_text())]
    return {key: group.reason for group in groups for key in group.mutants}


def wilson(killed: int, tried: int) -> tuple[float, float]:
    """The 95 % score interval of a proportion (Wilson 1927), to four places; (0, 1) where none was tried."""
    if tried == 0:
        return (0.0, 1.0)
    part, z2 = killed / tried, _Z * _Z
    middle = part + z2 / (2 * tried)
    half = _Z * math.sqrt(part * (1 - part) / tried + z2 / (4 * tried * tried))
    low, high = ((middle + sign * half) / (1 + z2 / tried) for sign in (-1, 1))
    return (round(max(0.0, low), 4), round(min(1.0, high), 4))


def summarise(
    seed: int,
    changes: Mapping[str, int],
    codes: Mapping[str, str],
    looked_at: tuple[int, int],
    tried: Iterable[tuple[Mutant, bool]],
    reasons: Mapping[str, str],
) -> Result:
    """Count what a run found; `tried` says of each mutant whether a test killed it.

    `changes` and `codes` are gambit's changes and the hash of the code of each contract; `looked_at` is how
    many changes were given to the compiler, and how many of these it refused.
    """
    rows = list(tried)
    survivors = [m for m, killed in rows if not killed]
    total, killed = sum(changes.values()), len(rows) - len(survivors)
    given, refused = looked_at
    every = given == total and len(rows) == given - refused
    sample = f"{len(rows)} of the {given - refused} mutants among the first {given} of {total} changes"
    interval = wilson(killed, len(rows))
    files = _counts((m.file, dead) for m, dead in rows)
    return Result(
        what="every mutant" if every else f"a seeded sample: {sample}",
        seed=seed,
        changes=total,
        looked_at=given,
        refused=refused,
        mutants=len(rows),
        killed=killed,
        interval=(round(killed / len(rows), 4),) * 2 if every and rows else interval,
        by_operator=_counts((m.operator, dead) for m, dead in rows),
        by_file={
            file: File(tried=count.tried, killed=count.killed, code=codes[file], changes=changes[file])
            for file, count in files.items()
        },
        survivors=tuple(
            Survivor(
                key=m.key,
                file=m.file,
                where=m.where,
                line=m.line,
                operator=m.operator,
                before=m.before,
                after=m.after,
                reason=reasons.get(m.key, ""),
            )
            for m in sorted(survivors, key=lambda m: (m.file, m.line, m.key))
        ),
    )


def require(result: Result, wanted: float = WANTED) -> None:
    """Raise VerifyError where a smaller part of the mutants than `wanted` was killed."""
    if result.score < wanted:
        raise VerifyError(
            f"mutation: {result.killed} of {result.mutants} killed, wanted {wanted:.0%}; write tests for "
            + ", ".join(f"{s.file}:{s.line}" for s in result.survivors[:20])
        )


def changed_since(result: Result, codes: Mapping[str, str]) -> list[str]:
    """Contracts whose result is of other code than today's, or which are gone."""
    return [file for file, found in result.by_file.items() if codes.get(file) != found.code]


def untried(result: Result, codes: Mapping[str, str]) -> list[str]:
    """Contracts with code and without any result."""
    return sorted(set(codes) - set(result.by_file))


def _counts(rows: Iterable[tuple[str, bool]]) -> dict[str, Count]:
    tried: Counter[str] = Counter()
    killed: Counter[str] = Counter()
    for name, dead in rows:
        tried[name] += 1
        killed[name] += dead
    return {name: Count(tried=tried[name], killed=killed[name]) for name in sorted(tried)}
