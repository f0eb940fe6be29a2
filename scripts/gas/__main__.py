"""`make gas`: measure on anvil with Circle's USDC, print a table, and one JSON object on the last line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from scripts.gas.report import render
from scripts.gas.scenarios import Scenarios
from scripts.local.anvil import anvil
from scripts.local.market import ACCOUNTS

PAGE = Path(__file__).parents[2] / "docs/gas.md"


def main() -> None:
    """Measure; with `--write` bring docs/gas.md up to date."""
    with anvil(accounts=ACCOUNTS, tracing=True) as chain:
        measured = Scenarios(chain).run()
    page = render(measured)
    sys.stdout.write(page)
    if "--write" in sys.argv[1:]:
        PAGE.write_text(page, encoding="utf-8")
    sys.stdout.write(json.dumps(measured.figures) + "\n")


if __name__ == "__main__":
    main()
