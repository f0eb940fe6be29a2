"""Decide one SMT-LIB file over integers: a solver command for halmos, run in .venv-verify.

Payouts divide, and a division of 256-bit words is out of reach for solvers that take words apart into bits.
cvc5 translates such words to integers, which settles the same questions in under a second.
"""

from __future__ import annotations

import sys
from typing import Any


def main(path: str) -> None:
    """Print what the file's commands answer, `sat` or `unsat` first."""
    import cvc5  # type: ignore[import-not-found]

    library: Any = cvc5  # it ships without types
    solver = library.Solver(library.TermManager())
    solver.setOption("solve-bv-as-int", "sum")
    solver.setOption("produce-models", "true")
    parser = library.InputParser(solver)
    parser.setFileInput(library.InputLanguage.SMT_LIB_2_6, path)
    symbols = parser.getSymbolManager()
    decided = ""
    while not (command := parser.nextCommand()).isNull():
        if command.getCommandName() == "get-model" and decided != "sat":
            continue  # there is none, and asking is an error
        answer = command.invoke(solver, symbols)
        decided = answer.strip() or decided
        sys.stdout.write(answer)


if __name__ == "__main__":
    main(sys.argv[1])
