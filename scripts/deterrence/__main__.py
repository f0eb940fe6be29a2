"""`python -m scripts.deterrence`: print the table of docs/tabs.md; with --write, put it there."""

from __future__ import annotations

import argparse
from pathlib import Path

from scripts.deterrence.simulate import CASES, run, table

DOC = Path(__file__).parents[2] / "docs" / "tabs.md"
BEGIN, END = "<!-- python -m scripts.deterrence --write -->\n", "<!-- end -->\n"


def in_document(text: str) -> str:
    """The table as a document holds it.

    Raises:
        ValueError: it has no place for the table.
    """
    return text[text.index(BEGIN) + len(BEGIN) : text.index(END)]


def main() -> None:
    """Simulate, and show or write the table."""
    parser = argparse.ArgumentParser(prog="scripts.deterrence", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the table into docs/tabs.md")
    made = table([run(case) for case in CASES])
    print(made, end="")
    if parser.parse_args().write:
        text = DOC.read_text()
        DOC.write_text(text.replace(BEGIN + in_document(text) + END, BEGIN + made + END))


if __name__ == "__main__":
    main()
