"""DBOS is loaded where evaluations run, and nowhere else."""

from __future__ import annotations

import subprocess
import sys


def test_the_cli_does_not_load_dbos() -> None:
    program = "import sys, oracle.cli.main, oracle.daemon.assembly; print('dbos' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"
