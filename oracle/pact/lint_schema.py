"""What can be wrong with a JSON Schema that a pact carries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import jsonschema

from oracle.domain.canonical import MAX_DOCUMENT_DEPTH

_TELLS_NOTHING = frozenset({"$schema", "$id", "$comment", "$defs", "title", "description"})
_REFERENCES = frozenset({"$ref", "$dynamicRef"})
_SAMPLES: tuple[Any, ...] = (None, 0, "", [], {})  # one of each kind: enough to walk into a circle


class Complaint(NamedTuple):
    """One thing wrong with a measure; `field` is the measure's own field."""

    level: Literal["error", "warning"]
    rule: str
    field: str
    message: str
    next_step: str


def schema_complaints(schema: dict[str, Any]) -> Iterator[Complaint]:
    """Everything that would make a check by this schema fail to decide, or decide nothing."""
    problem = _form_problem(schema)
    if problem is not None:
        yield _complaint("schema-invalid", problem, "correct it by JSON Schema draft 2020-12")
        return
    found = list(_reference_complaints(schema))
    yield from found
    if not found and _is_circular(schema):
        yield _complaint(
            "schema-circular", "the JSON Schema refers to itself without end", "refer to a part below it"
        )
    if not set(schema) - _TELLS_NOTHING:
        yield _complaint("schema-empty", "the JSON Schema accepts everything", "say what must hold")


def _form_problem(schema: dict[str, Any]) -> str | None:
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        place = "/".join(str(step) for step in error.absolute_path) or "its top"
        return f"the JSON Schema is itself invalid at {place}: {error.message[:200]}"
    return None


def _reference_complaints(schema: dict[str, Any]) -> Iterator[Complaint]:
    for key, value in _entries(schema):
        if key not in _REFERENCES or not isinstance(value, str):
            continue
        if not value.startswith("#"):
            yield _complaint(
                "schema-refers-outside",
                f"the JSON Schema refers to {value[:120]!r}; nothing outside the pact is fetched",
                "copy the definition into $defs and refer to it as #/$defs/…",
            )
        elif value.startswith("#/") and not _leads_somewhere(schema, value):
            yield _complaint(
                "schema-refers-nowhere",
                f"the JSON Schema refers to {value[:120]!r}, which it does not hold",
                "add the definition, or correct the reference",
            )


def _entries(value: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Every key and value of every object in a schema."""
    if depth > MAX_DOCUMENT_DEPTH:
        return
    if isinstance(value, dict):
        yield from value.items()
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from _entries(child, depth + 1)


def _leads_somewhere(schema: Any, reference: str) -> bool:
    value = schema
    for raw in reference.removeprefix("#/").split("/"):
        step = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return False
    return True


def _is_circular(schema: dict[str, Any]) -> bool:
    validator = jsonschema.Draft202012Validator(schema)
    try:
        for sample in _SAMPLES:
            validator.is_valid(sample)
    except RecursionError:
        return True
    return False


def _complaint(rule: str, message: str, next_step: str) -> Complaint:
    return Complaint("error", rule, "schema", message, next_step)
