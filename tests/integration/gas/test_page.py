"""docs/gas.md holds what is measured now, to the last digit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_page_is_what_is_measured() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.gas"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    *page, last = done.stdout.splitlines(keepends=True)
    figures = json.loads(last)
    assert figures["job"] == sum(figures[step] for step in ("open", "deliver", "judge", "settle"))
    assert (ROOT / "docs/gas.md").read_text("utf-8") == "".join(page), (
        "run `make gas WRITE=1` and commit docs/gas.md"
    )
