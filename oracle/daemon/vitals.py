"""What the main loop shows of itself: that it turns, up to where it has read, and why it could not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from oracle.decide.reorg import Heights


@dataclass(frozen=True, slots=True)
class Pulse:
    """The loop as it was last seen. `trouble`: why it last failed; None once a turn has gone well.

    `turned_at` is Unix seconds, zero before the first turn.
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
        self._pulse = Pulse()

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

    def problem(self) -> str | None:
        """Why the loop cannot do its work now; None where it can."""
        pulse = self.pulse
        if pulse.trouble is not None:
            return pulse.trouble
        return None if pulse.turns else "nothing was read from the chain yet"
