"""Run one condition's check. Whatever goes wrong in a check makes it undecided, never passed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from oracle.evaluation.checks import compare, isolated, receipts, suites
from oracle.evaluation.checks.base import (
    MAX_LOG,
    MAX_REASON,
    CheckInputs,
    CheckResult,
    Finding,
    NotDeliveredError,
    UnusableDeliveryError,
)
from oracle.evaluation.sandbox.suite import versions
from oracle.pact.measures import JuryMeasure, Measure, TestsMeasure


class _Method(NamedTuple):
    check: Callable[[Any, CheckInputs], Finding]
    tool: str
    version: Callable[[], str]


def _package(name: str) -> Callable[[], str]:
    return lambda: isolated.tool_version(name)


_METHODS: dict[str, _Method] = {
    "json_schema": _Method(isolated.json_schema, "jsonschema", _package("jsonschema")),
    "cel": _Method(isolated.cel, "common-expression-language", _package("common-expression-language")),
    "pattern": _Method(isolated.pattern, "google-re2", _package("google-re2")),
    "receipts": _Method(receipts.receipts, "earnest receipts", lambda: receipts.VERSION),
    "exact": _Method(compare.exact, "earnest compare", lambda: compare.VERSION),
    "numeric": _Method(compare.numeric, "earnest compare", lambda: compare.VERSION),
    "quotes": _Method(compare.quotes, "earnest compare", lambda: compare.VERSION),
}


def _method(measure: Measure) -> _Method:
    if isinstance(measure, TestsMeasure):
        runner = measure.runner
        return _Method(suites.tests, f"{runner} suite in bubblewrap", lambda: versions(runner))
    return _METHODS[measure.method]


def run_check(measure: Measure, inputs: CheckInputs) -> CheckResult:
    """Carry out a deterministic check; never raises for anything a pact, delivery or machine can bring about.

    Args:
        measure: any but a jury's.
        inputs: fresh for each check; it collects what was read.
    """
    if isinstance(measure, JuryMeasure):
        raise TypeError("a jury condition is no deterministic check")
    method = _method(measure)
    started = time.monotonic()
    version = "unknown"
    try:
        version = method.version()
        finding = method.check(measure, inputs)
    except (NotDeliveredError, UnusableDeliveryError) as error:
        finding = Finding("failed", error.message)
    except Exception as error:  # noqa: BLE001 - a check that errors is undecided, and says so
        finding = Finding("undecided", f"{type(error).__name__}: {error}")
    return CheckResult(
        state=finding.state,
        reason=_clean(finding.reason, MAX_REASON),
        tool=method.tool,
        version=version,
        inputs=dict(sorted(inputs.read.items())),
        output=dict(finding.output),
        log=_clean(finding.log, MAX_LOG),
        duration_ms=int((time.monotonic() - started) * 1000),
    )


def _clean(text: str, most: int) -> str:
    """Text that UTF-8 can carry, of bounded length."""
    return text[:most].encode("utf-8", "replace").decode("utf-8")
