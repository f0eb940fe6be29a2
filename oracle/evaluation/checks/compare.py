"""Exact, numeric and quotation checks against references and sources."""

from __future__ import annotations

import decimal
import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from oracle.domain.canonical import canonical_bytes
from oracle.evaluation.checks.base import (
    CheckInputs,
    Finding,
    MaterialError,
    UnusableDeliveryError,
    resolve_pointer,
    short,
)
from oracle.pact.measures import ExactMeasure, MaterialReference, NumericMeasure, QuotesMeasure
from oracle.pact.paths import covers

VERSION: Final = "1"  # of these rules; raised when a rule changes

_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,29})(\.[0-9]{1,18})?", re.ASCII)
_SHOWN = 200  # characters of a value in a record


def _found(inputs: CheckInputs, file: str, pointer: str) -> Any:
    try:
        return resolve_pointer(inputs.delivered_json(file), pointer)
    except LookupError as error:
        raise UnusableDeliveryError(f"{file} has nothing at {pointer or '(top)'}", field=pointer) from error


def _reference(reference: MaterialReference, inputs: CheckInputs) -> Any:
    try:
        return resolve_pointer(inputs.material_json(reference.path), reference.pointer)
    except LookupError as error:
        raise MaterialError(
            f"the material {reference.path} has nothing at {reference.pointer}", field=reference.pointer
        ) from error


def exact(measure: ExactMeasure, inputs: CheckInputs) -> Finding:
    """Both values have the same canonical form, so 1 and 1.0 are equal, and 1 and "1" are not."""
    expected = (
        _reference(measure.expected, inputs)
        if isinstance(measure.expected, MaterialReference)
        else measure.expected.value
    )
    found = canonical_bytes(_found(inputs, measure.file, measure.pointer))
    holds = found == canonical_bytes(expected)
    where = f"{measure.file}{'#' + measure.pointer if measure.pointer else ''}"
    return Finding(
        "passed" if holds else "failed",
        f"{where} {'equals' if holds else 'differs from'} the reference",
        {"found": found.decode("utf-8")[:_SHOWN]},
    )


def _number(value: Any) -> Decimal | None:
    """A JSON number or a decimal text, else None. Floats count as their shortest decimal form."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return Decimal(repr(value))
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return Decimal(value)
    return None


def numeric(measure: NumericMeasure, inputs: CheckInputs) -> Finding:
    """|found - expected| <= max(absolute, relative * |expected|), in decimals."""
    if isinstance(measure.expected, MaterialReference):
        expected = _number(_reference(measure.expected, inputs))
        if expected is None:
            raise MaterialError(f"the reference in {measure.expected.path} is not a number")
    else:
        expected = Decimal(measure.expected.value)
    found = _number(_found(inputs, measure.file, measure.pointer))
    if found is None:
        return Finding("failed", f"{measure.file}#{measure.pointer} is not a number", {"found": None})
    with decimal.localcontext() as context:
        context.prec = 800  # a double has at most 309 digits before and 324 after the point
        distance = abs(found - expected)
        allowed = max(
            Decimal(measure.absolute_tolerance), Decimal(measure.relative_tolerance) * abs(expected)
        )
        holds = distance <= allowed
    output = {"found": f"{found:f}"[:_SHOWN], "expected": f"{expected:f}"[:_SHOWN]}
    output |= {"distance": f"{distance:f}"[:_SHOWN], "allowed": f"{allowed:f}"[:_SHOWN]}
    words = "within" if holds else "beyond"
    return Finding(
        "passed" if holds else "failed",
        f"{output['found']} is {words} the tolerance of {output['expected']}"[:500],
        output,
    )


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _block_quotes(text: str) -> Iterator[str]:
    lines: list[str] = []
    for line in [*text.splitlines(), ""]:
        stripped = line.lstrip()
        if stripped.startswith(">"):
            lines.append(stripped.lstrip("> "))
        elif lines:
            yield "\n".join(lines)
            lines = []


def _json_quotes(measure: QuotesMeasure, inputs: CheckInputs) -> Iterator[tuple[str, str | None]]:
    entries = _found(inputs, measure.file, measure.pointer)
    if not isinstance(entries, list):
        raise UnusableDeliveryError(
            f"{measure.file}#{measure.pointer} is not an array", field=measure.pointer
        )
    for number, entry in enumerate(entries):
        quote = entry.get("quote") if isinstance(entry, dict) else None
        source = entry.get("source") if isinstance(entry, dict) else None
        if not isinstance(quote, str) or not isinstance(source, str):
            raise UnusableDeliveryError(
                f"entry {number} of {measure.file}#{measure.pointer} has no quote and source", field="quote"
            )
        yield quote, source


def quotes(measure: QuotesMeasure, inputs: CheckInputs) -> Finding:
    """Every quotation stands word for word in its source, is long enough, and there are enough of them."""
    if measure.form == "json":
        quoted = list(_json_quotes(measure, inputs))
    else:
        quoted = [(quote, None) for quote in _block_quotes(inputs.delivered_text(measure.file))]
    sources = {
        path: _plain(inputs.material_text(path))
        for path in inputs.materials
        if any(covers(entry, path) for entry in measure.sources)
    }
    if not sources:
        raise MaterialError("none of the sources is there", field="sources")
    wrong = []
    for number, (quote, source) in enumerate(quoted):
        plain = _plain(quote)
        named = sources if source is None else {source: sources[source]} if source in sources else {}
        if len(plain) < measure.shortest:
            wrong.append(f"quotation {number} is shorter than {measure.shortest} characters")
        elif not any(plain in text for text in named.values()):
            wrong.append(f"quotation {number} is not in {'any source' if source is None else 'its source'}")
    output = {"quotations": len(quoted), "wrong": wrong[:50]}
    if wrong:
        return Finding("failed", short(wrong, 3), output)
    if len(quoted) < measure.at_least:
        return Finding("failed", f"{len(quoted)} quotations; at least {measure.at_least} are needed", output)
    return Finding("passed", f"all {len(quoted)} quotations stand in their sources", output)
