"""What the tools print is read without trust: halmos, slither, forge coverage, forge test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from scripts.verify import coverage, invariants, static, symbolic
from scripts.verify.tools import VerifyError

PASSED = """Running 2 tests for tests/contracts/symbolic/Payouts.t.sol:PayoutsSymbolic
[PASS] check_stands_conserves((uint64,bool),bool) (paths: 60, time: 1.68s, bounds: [])
\x1b[32m[PASS]\x1b[0m check_deposit(uint72,uint64) (paths: 11, time: 1.00s, bounds: [])
Symbolic test result: 2 passed; 0 failed; time: 20.60s
"""
NAMES = ("check_stands_conserves", "check_deposit")


def test_halmos_proved_checks_are_counted() -> None:
    assert symbolic.judge(symbolic.read_output("PayoutsSymbolic", PASSED), NAMES) == 2


@pytest.mark.parametrize(
    "line",
    [
        "ERROR    solver_output.error='executor has been shutdown'",
        "WARNING  check_deposit(): paths have not been fully explored due to the loop unrolling bound: 2",
        "(see https://github.com/a16z/halmos/wiki/warnings#loop-bound)",
    ],
)
def test_halmos_saying_error_beside_pass_has_failed(line: str) -> None:
    outcome = symbolic.read_output("PayoutsSymbolic", f"{PASSED}{line}\n")
    with pytest.raises(VerifyError, match="not proved"):
        symbolic.judge(outcome, NAMES)


@pytest.mark.parametrize("verdict", ["FAIL", "TIMEOUT", "ERROR"])
def test_halmos_verdicts_other_than_pass_fail(verdict: str) -> None:
    output = PASSED.replace("[PASS] check_stands", f"[{verdict}] check_stands")
    with pytest.raises(VerifyError, match=f"check_stands_conserves: {verdict}"):
        symbolic.judge(symbolic.read_output("PayoutsSymbolic", output), NAMES)


def test_a_check_that_halmos_left_out_fails() -> None:
    outcome = symbolic.read_output("PayoutsSymbolic", PASSED)
    with pytest.raises(VerifyError, match="did not run check_new"):
        symbolic.judge(outcome, [*NAMES, "check_new"])


def test_a_broken_copy_must_be_refuted_throughout() -> None:
    refuted = PASSED.replace("[PASS]", "[FAIL]")
    assert symbolic.judge(symbolic.read_output("PayoutsBroken", refuted), NAMES) == 0
    for verdict in ("PASS", "TIMEOUT"):
        half = refuted.replace("[FAIL] check_stands", f"[{verdict}] check_stands")
        with pytest.raises(VerifyError, match="wrong on purpose"):
            symbolic.judge(symbolic.read_output("PayoutsBroken", half), NAMES)


def test_every_symbolic_contract_has_a_broken_copy() -> None:
    found = symbolic.checks()
    whole = {name.removesuffix("Symbolic") for name in found if name.endswith("Symbolic")}
    assert whole
    for name in whole:
        assert found[f"{name}Broken"] == found[f"{name}Symbolic"]


def element(kind: str, name: str, parent: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": kind, "name": name, "type_specific_fields": {"parent": parent} if parent else {}}


CONTRACT = element("contract", "Jobs")
OPEN = element("function", "open", CONTRACT)


def test_a_finding_is_named_without_its_lines() -> None:
    node = element("node", "amount ==\n   0", OPEN)
    finding = {
        "check": "incorrect-equality",
        "elements": [OPEN, node],
        "description": "x (contracts/J.sol#1)",
    }
    assert static.name_of(finding) == "Jobs.open: amount == 0"
    alone = {"check": "assembly", "elements": [OPEN], "description": ""}
    assert static.name_of(alone) == "Jobs.open"


def test_a_finding_without_explanation_and_an_explanation_without_finding_are_named() -> None:
    why = "Enumerations have no other values than these."
    known = static.Explanation(detector="timestamp", reason=why, findings=("Jobs.open: a == b",))
    good = static.compare([("timestamp", "Jobs.open: a == b")], [known])
    assert (good.found, good.unexplained, good.stale) == (1, (), ())
    bad = static.compare([("timestamp", "Jobs.open: a == c")], [known])
    assert bad.unexplained == ("timestamp at Jobs.open: a == c",)
    assert bad.stale == ("timestamp at Jobs.open: a == b",)


def test_an_explanation_says_something() -> None:
    with pytest.raises(ValidationError):
        static.Explanation(detector="timestamp", reason="fine", findings=("Jobs.open",))


LCOV = """TN:
SF:contracts/A.sol
DA:1,5
DA:2,0
BRDA:2,0,0,-
BRDA:1,1,0,3
LF:2
end_of_record
SF:tests/contracts/B.sol
DA:1,0
end_of_record
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "A.sol").write_text("    a = 1;\n    if (b) c();\n")
    return tmp_path


def test_coverage_counts_contracts_alone(tree: Path) -> None:
    counts = coverage.read_lcov(LCOV, tree)
    assert (counts.line_coverage, counts.branch_coverage) == (50.0, 50.0)
    assert counts.gaps == {
        ("line", "contracts/A.sol: if (b) c();"),
        ("branch", "contracts/A.sol: if (b) c();"),
    }


def test_gaps_are_explained_one_by_one(tree: Path) -> None:
    counts = coverage.read_lcov(LCOV, tree)
    gap = "contracts/A.sol: if (b) c();"
    why = "The source map of the IR pipeline leaves it out."
    line = coverage.Explanation(kind="line", reason=why, gaps=(gap,))
    assert coverage.problems(counts, [line]) == [f"unvisited branch: {gap}"]
    both = coverage.Explanation(kind="branch", reason=why, gaps=(gap, "contracts/A.sol: a = 1;"))
    assert coverage.problems(counts, [line, both]) == [
        "explained branch, but visited: contracts/A.sol: a = 1;"
    ]


def test_calls_of_invariants_are_added_up() -> None:
    output = "[PASS] invariant_a() (runs: 4, calls: {}, reverts: 3)\n"
    both = output.format(512) + output.format(9) + output.format(7).replace("_a", "_b")
    assert invariants.calls_made(both) == {"invariant_a": 521, "invariant_b": 7}
    assert invariants.count(both, ["invariant_a"]) == 528


@pytest.mark.parametrize(
    "output",
    [
        "No tests found in project!",
        "[PASS] invariant_a() (runs: 1, calls: 9, reverts: 0)\n",
        "[PASS] invariant_b() (runs: 0, calls: 0, reverts: 0)\n",
    ],
)
def test_an_invariant_that_was_not_attacked_fails(output: str) -> None:
    with pytest.raises(VerifyError, match="invariant_b"):
        invariants.count(output, ["invariant_a", "invariant_b"])


def test_the_invariants_of_every_part_are_declared() -> None:
    """Jobs, arbiters, evaluators and tabs each have some; none is left out of the long run."""
    found = invariants.declared()
    for part in ("panel", "book", "tabs"):
        assert f"invariant_{part}" in found
    assert len(found) > 3
