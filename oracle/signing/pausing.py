"""A signer elsewhere that just failed is left alone for a moment: not every job waits for its time limit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from oracle.domain.types import Address
from oracle.signing.signer import Signer, SigningError

PAUSE = 5.0  # seconds


class PausingSigner:
    """Asks a signer, and after a failure answers with that failure for some seconds.

    Args:
        inner: The signer that is asked.
        pause: Seconds.
    """

    def __init__(
        self, inner: Signer, *, pause: float = PAUSE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.inner = inner
        self._pause = pause
        self._clock = clock
        self._lock = threading.Lock()
        self._failed: tuple[float, SigningError] | None = None

    def __repr__(self) -> str:
        return f"PausingSigner({self.inner!r})"

    @property
    def address(self) -> Address:
        """See `Signer`."""
        return self.inner.address

    def sign(self, message: bytes) -> bytes:
        """See `Signer`.

        Raises:
            SigningError: it fails, or failed a moment ago; then it was not asked.
        """
        with self._lock:
            failed = self._failed
        if failed is not None and self._clock() < failed[0]:
            error = failed[1]
            raise SigningError(error.message, field=error.field, next_step=error.next_step)
        try:
            signature = self.inner.sign(message)
        except SigningError as error:
            with self._lock:
                self._failed = (self._clock() + self._pause, error)
            raise
        with self._lock:
            self._failed = None
        return signature

    def close(self) -> None:
        """See `Signer`."""
        self.inner.close()
