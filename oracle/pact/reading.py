"""A measure in words: what is measured, the operator, the threshold, the unit."""

from __future__ import annotations

from typing import NamedTuple, assert_never

from oracle.domain.canonical import canonical_bytes
from oracle.pact.measures import (
    CelMeasure,
    DecimalReference,
    ExactMeasure,
    JuryMeasure,
    MaterialReference,
    Measure,
    NumericMeasure,
    PatternMeasure,
    QuotesMeasure,
    ReceiptsMeasure,
    SchemaMeasure,
    TestsMeasure,
    ValueReference,
)


class Reading(NamedTuple):
    """How a person reads a measure: `what` `operator` `threshold` `unit`; unit may be empty."""

    what: str
    operator: str
    threshold: str
    unit: str

    def __str__(self) -> str:
        return " ".join(part for part in self if part)


class Uses(NamedTuple):
    """Which delivered files and which materials a measure reads. Entries may be folders."""

    delivered: tuple[str, ...]
    materials: tuple[str, ...]


def reading(measure: Measure) -> Reading:
    """What a measure measures, in words."""
    match measure:
        case SchemaMeasure():
            return Reading(f"{measure.file} against the JSON Schema in the pact", "==", "valid", "")
        case CelMeasure():
            return Reading(f"the expression {measure.expression}", "==", "true", "")
        case PatternMeasure():
            operator, threshold = (">=", "1") if measure.must == "match" else ("==", "0")
            return Reading(
                f"occurrences of /{measure.pattern}/ in {measure.file}", operator, threshold, "matches"
            )
        case TestsMeasure():
            return Reading(
                f"tests of {measure.suite} passed by {measure.delivered} ({measure.runner}, sandboxed)",
                "==",
                str(len(measure.expected)),
                "tests",
            )
        case ReceiptsMeasure():
            what = f"percentile {measure.percentile} of latency" if measure.percentile else "number"
            return Reading(
                f"{what} in the signed receipts of {measure.file}",
                measure.operator.value,
                str(measure.threshold),
                measure.unit,
            )
        case ExactMeasure():
            return Reading(_place(measure.file, measure.pointer), "==", _expected(measure.expected), "")
        case NumericMeasure():
            tolerance = f"± {measure.absolute_tolerance} or {measure.relative_tolerance} of it"
            return Reading(
                _place(measure.file, measure.pointer), "==", f"{_expected(measure.expected)} {tolerance}", ""
            )
        case QuotesMeasure():
            return Reading(
                f"quotations in {measure.file} found word for word in {', '.join(measure.sources)}",
                ">=",
                f"all, and {measure.at_least}",
                "quotations",
            )
        case JuryMeasure():
            return Reading(f"a reader's answer about {', '.join(measure.files)}", "==", "pass", "")
        case _:
            assert_never(measure)


def uses(measure: Measure) -> Uses:
    """What a measure reads, of the delivery and of the materials."""
    match measure:
        case SchemaMeasure() | PatternMeasure() | ReceiptsMeasure():
            return Uses((measure.file,), ())
        case CelMeasure():
            return Uses(
                tuple(fact.path for fact in measure.facts if fact.source == "delivery"),
                tuple(fact.path for fact in measure.facts if fact.source == "material"),
            )
        case TestsMeasure():
            return Uses((measure.delivered,), (measure.suite, *((measure.base,) if measure.base else ())))
        case ExactMeasure() | NumericMeasure():
            expected = measure.expected
            return Uses((measure.file,), (expected.path,) if isinstance(expected, MaterialReference) else ())
        case QuotesMeasure():
            return Uses((measure.file,), measure.sources)
        case JuryMeasure():
            return Uses(measure.files, measure.materials)
        case _:
            assert_never(measure)


def _place(file: str, pointer: str) -> str:
    return f"{file} at {pointer}" if pointer else file


def _expected(expected: MaterialReference | ValueReference | DecimalReference) -> str:
    if isinstance(expected, MaterialReference):
        return _place(expected.path, expected.pointer)
    if isinstance(expected, DecimalReference):
        return expected.value
    return canonical_bytes(expected.value).decode()
