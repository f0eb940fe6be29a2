"""How much a peer may cost, and how long one that fails is left alone."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable


class Rates:
    """A token bucket for each caller; of many callers the longest silent are forgotten.

    Args:
        per_second: Requests a second that go on for ever.
        burst: Requests at once after a rest.
        most: Callers remembered.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        *,
        per_second: float,
        burst: int,
        most: int = 4_096,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_second = per_second
        self._burst = burst
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._left: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def allows(self, caller: Hashable) -> bool:
        """Take one request of a caller; False where it has none left."""
        now = self._clock()
        with self._lock:
            left, at = self._left.pop(caller, (float(self._burst), now))
            left = min(float(self._burst), left + (now - at) * self._per_second)
            allowed = left >= 1
            self._left[caller] = (left - 1 if allowed else left, now)
            while len(self._left) > self._most:
                self._left.popitem(last=False)
        return allowed


class Breaker:
    """Leaves a peer alone after failures, longer each time; then one try decides.

    Args:
        first: Seconds after the first failure; doubled with each further one.
        longest: The most.
        clock: Monotonic seconds.
    """

    def __init__(self, *, first: float, longest: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._first = first
        self._longest = longest
        self._clock = clock
        self._again_at = 0.0
        self.failures = 0

    @property
    def waits(self) -> float:
        """Seconds until the next try; zero where one is allowed now."""
        return max(0.0, self._again_at - self._clock()) if self.failures else 0.0

    def failed(self) -> float:
        """Count a failure; returns the seconds to wait."""
        wait: float = min(self._first * 2.0 ** min(self.failures, 16), self._longest)
        self.failures += 1
        self._again_at = self._clock() + wait
        return wait

    def worked(self) -> bool:
        """Count a success. Whether it ended a series of failures."""
        ended, self.failures = self.failures > 0, 0
        return ended
