"""A pact as a contract a person can read: Markdown, with everything the document says and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from oracle.domain.canonical import canonical_bytes
from oracle.pact.document import Condition, Declares, Evidence, Material, Pact, Severity
from oracle.pact.markdown import code, prose
from oracle.pact.measures import CelMeasure, JuryMeasure, QuotesMeasure, SchemaMeasure, TestsMeasure
from oracle.pact.reading import reading

_SEVERITY_WORDS = {
    Severity.CRITICAL: "Critical: must hold",
    Severity.MAJOR: "Major",
    Severity.MINOR: "Minor",
}

_OUTCOMES = (
    "Then the outcome is Pass, otherwise Fail. Where that hangs on what cannot be decided it is Lapse, "
    "which releases no money."
)


def render(pact: Pact) -> str:
    """The whole pact as Markdown. What a party wrote stays on its own line; hidden characters are shown."""
    return "\n".join(_lines(pact)) + "\n"


def _lines(pact: Pact) -> Iterator[str]:
    yield f"# {prose(pact.title)}"
    yield ""
    yield f"Pact `{pact.name}`, version {pact.version}  "
    yield f"Hash `{pact.hash()}`  "
    if pact.parent:
        yield f"Replaces `{pact.parent}`"
    yield ""
    yield prose(pact.summary)
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
        "| File | Kind | Bytes | Who sees it | keccak-256 |",
        "|---|---|---:|---|---|",
    ]
    for item in materials:
        seen_by = "both sides" if item.disclosed == "all" else "evaluators only"
        yield f"| {code(item.path)} | {item.media_type} | {item.bytes:,} | {seen_by} | `{item.keccak256}` |"


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
        note = f" ({prose(entry.statement)})" if entry.statement else ""
        required = "yes" if entry.required else "no"
        yield f"| {code(entry.path)}{note} | {entry.media_type} | {required} | {most} |"


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
    yield from ["", f"### {number}. {prose(condition.statement)}", ""]
    yield f"- {_SEVERITY_WORDS[condition.severity]} (`{condition.id}`)"
    kind = "a jury of models reads and votes" if condition.is_jury else f"checked by code ({measure.method})"
    yield f"- How: {kind}"
    yield f"- Measure: {code(str(reading(measure)))}"
    match measure:
        case JuryMeasure():
            yield f"- Criterion: {prose(measure.criterion)}"
            if measure.standard:
                yield f"- Standard: {prose(measure.standard)}"
            if measure.materials:
                yield f"- Read with: {', '.join(map(code, measure.materials))}"
        case CelMeasure():
            for fact in measure.facts:
                origin = "delivered" if fact.source == "delivery" else "given"
                yield f"- {code(fact.name)} is the {origin} file {code(fact.path)} as {fact.form}"
        case TestsMeasure():
            yield f"- Limits: {measure.timeout_seconds} seconds, {measure.memory_mib} MiB"
            if measure.base:
                yield f"- Beneath the delivered files lie those of {code(measure.base)}"
            yield f"- Every one of these must pass: {', '.join(map(code, measure.expected))}"
        case SchemaMeasure():
            yield f"- Schema: {code(canonical_bytes(measure.schema_).decode())}"
        case QuotesMeasure():
            if measure.form == "json":
                place = f"in the list at {code(measure.pointer)}" if measure.pointer else "in the list"
                yield f"- A quotation is an entry {place}, with its text in `quote` and its file in `source`"
            else:
                yield "- A quotation is a block quote, from any of the sources"
            yield f"- Each has at least {measure.shortest} characters"
        case _:
            return


def _threshold(pact: Pact) -> str:
    counted = [c.severity for c in pact.conditions if c.severity is not Severity.CRITICAL]
    critical = len(pact.conditions) - len(counted)
    first = f"All {critical} critical conditions hold" if critical else "No condition is critical"
    if not counted:
        return f"{first}. {_OUTCOMES}"
    total = sum(pact.threshold.weight(severity) for severity in counted)
    share = pact.threshold.pass_share_bps / 100
    return (
        f"{first}, and of the others enough hold to reach {share:g} % of their weight (a major one weighs "
        f"{pact.threshold.major_weight}, a minor one {pact.threshold.minor_weight}; together {total}). "
        f"{_OUTCOMES}"
    )
