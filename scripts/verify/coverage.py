"""Line and branch coverage of contracts/, with every gap explained or the run fails.

`forge coverage` needs `--ir-minimum` here: without the IR pipeline the contracts are too deep for the
stack. Its source maps are inexact then, so some lines that tests do run look unvisited;
docs/verification/coverage.json names each and says why it is believed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from scripts.verify.tools import FORGE, ROOT, VerifyError, run, tail

GAPS = ROOT / "docs" / "verification" / "coverage.json"
_REPORT = ROOT / ".build" / "forge-coverage" / "lcov.info"


class Explanation(BaseModel):
    """Why lines of one kind look unvisited. A gap is `file: code of the line`, which outlives moved lines."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str = Field(pattern="^(line|branch)$")
    reason: str = Field(min_length=20)
    gaps: tuple[str, ...] = Field(min_length=1)


@dataclass
class Counts:
    """How many lines and branches there are, and were visited; and where not."""

    lines: int = 0
    lines_hit: int = 0
    branches: int = 0
    branches_hit: int = 0
    gaps: set[tuple[str, str]] = field(default_factory=set)

    @property
    def line_coverage(self) -> float:
        """Per cent, to two places."""
        return round(100 * self.lines_hit / self.lines, 2) if self.lines else 0.0

    @property
    def branch_coverage(self) -> float:
        """Per cent, to two places."""
        return round(100 * self.branches_hit / self.branches, 2) if self.branches else 0.0


def read_lcov(text: str, root: Path = ROOT) -> Counts:
    """Count an lcov report of files under contracts/. A branch never reached is missed."""
    counts = Counts()
    source: list[str] = []
    file = ""
    for line in text.splitlines():
        word, _, rest = line.partition(":")
        if word == "SF":
            file = rest if rest.startswith("contracts/") else ""
            source = (root / file).read_text().splitlines() if file else []
        elif not file:
            continue
        elif word == "DA":
            number, hits = rest.split(",")[:2]
            counts.lines += 1
            if int(hits):
                counts.lines_hit += 1
            else:
                counts.gaps.add(("line", f"{file}: {source[int(number) - 1].strip()}"))
        elif word == "BRDA":
            number, _, _, hits = rest.split(",")
            counts.branches += 1
            if hits not in ("-", "0"):
                counts.branches_hit += 1
            else:
                counts.gaps.add(("branch", f"{file}: {source[int(number) - 1].strip()}"))
    return counts


def read_explanations(path: Path = GAPS) -> tuple[Explanation, ...]:
    """The committed explanations; pydantic.ValidationError where the file is malformed.

    Raises VerifyError where there is none.
    """
    if not path.exists():
        raise VerifyError(f"{path.name} is missing: no gap of coverage is explained")
    return tuple(Explanation.model_validate(entry) for entry in json.loads(path.read_text()))


def problems(counts: Counts, explanations: Iterable[Explanation]) -> list[str]:
    """Gaps that nobody explained, and explanations of what is none."""
    known = {(e.kind, gap) for e in explanations for gap in e.gaps}
    found = [f"unvisited {kind}: {gap}" for kind, gap in sorted(counts.gaps - known)]
    return found + [f"explained {kind}, but visited: {gap}" for kind, gap in sorted(known - counts.gaps)]


def measure() -> Counts:
    """Run the tests instrumented. VerifyError where forge fails, or a gap has no explanation."""
    _REPORT.parent.mkdir(parents=True, exist_ok=True)
    _REPORT.unlink(missing_ok=True)
    command: list[str | Path] = [FORGE, "coverage", "--ir-minimum", "--report", "lcov"]
    # The broken variants are builds of their own; instrumented code is longer than deployed code may be.
    command += ["--no-match-path", "tests/contracts/broken/*", "--no-match-test", "(?i)codeSize|codeFits"]
    command += ["--report-file", _REPORT, "--no-match-coverage", "tests|node_modules"]
    done = run(command, environment={"FOUNDRY_PROFILE": "coverage"}, timeout=1500)
    if done.returncode != 0 or not _REPORT.exists():
        raise VerifyError(f"forge coverage failed:\n{tail(done.stdout + done.stderr)}")
    counts = read_lcov(_REPORT.read_text())
    if not counts.lines:
        raise VerifyError("forge coverage named no line of contracts/")
    if found := problems(counts, read_explanations()):
        where = GAPS.relative_to(ROOT)
        raise VerifyError(f"coverage: write tests, or explain in {where}:\n  " + "\n  ".join(found))
    return counts
