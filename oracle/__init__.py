"""Earnest: promises between buyers and AI agents, measured by bonded evaluators."""

import importlib
import importlib.util
import sys

__version__ = "0.1.0"

_RECURSION_LIMIT = 1_000  # frames; Python's own default


def _keep_recursion_limit() -> None:
    """Undo what py_ecc, which newer web3 brings, does to the whole process: a limit of 100,000 frames.

    Under that limit a hostile document that recurses overflows the stack and ends the process, where Python
    would have raised RecursionError. We never compute with py_ecc.
    """
    if importlib.util.find_spec("py_ecc") is not None:
        importlib.import_module("py_ecc")  # once imported it does not raise the limit again
        sys.setrecursionlimit(_RECURSION_LIMIT)


_keep_recursion_limit()
