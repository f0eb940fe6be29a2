"""The compiler wrapper answers as native solc does, whole, and reads nothing it should not."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
SOLC = ROOT / "scripts/solc/solc-v0.8.30"
PIPE = 65_536  # bytes that a pipe holds on Linux


def compile_with(sources: dict[str, Any], base: Path, *options: str) -> tuple[str, dict[str, Any]]:
    request = {
        "language": "Solidity",
        "sources": sources,
        "settings": {"outputSelection": {"*": {"*": ["abi", "metadata"], "": ["ast"]}}},
    }
    done = subprocess.run(
        [str(SOLC), "--standard-json", "--base-path", str(base), *options],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return done.stdout, answer


def importing(path: str) -> dict[str, Any]:
    return {"A.sol": {"content": f'pragma solidity 0.8.30; import "{path}"; contract A {{}}'}}


def test_version_reads_like_native() -> None:
    done = subprocess.run([str(SOLC), "--version"], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.splitlines()[-1] == "Version: 0.8.30+commit.73712a01.Linux.g++"


def test_output_through_a_pipe_is_whole(tmp_path: Path) -> None:
    functions = "".join(f"function f{i}(uint256 a, uint256 b) external {{}}" for i in range(400))
    text, answer = compile_with(
        {"A.sol": {"content": f"pragma solidity 0.8.30; contract A {{{functions}}}"}}, tmp_path
    )
    assert len(text) > 2 * PIPE
    assert len(answer["contracts"]["A.sol"]["A"]["abi"]) == 400


def test_imports_come_from_the_base_path_and_from_packages(tmp_path: Path) -> None:
    (tmp_path / "B.sol").write_text("pragma solidity 0.8.30; contract B {}")
    _, answer = compile_with(importing("B.sol"), tmp_path, "--allow-paths", ".")
    assert "B" in answer["contracts"]["B.sol"]
    _, answer = compile_with(importing("node_modules/solady/src/utils/LibBit.sol"), tmp_path)
    assert "LibBit" in answer["contracts"]["node_modules/solady/src/utils/LibBit.sol"]


@pytest.mark.parametrize("path", ["../outside.sol", "node_modules/../foundry.toml"])
def test_nothing_else_is_read(tmp_path: Path, path: str) -> None:
    base = tmp_path / "project"
    base.mkdir()
    (tmp_path / "outside.sol").write_text("pragma solidity 0.8.30; contract Outside {}")
    _, answer = compile_with(importing(path), base)
    errors = [error["message"] for error in answer["errors"] if error["severity"] == "error"]
    assert len(errors) == 1
    assert "not found" in errors[0]


def test_an_unknown_option_is_refused() -> None:
    done = subprocess.run([str(SOLC), "--gas"], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "unknown argument --gas" in done.stderr
