"""Decide one SMT-LIB file over integers: a solver command for halmos, run in .venv-verify.

Payouts divide, and a division of 256-bit words is out of reach for solvers that take words apart into bits.
cvc5 translates such words to integers, which settles the same questions in under a second.

Solidity checks every product by dividing it again: c * x / x == c. That is a division by an unknown, in which
cvc5 may lose itself. So it is told of each such quotient what holds of any: it is c, unless x is zero or
c * x overflows.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

# The name that halmos gives to the EVM's division of words.
_DIVISION = "f_evm_bvudiv_256"
_BITS = 256


def main(path: str) -> None:
    """Print what the file's commands answer, `sat` or `unsat` first."""
    import cvc5  # type: ignore[import-not-found]

    library: Any = cvc5  # it ships without types
    manager = library.TermManager()
    solver = library.Solver(manager)
    solver.setOption("solve-bv-as-int", "sum")
    solver.setOption("produce-models", "true")
    parser = library.InputParser(solver)
    parser.setFileInput(library.InputLanguage.SMT_LIB_2_6, path)
    symbols = parser.getSymbolManager()
    decided = ""
    while not (command := parser.nextCommand()).isNull():
        name = command.getCommandName()
        if name == "get-model" and decided != "sat":
            continue  # there is none, and asking is an error
        if name == "check-sat":
            for fact in _quotients(library.Kind, manager, solver.getAssertions()):
                solver.assertFormula(fact)
        answer = command.invoke(solver, symbols)
        decided = answer.strip() or decided
        sys.stdout.write(answer)


def _quotients(kind: Any, manager: Any, assertions: list[Any]) -> Iterator[Any]:
    """What holds of each quotient c * x / x that the assertions name."""
    seen: set[Any] = set()
    left = list(assertions)
    while left:
        term = left.pop()
        if term in seen:
            continue
        seen.add(term)
        children = list(term)
        left += children
        if term.getKind() != kind.APPLY_UF or str(children[0]) != _DIVISION:
            continue
        product, divisor = children[1:]
        factor = _factor(kind, product, divisor)
        if factor:
            zero, most, quotient = (
                manager.mkBitVector(_BITS, str(n), 10) for n in (0, (2**_BITS - 1) // factor, factor)
            )
            yield manager.mkTerm(
                kind.OR,
                manager.mkTerm(kind.EQUAL, divisor, zero),
                manager.mkTerm(kind.BITVECTOR_UGT, divisor, most),
                manager.mkTerm(kind.EQUAL, term, quotient),
            )


def _factor(kind: Any, product: Any, divisor: Any) -> int:
    """The constant by which `divisor` was multiplied, or zero where `product` is none such."""
    if product == divisor:
        return 1
    if product.getKind() != kind.BITVECTOR_MULT or product.getNumChildren() != 2:
        return 0
    for one, other in ((product[0], product[1]), (product[1], product[0])):
        if other == divisor and one.getKind() == kind.CONST_BITVECTOR:
            return int(one.getBitVectorValue(10))
    return 0


if __name__ == "__main__":
    main(sys.argv[1])
