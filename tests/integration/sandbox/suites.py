"""A hidden suite, honest code for it, and how any other code fares."""

from __future__ import annotations

import shutil

import pytest

from oracle.evaluation.checks.base import Finding
from oracle.evaluation.checks.suites import judge
from oracle.evaluation.sandbox.suite import Runner, SuiteLimits, run_suite

MIB = 1_048_576
needs_sandbox = pytest.mark.skipif(
    shutil.which("bwrap") is None, reason="needs bubblewrap, which is not installed"
)

SUITE = b"""
import candidate
import pytest

work = candidate.load("work")


def test_adds():
    assert work.add(2, 3) == 5


def test_refuses():
    with pytest.raises(ValueError):
        work.add(None, 3)
"""
EXPECTED = ("test_work.py::test_adds", "test_work.py::test_refuses")

HONEST = """
def add(a, b):
    if a is None:
        raise ValueError("a is missing")
    return a + b
"""

NODE_SUITE = b"""
import test from "node:test";
import assert from "node:assert/strict";
import { load } from "candidate";
const work = await load("./work.js");
test("adds", async () => assert.equal(await work.add(2, 3), 5));
test("refuses", async () => assert.rejects(work.add(null, 3), TypeError));
"""
NODE_EXPECTED = ("work.test.mjs::adds", "work.test.mjs::refuses")
NODE_HONEST = """
exports.add = (a, b) => {
  if (a === null) throw new TypeError("a is missing");
  return a + b;
};
"""


def limits(**changes: int) -> SuiteLimits:
    """Small, so that attacks on them end soon; but time, which passes on the clock, is honest code's too."""
    chosen = {"seconds": 30, "memory_bytes": 256 * MIB, "processes": 32, "output_bytes": MIB} | changes
    return SuiteLimits(**chosen)


def fare(work: str, more: dict[str, bytes] | None = None, *, suite: bytes = SUITE, **changes: int) -> Finding:
    """What the python suite says of a delivered work.py, with further delivered files."""
    tree = {"work.py": work.encode(), **(more or {})}
    return judge(EXPECTED, run_suite("python", {"test_work.py": suite}, tree, limits(**changes)))


def fare_node(work: str, *, suite: bytes = NODE_SUITE, **changes: int) -> Finding:
    """What the node suite says of a delivered work.js."""
    runner: Runner = "node"
    tree = {"work.js": work.encode()}
    return judge(NODE_EXPECTED, run_suite(runner, {"work.test.mjs": suite}, tree, limits(**changes)))
