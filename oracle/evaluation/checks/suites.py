"""The `tests` method: a hidden suite, run in the sandbox, every expected test passed."""

from __future__ import annotations

from typing import Final

from oracle.evaluation.checks.base import CheckInputs, Finding, UnusableDeliveryError, short
from oracle.evaluation.sandbox.suite import SuiteLimits, SuiteReport, run_suite
from oracle.pact.measures import TestsMeasure
from oracle.pact.paths import PathError, check_distinct

_MIB: Final = 1_048_576
_MESSAGES: Final = 3  # failed tests explained in the log


def tests(measure: TestsMeasure, inputs: CheckInputs) -> Finding:
    """Every expected test is reported as passed, and the delivered code was there to the end."""
    suite = inputs.material_tree(measure.suite)
    base = inputs.material_tree(measure.base) if measure.base is not None else {}
    tree = base | inputs.delivered_tree(measure.delivered)
    try:
        check_distinct(tree)
    except PathError as error:  # a delivered file where the base has a folder, or the other way round
        raise UnusableDeliveryError(f"the delivery does not fit the base: {error.message}") from error
    sandbox = inputs.limits.sandbox
    limits = SuiteLimits(
        seconds=min(measure.timeout_seconds, sandbox.seconds),
        memory_bytes=min(measure.memory_mib * _MIB, sandbox.memory_bytes),
        processes=sandbox.processes,
        output_bytes=sandbox.output_bytes,
    )
    return judge(measure.expected, run_suite(measure.runner, suite, tree, limits))


def judge(expected: tuple[str, ...], report: SuiteReport) -> Finding:
    """What a report says about the expected tests. Pure.

    Delivered code that was gone before the end is a failure whatever the tests say. A test that is missing
    is a failure where delivered code raised anything, for it may be the cause; otherwise the suite itself
    is at fault.
    """
    outcomes = {name: report.outcomes.get(name, "missing") for name in expected}
    output = {"tests": outcomes, "gone": report.gone}
    failed = [name for name, outcome in outcomes.items() if outcome == "failed"]
    missing = [name for name, outcome in outcomes.items() if outcome == "missing"]
    skipped = [name for name, outcome in outcomes.items() if outcome == "skipped"]
    explained = [f"{name}: {report.messages[name]}" for name in failed if name in report.messages][:_MESSAGES]
    log = "\n\n".join([*explained, report.log])
    if report.gone is not None:
        return Finding("failed", report.gone, output, log)
    if failed:
        return Finding(
            "failed", f"{len(failed)} of {len(expected)} tests failed: {short(failed)}", output, log
        )
    if missing and report.errors and report.ended:
        return Finding(
            "failed", f"the delivered code broke the suite: {short(missing)} never ran", output, log
        )
    if not report.ended:
        return Finding("undecided", f"the suite did not come to its end: {report.harness}", output, log)
    if missing:
        return Finding("undecided", f"the suite has no such tests: {short(missing)}", output, log)
    if skipped:
        return Finding("undecided", f"the suite skipped tests: {short(skipped)}", output, log)
    return Finding("passed", f"all {len(expected)} expected tests passed", output, log)
