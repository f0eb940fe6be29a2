"""What a mutation run says, as committed: docs/verification/mutation.json, and why survivors live."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from scripts.verify.mutation.mutants import Mutant
from scripts.verify.tools import ROOT, VerifyError

RESULT = ROOT / "docs" / "verification" / "mutation.json"
REASONS = ROOT / "docs" / "verification" / "survivors.json"
WANTED = 0.9


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


class Result(_Record):
    """A run. `sources` is the hash of the contracts it was run on; `of` is how many mutants there are."""

    sources: str
    seed: int
    of: int
    refused: int = Field(description="changes that the compiler refuses, which are no mutants")
    mutants: int
    killed: int
    by_operator: dict[str, Count]
    by_file: dict[str, Count]
    survivors: tuple[Survivor, ...]

    @property
    def score(self) -> float:
        """The part of the mutants that was killed."""
        return self.killed / self.mutants if self.mutants else 0.0


class Reason(_Record):
    """Why some survivors live: they change nothing that can be seen, or only gas."""

    reason: str = Field(min_length=10)
    mutants: tuple[str, ...] = Field(min_length=1)


def read_reasons(path: Path = REASONS) -> dict[str, str]:
    """Reason by mutant key."""
    groups = [Reason.model_validate(entry) for entry in json.loads(path.read_text())]
    return {key: group.reason for group in groups for key in group.mutants}


def summarise(
    sources: str,
    seed: int,
    of: int,
    refused: int,
    tried: Iterable[tuple[Mutant, bool]],
    reasons: dict[str, str],
) -> Result:
    """Count what a run found; `tried` says of each mutant whether a test killed it."""
    rows = list(tried)
    survivors = [m for m, killed in rows if not killed]
    return Result(
        sources=sources,
        seed=seed,
        of=of,
        refused=refused,
        mutants=len(rows),
        killed=len(rows) - len(survivors),
        by_operator=_counts((m.operator, killed) for m, killed in rows),
        by_file=_counts((m.file, killed) for m, killed in rows),
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


def _counts(rows: Iterable[tuple[str, bool]]) -> dict[str, Count]:
    tried: Counter[str] = Counter()
    killed: Counter[str] = Counter()
    for name, dead in rows:
        tried[name] += 1
        killed[name] += dead
    return {name: Count(tried=tried[name], killed=killed[name]) for name in sorted(tried)}
