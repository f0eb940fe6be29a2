"""JSON Schema, CEL and RE2, each run in a child process that is killed when it takes too long."""

from __future__ import annotations

import functools
import importlib.metadata
import json
import unicodedata
from typing import Any, Final

from oracle.evaluation.checks.base import CheckError, CheckInputs, Finding, short
from oracle.evaluation.checks.nursery import NurseryError, Sitting, sitting
from oracle.pact.expressions import EXTENSIONS
from oracle.pact.measures import CelMeasure, Fact, PatternMeasure, SchemaMeasure
from oracle.pact.methodology import CheckLimits

_ANSWER_BYTES: Final = 1_000_000
_SCHEMAS_KNOWN: Final = 256  # that were found to be schemas lately; a pact is the pact of many jobs


def _ask(task: dict[str, Any], inputs: CheckInputs) -> dict[str, Any]:
    """Put a task to the child that this delivery's checks share.

    Raises:
        CheckError: it took too long, died, or says that it could not.
    """
    return _answer(task, inputs.sitting, inputs.limits.checks)


def _answer(task: dict[str, Any], child: Sitting, limits: CheckLimits) -> dict[str, Any]:
    task |= {"seconds": limits.seconds, "memory_bytes": limits.memory_bytes}
    try:
        answer = child.ask(json.dumps(task).encode(), seconds=limits.seconds, most=_ANSWER_BYTES)
    except NurseryError as error:
        if error.timed_out:
            raise CheckError(f"the check took more than {limits.seconds} s and was stopped") from error
        raise CheckError("the check's process ended without an answer, beyond its limits") from error
    if "error" in answer:
        raise CheckError(str(answer["error"])[:500])
    return answer


@functools.lru_cache(_SCHEMAS_KNOWN)
def _check_form(schema: str, limits: CheckLimits) -> None:
    """Check that a schema is one: once for many deliveries, in a child that sees nothing of any.

    Raises:
        CheckError: it is none, or that could not be found out; asked again the next time.
    """
    with sitting() as apart:
        _answer({"method": "schema_form", "schema": json.loads(schema)}, apart, limits)


def json_schema(measure: SchemaMeasure, inputs: CheckInputs) -> Finding:
    """The delivered JSON is valid under the schema."""
    document = inputs.delivered_json(measure.file)
    _check_form(json.dumps(measure.schema_), inputs.limits.checks)
    answer = _ask({"method": "json_schema", "schema": measure.schema_, "document": document}, inputs)
    problems = answer["problems"]
    if answer["holds"]:
        return Finding("passed", f"{measure.file} is valid under the schema", {"problems": []})
    places = short([f"{problem['rule']} at {problem['at'] or '(top)'}" for problem in problems])
    return Finding("failed", f"{measure.file} breaks the schema: {places}"[:500], {"problems": problems})


def _fact(fact: Fact, inputs: CheckInputs) -> Any:
    if fact.form == "json":
        return (inputs.delivered_json if fact.source == "delivery" else inputs.material_json)(fact.path)
    text = (inputs.delivered_text if fact.source == "delivery" else inputs.material_text)(fact.path)
    return unicodedata.normalize("NFC", text)


def cel(measure: CelMeasure, inputs: CheckInputs) -> Finding:
    """The expression yields true over the facts."""
    facts = {fact.name: _fact(fact, inputs) for fact in measure.facts}
    checks = inputs.limits.checks
    limits = {"depth": checks.cel_depth, "items": checks.cel_list_items, "cost": checks.cel_cost}
    task: dict[str, Any] = {"method": "cel", "expression": measure.expression, "facts": facts}
    answer = _ask(task | {"functions": sorted(EXTENSIONS), "limits": limits}, inputs)
    if answer["holds"]:
        return Finding("passed", "the expression yields true", {"value": True})
    return Finding("failed", "the expression yields false", {"value": False})


def pattern(measure: PatternMeasure, inputs: CheckInputs) -> Finding:
    """The pattern is found, or is not, as the pact says."""
    text = inputs.delivered_text(measure.file)
    answer = _ask({"method": "pattern", "pattern": measure.pattern, "text": text}, inputs)
    found = bool(answer["found"])
    where = f"first at character {answer['at']}" if found else "nowhere"
    state = "passed" if found == (measure.must == "match") else "failed"
    return Finding(
        "passed" if state == "passed" else "failed",
        f"the pattern is found {where} in {measure.file}",
        {"found": found, "at": answer["at"]},
    )


@functools.cache
def tool_version(package: str) -> str:
    """The installed version of a package that does the measuring."""
    return importlib.metadata.version(package)
