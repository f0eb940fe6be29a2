"""`oracle run` in a process that kills itself (SIGKILL) at one named step. The daemon knows nothing of it.

Usage: killed_daemon.py MODULE ATTRIBUTE before|after NTH -- ARGUMENTS OF oracle…
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from typing import Any


def arm(module: str, attribute: str, moment: str, nth: int) -> None:
    """Replace a function or method by one that kills the process at its nth call."""
    owner: Any = importlib.import_module(module)
    *path, name = attribute.split(".")
    for step in path:
        owner = getattr(owner, step)
    original = getattr(owner, name)
    calls = 0

    def deadly(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*arguments, **named)
        if calls == nth and moment == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, deadly)


if __name__ == "__main__":
    split = sys.argv.index("--")
    module, attribute, moment, nth = sys.argv[1:split]
    arm(module, attribute, moment, int(nth))
    from oracle.cli.main import main

    main(sys.argv[split + 1 :])
