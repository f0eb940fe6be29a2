"""What the main loop shows of itself: that it turns, up to where it has read, and why it could not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from oracle.decide.reorg import Heights

STALE = 120.0  # seconds without a new block after which a chain of 2-second blocks is taken to stand


@dataclass(frozen=True, slots=True)
class Pulse:
    """The loop as it was last seen. `trouble`: why it last failed; None once a turn has gone well.

    `turned_at` is Unix seconds: when a turn last went well; the start before the first.
    """

    turned_at: float = 0.0
    turns: int = 0
    heights: Heights | None = None
    trouble: str | None = None
    failures: int = 0


class Vitals:
    """Told by the loop, read by others.

    Args:
        beat: Called at every sign of life.
    """

    def __init__(
        self, beat: Callable[[], None] = lambda: None, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._beat = beat
        self._clock = clock
        self._lock = threading.Lock()
        self._pulse = Pulse(turned_at=clock())

    def turned(self, heights: Heights) -> None:
        """A turn went well."""
        with self._lock:
            self._pulse = replace(
                self._pulse,
                turned_at=self._clock(),
                turns=self._pulse.turns + 1,
                heights=heights,
                trouble=None,
            )
        self._beat()

    def stood_by(self) -> None:
        """A turn in which another process leads: nothing was read, and nothing had to be."""
        with self._lock:
            self._pulse = replace(
                self._pulse, turned_at=self._clock(), turns=self._pulse.turns + 1, heights=None, trouble=None
            )
        self._beat()

    def failed(self, trouble: str) -> None:
        """A turn could not be done; the loop lives, and will try again. `trouble` holds no secret."""
        with self._lock:
            self._pulse = replace(self._pulse, trouble=trouble, failures=self._pulse.failures + 1)
        self._beat()

    def progressed(self) -> None:
        """Part of a long turn is done."""
        self._beat()

    @property
    def pulse(self) -> Pulse:
        """The loop as it was last seen."""
        with self._lock:
            return self._pulse

    def stale(self) -> str | None:
        """Whether the newest block is too old to act on; None where it is not, or none was read yet."""
        heights = self.pulse.heights
        age = 0.0 if heights is None else self._clock() - heights.timestamp
        return f"the newest block is {age:.0f} seconds old" if age > STALE else None

    def problem(self) -> str | None:
        """Why the loop cannot do its work now; None where it can."""
        pulse = self.pulse
        if pulse.trouble is not None:
            return pulse.trouble
        return None if pulse.turns else "nothing was read from the chain yet"
