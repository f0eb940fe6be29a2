"""A circuit breaker: what fails again and again is left alone, and then tried with one question.

closed --failures in a row--> open --pause over--> half-open --one probe--> closed
                                ^                                 |
                                +------ failed: twice the pause --+
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import StrEnum


class BreakerState(StrEnum):
    """CLOSED: used. OPEN: left alone. HALF_OPEN: one probe is on its way."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """Counts one endpoint's failures. Safe to use from several threads.

    Args:
        failures: Failures in a row that open it.
        pause: Seconds it stays open the first time; doubled each time the probe fails.
        longest: Most seconds it stays open.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        *,
        failures: int = 3,
        pause: float = 2.0,
        longest: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = failures
        self._first = pause
        self._longest = longest
        self._clock = clock
        self._lock = threading.Lock()
        self._state = BreakerState.CLOSED
        self._failures = 0
        self._pause = pause
        self._until = 0.0

    @property
    def state(self) -> BreakerState:
        """Where it stands."""
        return self._state

    def admits(self) -> bool:
        """Whether a question may be asked now. Once the pause is over, one caller is told yes: the probe."""
        with self._lock:
            if self._state is BreakerState.CLOSED:
                return True
            if self._clock() < self._until:
                return False
            self._state = BreakerState.HALF_OPEN
            # A probe that is never heard of again must not close the door for good.
            self._until = self._clock() + self._pause
            return True

    def succeeded(self) -> None:
        """An answer came, and was usable."""
        with self._lock:
            self._state = BreakerState.CLOSED
            self._failures = 0
            self._pause = self._first

    def failed(self, *, at_once: bool = False, wait: float = 0.0) -> bool:
        """No usable answer came. Whether it opened by this.

        Args:
            at_once: Open now, not after several.
            wait: Seconds to stay open at least, as when the node asked for them.
        """
        with self._lock:
            was = self._state
            self._failures += 1
            if was is BreakerState.OPEN:
                return False  # an answer to a question from before it opened
            if was is BreakerState.HALF_OPEN:
                self._pause = min(self._pause * 2, self._longest)
            elif not at_once and self._failures < self._limit:
                return False
            self._state = BreakerState.OPEN
            self._until = self._clock() + max(self._pause, min(wait, self._longest))
            return was is BreakerState.CLOSED
