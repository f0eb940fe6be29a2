"""Where checks run: a process that has their libraries loaded, and forks one of its own for each check.

Starting Python and loading a library takes a hundred times as long as most checks. What a check may do is
the same as in a process started for it: the fork holds nothing but the libraries and the socket it answers
on, has its limits set before it looks at its task, and is gone after it.
"""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Final

_PROGRAM: Final = Path(__file__).with_name("child.py")
_CHUNK: Final = 65_536
_GRACE: Final = 2.0  # seconds a check is waited for beyond those after which the kernel ends it


class NurseryError(Exception):
    """A check gave no answer. `timed_out` where its time was over."""

    def __init__(self, *, timed_out: bool) -> None:
        super().__init__("timed out" if timed_out else "died")
        self.timed_out = timed_out


class Nursery:
    """The forking process, started at the first check, and again if it is gone. For several threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = os.getpid()
        atexit.register(self.close)

    def ask(self, task: bytes, *, seconds: float, most: int) -> bytes:
        """A check's answer.

        Args:
            task: What `child.py` reads.
            seconds: After which the check is ended.
            most: Bytes of an answer.

        Raises:
            NurseryError: there is no answer, or one that is too long.
        """
        started = time.monotonic()
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                self._hand_over(theirs)
            ours.settimeout(seconds + _GRACE)
            answer = bytearray()
            try:
                ours.sendall(task)
                ours.shutdown(socket.SHUT_WR)
                while chunk := ours.recv(_CHUNK):
                    answer += chunk
                    left = started + seconds + _GRACE - time.monotonic()
                    if len(answer) > most or left <= 0:
                        raise NurseryError(timed_out=left <= 0)
                    ours.settimeout(left)
            except OSError:
                answer.clear()  # it died while it was told its task, or answers no more
        if not answer:
            raise NurseryError(timed_out=time.monotonic() - started >= seconds)
        return bytes(answer)

    def _hand_over(self, theirs: socket.socket) -> None:
        with self._guard:
            for last_try in (False, True):
                control = self._running()
                try:
                    socket.send_fds(control, [b"c"], [theirs.fileno()])
                except OSError:
                    self._stop()
                    if last_try:
                        raise NurseryError(timed_out=False) from None
                else:
                    return

    def _running(self) -> socket.socket:
        if self._owner != os.getpid():  # this process was forked: the other one's nursery is not ours
            self._control, self._process, self._owner = None, None, os.getpid()
        if self._control is None:
            ours, theirs = socket.socketpair()
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", str(_PROGRAM)],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={},
                )
            self._control = ours
        return self._control

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()  # it ends when nobody is left to ask
        if self._process is not None:
            try:
                self._process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._control = self._process = None

    def close(self) -> None:
        """End the forking process; the next check starts another."""
        with self._guard:
            if self._owner == os.getpid():
                self._stop()
