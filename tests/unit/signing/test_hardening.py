"""A process with keys leaves no core dump; one without the guard does, and the key is in it."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

KEY = bytes(range(0x40, 0x60))

_PROGRAM = """
import ctypes, os, sys
from oracle.signing.hardening import forbid_dumps
from oracle.signing.signer import LocalSigner
if sys.argv[1] == "hardened":
    forbid_dumps()
signer = LocalSigner(bytes(range(0x40, 0x60)))
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), flush=True)
os.abort()
"""


def _run(folder: Path, mode: str) -> tuple[str, list[Path]]:
    def allow_cores() -> None:
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))

    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, mode],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        preexec_fn=allow_cores,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    return done.stdout.strip(), list(folder.glob("core*"))


def test_forbid_dumps__crash__leaves_no_core(tmp_path: Path) -> None:
    dumpable, cores = _run(tmp_path, "hardened")
    assert dumpable == "0"
    assert cores == []


def test_without_forbid_dumps__crash__leaves_a_core_with_the_key(tmp_path: Path) -> None:
    if Path("/proc/sys/kernel/core_pattern").read_text().strip() not in ("core", "core.%p"):
        pytest.skip("core dumps of this machine go to a collector, not to the folder")
    if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
        pytest.skip("this machine allows no core dumps at all")
    dumpable, cores = _run(tmp_path, "plain")
    assert dumpable == "1"
    assert any(KEY in core.read_bytes() for core in cores)
