"""Tells systemd how the process stands (sd_notify(3)): ready, alive, stopping. Silent without systemd."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable

_LEAST = 1.0  # seconds between two signs of life


class Notifier:
    """Writes to the socket that systemd names in NOTIFY_SOCKET."""

    def __init__(self, address: str | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        named = os.environ.pop("NOTIFY_SOCKET", None) if address is None else address
        # A leading @ stands for the abstract namespace.
        self._address = None if not named else "\0" + named[1:] if named.startswith("@") else named
        self._clock = clock
        self._lock = threading.Lock()
        self._ready = False
        self._last = 0.0

    def alive(self) -> None:
        """The loop turned, or waits knowingly. The first one says that the process is ready."""
        with self._lock:
            now = self._clock()
            if self._ready and now - self._last < _LEAST:
                return
            first, self._ready, self._last = not self._ready, True, now
        self._send("READY=1\nWATCHDOG=1" if first else "WATCHDOG=1")

    def stopping(self) -> None:
        """The process ends in good order."""
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if self._address is None:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
            try:
                connection.sendto(text.encode(), self._address)
            except OSError:
                self._address = None  # systemd is not there: nothing to tell anybody
