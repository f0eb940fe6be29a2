"""A document that recurses must end in an error, not in the end of the process."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("order", ["import oracle, web3", "import web3, oracle"])
def test_the_recursion_limit_is_pythons_own_whatever_is_imported(order: str) -> None:
    code = f"{order}; import sys, jsonschema\nprint(sys.getrecursionlimit())\n"
    code += "try: jsonschema.Draft202012Validator({'$ref': '#'}).is_valid(1)\n"
    code += "except RecursionError: print('caught')"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.split() == ["1000", "caught"]
