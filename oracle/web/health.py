"""Whether the process lives, and whether it does its work: two questions, asked by different machines.

`/livez` is for what restarts a process: it fails only where a restart could help, that is where the main
loop no longer turns. `/readyz` is for people and alerts: it fails while something outside is broken, and says
what.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog
from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

log = structlog.get_logger(__name__)

Check = Callable[[], str | None]
"""None where all is well, else one sentence on what is not. May raise: then it is not well either."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a look found: `problems` by the name of the check."""

    problems: Mapping[str, str]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


class Health:
    """Is told when the loop turns, and asks checks whether the work can be done.

    Args:
        silence: Seconds without a beat after which the loop counts as dead.
    """

    def __init__(self, *, silence: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._silence = silence
        self._clock = clock
        self._lock = threading.Lock()
        self._last = clock()
        self._checks: dict[str, Check] = {}

    def beat(self) -> None:
        """The loop turned, or waits knowingly."""
        with self._lock:
            self._last = self._clock()

    def add(self, name: str, check: Check) -> None:
        """Let readiness depend on a check."""
        self._checks[name] = check

    def living(self) -> Reading:
        """Whether the loop has turned lately."""
        with self._lock:
            silent = self._clock() - self._last
        if silent <= self._silence:
            return Reading({})
        return Reading({"loop": f"the main loop has not turned for {silent:.0f} seconds"})

    def ready(self) -> Reading:
        """Whether the work can be done now."""
        problems = dict(self.living().problems)
        for name, check in list(self._checks.items()):
            try:
                problem = check()
            except Exception as error:  # noqa: BLE001 - a check that fails must not read as one that passed
                log.warning("readiness_check_failed", check=name, error=type(error).__name__)
                problem = f"the check itself failed: {type(error).__name__}"
            if problem is not None:
                problems[name] = problem
        return Reading(problems)


def operator_router(health: Health, registry: CollectorRegistry | None) -> APIRouter:
    """`/livez`, `/readyz`, and `/metrics` where there is a registry. For the operator: not for the public."""
    router = APIRouter()

    def shown(reading: Reading) -> Response:
        return JSONResponse(
            {"ok": reading.ok, "problems": dict(reading.problems)}, status_code=200 if reading.ok else 503
        )

    @router.get("/livez")
    def livez() -> Response:
        return shown(health.living())

    @router.get("/readyz")
    def readyz() -> Response:
        return shown(health.ready())

    if registry is not None:

        @router.get("/metrics")
        def metrics() -> Response:
            return PlainTextResponse(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router
