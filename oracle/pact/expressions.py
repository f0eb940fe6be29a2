"""The CEL that pacts are written in: the core language, and a few named functions more.

Nothing is evaluated here: expressions are hostile, and run where they can be killed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oracle.domain.errors import EarnestError

if TYPE_CHECKING:
    import cel

EXTENSIONS = (
    "distinct",
    "indexOf",
    "join",
    "lowerAscii",
    "max",
    "min",
    "split",
    "substring",
    "sum",
    "trim",
)
"""Functions of the library that an evaluator adds to CEL's own: CEL itself cannot add up a list."""

_CORE_NAMES = frozenset(
    name
    for names in (
        "bool bytes double dyn duration int string timestamp type uint",
        "contains endsWith has matches size startsWith",
        "getDate getDayOfMonth getDayOfWeek getDayOfYear getFullYear getHours getMilliseconds getMinutes",
        "getMonth getSeconds",
    )
    for name in names.split()
)


class ExpressionError(EarnestError):
    """A CEL expression does not parse."""


def compile_expression(expression: str) -> cel.Program:
    """Parse a CEL expression without running it.

    Raises:
        ExpressionError: a syntax error; the message has line and column.
    """
    import cel  # here: with it comes a command line of its own, and the daemon never compiles one

    try:
        return cel.compile(expression)
    except ValueError as error:
        reason = str(error).split("ERROR: <input>:", 1)[-1].split("\n", 1)[0]
        raise ExpressionError(
            f"the CEL expression does not parse: {reason[:300]}", field="expression"
        ) from error


def unknown_functions(program: cel.Program) -> tuple[str, ...]:
    """Functions an expression calls that no evaluator knows, sorted."""
    # Operators are reported too, under names that are no identifiers ("_+_", "@in").
    called = {name for name in program.functions() if name.isidentifier() and not name.startswith("_")}
    return tuple(sorted(called - _CORE_NAMES - set(EXTENSIONS)))
