"""Static analysis: slither's findings, each explained or the run fails.

docs/verification/findings.json holds the explanations. A finding is known by its detector, the function or
variable it is at, and the expressions it names: it outlives moved lines, but not a changed expression.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from scripts.verify.tools import ROOT, SLITHER, VerifyError, run, tail

EXPLANATIONS = ROOT / "docs" / "verification" / "findings.json"
CONFIG = ROOT / "scripts" / "verify" / "slither.config.json"
_PLACE = re.compile(r" \((?:contracts|node_modules|tests)/[^)]*\)")


class Explanation(BaseModel):
    """Why findings of one detector, which are of one kind, are harmless."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    detector: str = Field(min_length=1)
    reason: str = Field(min_length=20)
    findings: tuple[str, ...] = Field(min_length=1)


class Report(BaseModel):
    """What a run found."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    found: int
    unexplained: tuple[str, ...]
    stale: tuple[str, ...]


def read_explanations(path: Path = EXPLANATIONS) -> tuple[Explanation, ...]:
    """The committed explanations; pydantic.ValidationError where the file is malformed."""
    return tuple(Explanation.model_validate(entry) for entry in json.loads(path.read_text()))


def name_of(finding: dict[str, Any]) -> str:
    """`Contract.function: expression; expression`: where a finding is, without its lines."""
    elements = finding["elements"]
    if not elements:
        return _PLACE.sub("", finding["description"]).strip()
    parts = [e["name"] for e in elements[1:] if e["type"] in ("node", "variable")]
    own = _owner(elements[0])
    distinct = sorted({" ".join(part.split()) for part in parts if part})
    # Reentrancy names every call on the way; the functions that make them are enough to know it by.
    if finding["check"].startswith("reentrancy"):
        distinct = sorted({_owner(e) for e in elements[1:] if e["type"] == "function"} - {own})
        kinds = {e["additional_fields"]["underlying_type"]: e for e in elements if "additional_fields" in e}
        distinct += [f"{kind} {kinds[kind]['name']}" for kind in sorted(kinds) if "calls" not in kind]
    return f"{own}: {'; '.join(distinct)}" if distinct else own


def compare(findings: Iterable[tuple[str, str]], explanations: Iterable[Explanation]) -> Report:
    """Hold findings, as detector and name, against the explanations."""
    seen = set(findings)
    known = {(e.detector, name) for e in explanations for name in e.findings}
    return Report(
        found=len(seen),
        unexplained=tuple(sorted(f"{detector} at {name}" for detector, name in seen - known)),
        stale=tuple(sorted(f"{detector} at {name}" for detector, name in known - seen)),
    )


def analyse() -> list[tuple[str, str]]:
    """Run slither over contracts/: detector and name of every finding.

    Raises VerifyError where it does not come to an end.
    """
    output = ROOT / ".build" / "slither.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    output.unlink(missing_ok=True)
    command: list[str | Path] = [SLITHER, ".", "--config-file", CONFIG, "--json", output]
    done = run(command, environment={"FOUNDRY_PROFILE": "slither"}, timeout=1500)
    if not output.exists():
        raise VerifyError(f"slither wrote no result:\n{tail(done.stdout + done.stderr)}")
    result = json.loads(output.read_text())
    if not result["success"]:
        raise VerifyError(f"slither failed: {result['error']}")
    return [(f["check"], name_of(f)) for f in result["results"].get("detectors", [])]


def check() -> Report:
    """Run slither and compare. Raises VerifyError with what to do where something is unexplained or stale."""
    report = compare(analyse(), read_explanations())
    problems = [f"unexplained: {line}" for line in report.unexplained]
    problems += [f"explained, but not found any more: {line}" for line in report.stale]
    if problems:
        where = EXPLANATIONS.relative_to(ROOT)
        listed = "\n  ".join(problems)
        raise VerifyError(f"slither: mend the contracts, or explain in {where}:\n  {listed}")
    return report


def _owner(element: dict[str, Any]) -> str:
    parent = element.get("type_specific_fields", {}).get("parent")
    # A node's or variable's parent may be a function, whose parent is a contract.
    return f"{_owner(parent)}.{element['name']}" if parent else str(element["name"])
