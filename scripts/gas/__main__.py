"""`make gas`: measure on anvil with Circle's USDC, print a table, and one JSON object on the last line."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path

from scripts.gas.report import render
from scripts.gas.scenarios import Scenarios
from scripts.local.anvil import anvil
from scripts.local.market import ACCOUNTS

_START = 1_767_225_600  # 2026-01-01
PAGE = Path(__file__).parents[2] / "docs/gas.md"


def main() -> None:
    """Measure; with `--write` bring docs/gas.md up to date."""
    # Times are calldata, and a zero byte costs less than others: so the clock is the same at each run.
    with anvil(accounts=ACCOUNTS, tracing=True, timestamp=_START) as chain:
        with closing(chain.rpc()) as rpc:
            rpc.call("anvil_setBlockTimestampInterval", [1], retry=False)
        measured = Scenarios(chain).run()
    page = render(measured)
    sys.stdout.write(page)
    if "--write" in sys.argv[1:]:
        PAGE.write_text(page, encoding="utf-8")
    sys.stdout.write(json.dumps(measured.figures) + "\n")


if __name__ == "__main__":
    main()
