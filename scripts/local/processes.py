"""`oracle run` in processes forked from one that has imported all they need: imports would take seconds each.

A process may be told to kill itself (SIGKILL) at one named step. The daemon knows nothing of it.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, NamedTuple


class Death(NamedTuple):
    """Where a process dies: before or after the nth call of a function or method."""

    module: str
    attribute: str
    moment: str
    nth: int


def start(
    config: Path, log: Path, environment: Mapping[str, str], death: Death | None = None
) -> ForkServerProcess:
    """Run the daemon.

    Args:
        log: What it writes is added to this file.
        environment: All of its environment.
        death: Where it kills itself.
    """
    context = multiprocessing.get_context("forkserver")
    # A process has one such server, and runs of chaos in the same one need theirs.
    context.set_forkserver_preload(["scripts.chaos.preload"])
    log.touch()
    process = context.Process(target=_run, args=(config, log, dict(environment), death), daemon=True)
    process.start()
    return process


def kill(process: ForkServerProcess) -> None:
    """Kill it, if it still runs, and wait until it is gone."""
    process.kill()
    process.join()


def _run(config: Path, log: Path, environment: dict[str, str], death: Death | None) -> None:
    with log.open("ab") as output:
        os.dup2(output.fileno(), sys.stdout.fileno())
        os.dup2(output.fileno(), sys.stderr.fileno())
    os.environ.clear()
    os.environ.update(environment)
    if death is not None:
        _arm(death)
    from oracle.cli.main import main

    main(["run", "--config", str(config)])


def _arm(death: Death) -> None:
    owner: Any = importlib.import_module(death.module)
    *path, name = death.attribute.split(".")
    for step in path:
        owner = getattr(owner, step)
    original = getattr(owner, name)
    calls = 0

    def deadly(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == death.nth and death.moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*arguments, **named)
        if calls == death.nth and death.moment == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, deadly)
