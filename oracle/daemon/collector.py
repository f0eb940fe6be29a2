"""Python's garbage collector, set for a process that loads much once and then runs for months."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG = 100_000  # new objects between two looks at the young ones; Python's own 700 is for small programs


@contextmanager
def postponed() -> Iterator[None]:
    """No collection while much is loaded: it finds nothing, and takes up to a fifth of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def look() -> None:
    """Collect what is young now, where it is postponed for long."""
    gc.collect(1)


def settle() -> None:
    """Never look again at what is loaded by now, and look less often at what comes.

    Libraries and their models are some half a million objects that never die; reading one answer with a few
    thousand events made the collector walk all of them several times: a third of the time the watcher took.
    """
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 10)
    gc.enable()
