"""What can be wrong with one measure, whatever pact it stands in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

import re2

from oracle.pact.expressions import EXTENSIONS, ExpressionError, compile_expression, unknown_functions
from oracle.pact.lint_schema import Complaint, schema_complaints
from oracle.pact.measures import (
    CelMeasure,
    DecimalReference,
    JuryMeasure,
    Measure,
    NumericMeasure,
    Operator,
    PatternMeasure,
    ReceiptsMeasure,
    SchemaMeasure,
    TestsMeasure,
)

# Words two readers will read differently unless a standard says what they mean. Only for advice.
_VAGUE_WORDS = re.compile(
    r"\b(?:acceptable|adequate|appealing|appropriate|attractive|beautiful|best|better|clean|clear|compelling"
    r"|decent|elegant|engaging|excellent|fair|friendly|good|great|helpful|impressive|intuitive|natural|nice"
    r"|professional|proper|quality|readable|reasonable|satisfactory|solid|sufficient|suitable|useful|well)\b"
)
_BINDING_MACRO = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(\s*([A-Za-z_]\w*)\s*,")


def complaints(measure: Measure) -> Iterator[Complaint]:
    """Everything wrong or doubtful about a measure taken by itself."""
    match measure:
        case SchemaMeasure():
            yield from schema_complaints(measure.schema_)
        case CelMeasure():
            yield from _cel(measure)
        case PatternMeasure():
            yield from _pattern(measure)
        case ReceiptsMeasure():
            yield from _receipts(measure)
        case NumericMeasure():
            yield from _numeric(measure)
        case TestsMeasure():
            yield from _tests(measure)
        case JuryMeasure():
            yield from _jury(measure)
        case _:
            return


def _cel(measure: CelMeasure) -> Iterator[Complaint]:
    try:
        program = compile_expression(measure.expression)
    except ExpressionError as error:
        yield Complaint(
            "error",
            "cel-does-not-parse",
            "expression",
            error.message,
            "correct it by the CEL language definition",
        )
        return
    for name in unknown_functions(program):
        yield Complaint(
            "error",
            "cel-unknown-function",
            "expression",
            f"the CEL expression calls {name!r}, which no evaluator knows",
            f"use CEL's own functions, or one of {', '.join(EXTENSIONS)}",
        )
    names = {fact.name for fact in measure.facts}
    used = set(program.variables())
    bound = set(_BINDING_MACRO.findall(measure.expression))
    for name in sorted(used - names - bound):
        yield Complaint(
            "error",
            "cel-unknown-name",
            "expression",
            f"the CEL expression uses {name!r}, which is not among the facts",
            f"add a fact named {name!r}, or correct the name",
        )
    for name in sorted(names - used):
        yield Complaint(
            "warning",
            "fact-without-use",
            "facts",
            f"the CEL expression never uses the fact {name!r}",
            "take the fact out, or use it",
        )


def _pattern(measure: PatternMeasure) -> Iterator[Complaint]:
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(measure.pattern, options)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        yield Complaint(
            "error",
            "pattern-refused",
            "pattern",
            f"RE2 refuses the pattern: {reason[:200]}",
            "RE2 has no backreferences, no look-around, and repeats of at most 1000",
        )
        return
    if compiled.search("") is not None:
        always = "always" if measure.must == "match" else "never"
        yield Complaint(
            "error" if measure.must == "not_match" else "warning",
            "threshold-unreachable" if measure.must == "not_match" else "pattern-trivial",
            "pattern",
            f"the pattern is found even in an empty file, so the condition {always} holds",
            "write a pattern that needs at least one character",
        )


def _receipts(measure: ReceiptsMeasure) -> Iterator[Complaint]:
    if measure.operator is Operator.BELOW and measure.threshold == 0:
        yield Complaint(
            "error", "threshold-unreachable", "threshold", "nothing is below 0", "raise the threshold"
        )
    if measure.operator is Operator.AT_LEAST and measure.threshold == 0:
        yield Complaint(
            "error",
            "threshold-without-effect",
            "threshold",
            "everything is at least 0",
            "raise the threshold",
        )
    if measure.metric == "latency" and measure.operator in {Operator.AT_LEAST, Operator.ABOVE}:
        yield Complaint(
            "warning", "operator-odd", "operator", "a latency is asked to be high", "did you mean <= ?"
        )


def _tests(measure: TestsMeasure) -> Iterator[Complaint]:
    nameless = [name for name in measure.expected if "::" not in name]
    if nameless:
        yield Complaint(
            "error",
            "test-name-form",
            "expected",
            f"{nameless[0][:120]!r} is not the name of a test, so it can never be reported as passed",
            "write <file>::<test>, such as test_cart.py::test_total",
        )


def _numeric(measure: NumericMeasure) -> Iterator[Complaint]:
    if Decimal(measure.relative_tolerance) >= 1:
        yield Complaint(
            "warning",
            "tolerance-wide",
            "relative_tolerance",
            f"a relative tolerance of {measure.relative_tolerance} accepts zero and twice the value",
            "0.01 is one percent",
        )
    expects_zero = isinstance(measure.expected, DecimalReference) and Decimal(measure.expected.value) == 0
    if expects_zero and Decimal(measure.relative_tolerance) > 0 and Decimal(measure.absolute_tolerance) == 0:
        yield Complaint(
            "warning",
            "tolerance-without-effect",
            "relative_tolerance",
            "a relative tolerance does nothing where 0 is expected",
            "give an absolute tolerance",
        )


def _jury(measure: JuryMeasure) -> Iterator[Complaint]:
    if measure.standard is None and not measure.materials:
        vague = sorted(set(_VAGUE_WORDS.findall(measure.criterion.lower())))
        if vague:
            yield Complaint(
                "warning",
                "criterion-vague",
                "criterion",
                f"the criterion rests on {', '.join(vague)}, and no standard says what that means",
                "add a standard: what passes and what fails, or the material that rules",
            )
    if len(re.findall(r"[.?!](?:\s|$)", measure.criterion)) > 3:
        yield Complaint(
            "warning",
            "criterion-compound",
            "criterion",
            "the criterion has more than three sentences; a reader answers one question at a time",
            "make each question a condition, and move explanations to the standard",
        )
