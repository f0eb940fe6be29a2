"""The linter: why a pact, or a condition in it, cannot be measured as written.

An error means the condition could never be decided as the buyer means it; a warning means it can, but
probably not as meant. Nothing here decides a job: the linter speaks before anything is signed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from oracle.pact.document import Condition, Pact, Severity
from oracle.pact.lint_measures import complaints
from oracle.pact.lint_schema import Complaint
from oracle.pact.measures import JuryMeasure, PatternMeasure, TestsMeasure
from oracle.pact.paths import covers
from oracle.pact.reading import uses
from oracle.pact.visible import hidden_characters


class Finding(NamedTuple):
    """One complaint: the rule broken, where, why, and what to do. `level` is "error" or "warning"."""

    level: Literal["error", "warning"]
    rule: str
    field: str
    message: str
    next_step: str


def lint(pact: Pact) -> tuple[Finding, ...]:
    """Everything that is wrong or doubtful about a pact, errors first, in the order of its fields."""
    findings = [*_whole(pact), *_materials(pact), *_evidence(pact)]
    for index, condition in enumerate(pact.conditions):
        field = f"conditions.{index}.measure"
        findings += _files(pact, condition, field)
        findings += [_finding(complaint, field, condition) for complaint in complaints(condition.measure)]
    findings += _contradictions(pact)
    return tuple(sorted(findings, key=lambda finding: finding.level != "error"))


def _finding(complaint: Complaint, field: str, condition: Condition) -> Finding:
    return Finding(
        complaint.level,
        complaint.rule,
        f"{field}.{complaint.field}",
        f"condition {condition.id!r}: {complaint.message}",
        complaint.next_step,
    )


def _whole(pact: Pact) -> Iterator[Finding]:
    counted = [c for c in pact.conditions if c.severity is not Severity.CRITICAL]
    if len(counted) == len(pact.conditions):
        yield Finding(
            "warning" if pact.threshold.pass_share_bps else "error",
            "no-critical-condition",
            "conditions",
            "no condition is critical, so nothing in particular has to hold for the money to be paid",
            "mark as critical what the work is worthless without",
        )
    if counted and pact.threshold.pass_share_bps == 0:
        yield Finding(
            "error",
            "threshold-without-effect",
            "threshold.pass_share_bps",
            "the threshold is 0, so the conditions that are not critical decide nothing",
            "raise pass_share_bps, or take those conditions out",
        )
    texts = [("title", pact.title), ("summary", pact.summary)]
    texts += [(f"conditions.{i}.statement", c.statement) for i, c in enumerate(pact.conditions)]
    for field, text in texts:
        if hidden := hidden_characters(text):
            yield Finding(
                "error",
                "hidden-text",
                field,
                f"{field} holds characters a reader cannot see: {', '.join(hidden)}",
                "remove them: both sides must read the same words",
            )


def _files(pact: Pact, condition: Condition, field: str) -> Iterator[Finding]:
    used = uses(condition.measure)
    for path in used.delivered:
        entries = [e for e in pact.evidence if _overlap(e.path, path)]
        if not entries:
            yield Finding(
                "error",
                "file-not-handed-over",
                field,
                f"condition {condition.id!r} measures {path!r}, which evidence does not ask for",
                f"add {path!r} to evidence",
            )
        elif condition.severity is Severity.CRITICAL and not any(e.required for e in entries):
            yield Finding(
                "warning",
                "critical-file-optional",
                field,
                f"condition {condition.id!r} is critical but measures {path!r}, which need not be delivered",
                "make that evidence required",
            )
    for path in used.materials:
        if not any(_overlap(material.path, path) for material in pact.materials):
            yield Finding(
                "error",
                "material-not-given",
                field,
                f"condition {condition.id!r} needs {path!r}, which is not among the materials",
                "add it to materials with `oracle pact materials`",
            )
    measure = condition.measure
    if isinstance(measure, JuryMeasure):
        yield from _readable(pact, condition, measure, field)
    if isinstance(measure, TestsMeasure):
        shown = [m.path for m in pact.materials if _overlap(m.path, measure.suite) and m.disclosed == "all"]
        if shown:
            yield Finding(
                "warning",
                "tests-shown",
                f"{field}.suite",
                f"condition {condition.id!r}: the provider sees the tests it is judged by ({shown[0]})",
                'disclose the suite to "evaluators" only, unless that is meant',
            )


def _readable(pact: Pact, condition: Condition, measure: JuryMeasure, field: str) -> Iterator[Finding]:
    for entry in pact.evidence:
        readable = entry.media_type.startswith("text/") or entry.media_type == "application/json"
        if not readable and any(_overlap(entry.path, path) for path in measure.files):
            yield Finding(
                "warning",
                "reader-cannot-read",
                f"{field}.files",
                f"condition {condition.id!r}: {entry.path!r} is {entry.media_type}; jurors read text only",
                "ask for text/plain, text/markdown or application/json",
            )


def _overlap(first: str, second: str) -> bool:
    return covers(first, second) or covers(second, first)


def _materials(pact: Pact) -> Iterator[Finding]:
    needed = [path for condition in pact.conditions for path in uses(condition.measure).materials]
    for index, material in enumerate(pact.materials):
        if material.disclosed == "evaluators" and not any(_overlap(material.path, path) for path in needed):
            yield Finding(
                "warning",
                "material-without-use",
                f"materials.{index}.path",
                f"{material.path!r} is for the evaluators only, but no condition uses it",
                "take it out, or name it in a condition",
            )


def _evidence(pact: Pact) -> Iterator[Finding]:
    measured = [path for condition in pact.conditions for path in uses(condition.measure).delivered]
    for index, entry in enumerate(pact.evidence):
        if not any(_overlap(entry.path, path) for path in measured):
            yield Finding(
                "warning",
                "evidence-not-measured",
                f"evidence.{index}.path",
                f"{entry.path!r} must be handed over, but no condition looks at it",
                "add a condition that measures it, or do not ask for it",
            )


def _contradictions(pact: Pact) -> Iterator[Finding]:
    """Pairs that can never both hold: where both must, no delivery can ever pass."""
    seen: dict[tuple[str, str], tuple[str, str]] = {}
    for index, condition in enumerate(pact.conditions):
        measure = condition.measure
        if not isinstance(measure, PatternMeasure):
            continue
        before = seen.setdefault((measure.file, measure.pattern), (measure.must, condition.id))
        if before[0] != measure.must:
            yield Finding(
                "error",
                "threshold-unreachable",
                f"conditions.{index}.measure.must",
                f"condition {condition.id!r} wants the opposite of condition {before[1]!r}; both cannot hold",
                "take one of them out",
            )
