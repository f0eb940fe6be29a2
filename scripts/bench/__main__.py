"""Run sections of the bench: `python -m scripts.bench [SECTION …]`; the last line is one JSON object.

A section is a module of this package with `run() -> dict[str, float]`: its figures, by the names they have in
that object. It prints what it did on the way, and starts and ends whatever it needs.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time

SECTIONS = (
    "index",
    "send",
    "settled",
    "latency",
    "history",
    "scores",
    "receipts",
    "overhead",
)


def main(arguments: list[str]) -> int:
    """Run the sections named, or all."""
    parser = argparse.ArgumentParser(prog="python -m scripts.bench", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of: {', '.join(SECTIONS)}")
    chosen = parser.parse_args(arguments).sections or SECTIONS
    unknown = sorted(set(chosen) - set(SECTIONS))
    if unknown:
        parser.error(f"there is no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    figures: dict[str, float] = {}
    for name in chosen:
        print(f"bench: {name}", flush=True)
        started = time.monotonic()
        figures |= importlib.import_module(f"scripts.bench.{name}").run()
        print(f"bench: {name} took {time.monotonic() - started:.0f} s", flush=True)
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
