"""A pact as a contract a person can read: Markdown, with everything the document says and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from oracle.domain.canonical import canonical_bytes
from oracle.pact.document import Condition, Declares, Evidence, Material, Pact, Severity
from oracle.pact.measures import CelMeasure, JuryMeasure, SchemaMeasure, TestsMeasure
from oracle.pact.reading import reading
from oracle.pact.visible import one_line

_SEVERITY_WORDS = {
    Severity.CRITICAL: "Critical: must hold",
    Severity.MAJOR: "Major",
    Severity.MINOR: "Minor",
}


def render(pact: Pact) -> str:
    """The whole pact as Markdown. What a party wrote stays on its own line; hidden characters are shown."""
    return "\n".join(_lines(pact)) + "\n"


def _lines(pact: Pact) -> Iterator[str]:
    yield f"# {one_line(pact.title)}"
    yield ""
    yield f"Pact `{pact.name}`, version {pact.version}  "
    yield f"Hash `{pact.hash()}`  "
    if pact.parent:
        yield f"Replaces `{pact.parent}`"
    yield ""
    yield one_line(pact.summary)
    yield from _materials(pact.materials)
    yield from _evidence(pact.evidence)
    yield from ["", "## What must be declared", "", *_declares(pact.declares)]
    yield from ["", "## What must hold"]
    for number, condition in enumerate(pact.conditions, start=1):
        yield from _condition(number, condition)
    yield from ["", "## When it is kept", "", _threshold(pact)]


def _materials(materials: tuple[Material, ...]) -> Iterator[str]:
    if not materials:
        return
    yield from [
        "",
        "## What the buyer gives",
        "",
        "| File | Bytes | Who sees it | keccak-256 |",
        "|---|---:|---|---|",
    ]
    for item in materials:
        seen_by = "both sides" if item.disclosed == "all" else "evaluators only"
        yield f"| `{item.path}` | {item.bytes:,} | {seen_by} | `{item.keccak256}` |"


def _evidence(entries: tuple[Evidence, ...]) -> Iterator[str]:
    yield from [
        "",
        "## What the provider hands over",
        "",
        "| File | Kind | Required | At most |",
        "|---|---|---|---|",
    ]
    for entry in entries:
        most = f"{entry.max_bytes:,} bytes" + (
            f" each, {entry.max_files} files" if entry.max_files > 1 else ""
        )
        note = f" ({one_line(entry.statement).replace('|', '/')})" if entry.statement else ""
        yield f"| `{entry.path}`{note} | {entry.media_type} | {'yes' if entry.required else 'no'} | {most} |"


def _declares(declares: Declares) -> Iterator[str]:
    models = {"declared": "must be declared", "free": "need not be declared"}[declares.models]
    yield f"- Models used {models}{_limit(declares.models_max, 'different models')}."
    for what, rule, limit in (
        ("Help by people", declares.human_help, declares.human_help_minutes_max),
        ("Rescue work after the agent failed", declares.rescue_work, declares.rescue_work_minutes_max),
    ):
        words = {
            "forbidden": "is not allowed",
            "declared": "must be declared",
            "free": "need not be declared",
        }[rule]
        yield f"- {what} {words}{_limit(limit, 'minutes')}."


def _limit(limit: int | None, unit: str) -> str:
    return "" if limit is None else f", at most {limit} {unit}"


def _condition(number: int, condition: Condition) -> Iterator[str]:
    measure = condition.measure
    yield from ["", f"### {number}. {one_line(condition.statement)}", ""]
    yield f"- {_SEVERITY_WORDS[condition.severity]} (`{condition.id}`)"
    kind = "a jury of models reads and votes" if condition.is_jury else f"checked by code ({measure.method})"
    yield f"- How: {kind}"
    yield f"- Measure: {one_line(str(reading(measure)))}"
    match measure:
        case JuryMeasure():
            yield f"- Criterion: {one_line(measure.criterion)}"
            if measure.standard:
                yield f"- Standard: {one_line(measure.standard)}"
            if measure.materials:
                yield f"- Read with: {', '.join(f'`{path}`' for path in measure.materials)}"
        case CelMeasure():
            for fact in measure.facts:
                origin = "delivered" if fact.source == "delivery" else "given"
                yield f"- `{fact.name}` is the {origin} file `{fact.path}` as {fact.form}"
        case TestsMeasure():
            yield f"- Limits: {measure.timeout_seconds} seconds, {measure.memory_mib} MiB"
            names = ", ".join(f"`{one_line(name)}`" for name in measure.expected)
            yield f"- Every one of these must pass: {names}"
        case SchemaMeasure():
            yield f"- Schema: `{one_line(canonical_bytes(measure.schema_).decode())}`"
        case _:
            return


def _threshold(pact: Pact) -> str:
    counted = [c.severity for c in pact.conditions if c.severity is not Severity.CRITICAL]
    critical = len(pact.conditions) - len(counted)
    first = f"All {critical} critical conditions hold" if critical else "No condition is critical"
    if not counted:
        return f"{first}. Then the outcome is Pass, otherwise Fail."
    total = sum(pact.threshold.weight(severity) for severity in counted)
    share = pact.threshold.pass_share_bps / 100
    return (
        f"{first}, and of the others enough hold to reach {share:g} % of their weight (a major one weighs "
        f"{pact.threshold.major_weight}, a minor one {pact.threshold.minor_weight}; together {total}). "
        "Then the outcome is Pass, otherwise Fail. What cannot be decided releases no money."
    )
