"""`scripts/pytest.sh`: what failed beside others is tried again alone, and only that."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[3] / "scripts/pytest.sh"
ONCE = """
def test_{name}():
    with open("{name}", "a") as tried:
        tried.write("x")
    assert len(open("{name}").read()) >= {passes_at}
"""


def run(folder: Path, **passes_at: int) -> subprocess.CompletedProcess[str]:
    (folder / "test_them.py").write_text(
        "".join(ONCE.format(name=name, passes_at=at) for name, at in passes_at.items())
    )
    command = [
        str(SCRIPT),
        sys.executable,
        "-q",
        "-p",
        "xdist",
        "-n",
        "2",
        "--dist",
        "loadfile",
        "--rootdir",
        ".",
    ]
    # Other plugins take seconds to load, eight times here.
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_test_that_passes_alone__is_named(tmp_path: Path) -> None:
    told = run(tmp_path, good=1, raced=2)
    assert told.returncode == 0
    assert told.stdout.endswith("pytest: passed only when tried again alone:\n  test_them.py::test_raced\n")
    assert (tmp_path / "good").read_text() == "x"


def test_a_test_that_fails_alone_too__fails(tmp_path: Path) -> None:
    told = run(tmp_path, good=1, raced=2, broken=9)
    assert told.returncode == 1
    assert "passed only" not in told.stdout
    assert (tmp_path / "broken").read_text() == "xx"


def test_more_than_three__are_not_tried_again(tmp_path: Path) -> None:
    told = run(tmp_path, one=2, two=2, three=2, four=2)
    assert told.returncode == 1
    assert "4 tests failed" in told.stderr
    assert (tmp_path / "one").read_text() == "x"


def test_a_run_that_broke_down__is_not_tried_again(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text("import nothing_of_this_name\n")
    told = run(tmp_path, good=1)
    assert told.returncode != 0
    assert "tried again alone:\n  test_them" not in told.stdout
