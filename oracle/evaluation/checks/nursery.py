"""Where checks run: a process that has their libraries loaded, and forks one of its own for each sitting.

Starting Python and loading a library takes a hundred times as long as most checks. What a check may do is
the same as in a process started for it: the fork holds nothing but the libraries and the socket it answers
on, and has its limits set before it looks at its task. The checks of one delivery share a fork, which sees
nothing else; one that does not come to an answer there is done again in a fork of its own.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final, Self

from oracle.evaluation.checks.child import HEAD, WAITS

_PROGRAM: Final = Path(__file__).with_name("child.py")
_CHUNK: Final = 65_536
_TICK: Final = 0.1  # seconds by which the kernel's count of the processor's time may be off
_GRACE: Final = 2.0  # seconds a check is waited for beyond those after which the kernel ends it


class NurseryError(Exception):
    """A check gave no answer. `timed_out` where its time was over."""

    def __init__(self, *, timed_out: bool) -> None:
        super().__init__("timed out" if timed_out else "died")
        self.timed_out = timed_out


class Sitting:
    """The checks of one delivery, one after the other. For one thread."""

    def __init__(self, nursery: Nursery) -> None:
        self._nursery = nursery
        self._fork: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_reason: object) -> None:
        self._end()

    def ask(self, task: bytes, *, seconds: float, most: int) -> dict[str, Any]:
        """A check's answer.

        Args:
            task: What `child.py` reads.
            seconds: Of the processor's time, after which the check is ended.
            most: Bytes of an answer.

        Raises:
            NurseryError: there is no answer, or one that is too long.
        """
        if self._fork is not None:
            try:
                answer = self._ask(self._fork, task, seconds, most)
            except NurseryError:
                self._end()
            else:
                if "error" not in answer:
                    return answer
                self._end()  # perhaps only for what earlier checks left behind: once more, in a fresh one
        self._fork = self._nursery.fork()
        try:
            return self._ask(self._fork, task, seconds, most)
        except NurseryError:
            self._end()
            raise

    def _end(self) -> None:
        if self._fork is not None:
            self._fork.close()
        self._fork = None

    @staticmethod
    def _ask(fork: socket.socket, task: bytes, seconds: float, most: int) -> dict[str, Any]:
        begun = time.monotonic()
        until = begun + seconds * WAITS + _GRACE
        try:
            fork.settimeout(seconds * WAITS + _GRACE)
            fork.sendall(len(task).to_bytes(HEAD, "big") + task)
            length = int.from_bytes(_read(fork, HEAD, until), "big")
            if length > most:
                raise NurseryError(timed_out=False)
            answer: dict[str, Any] = json.loads(_read(fork, length, until))
        except (OSError, ValueError) as error:  # it died, answers no more, or answers nonsense
            raise NurseryError(timed_out=time.monotonic() - begun >= seconds - _TICK) from error
        return answer


def _read(fork: socket.socket, size: int, until: float) -> bytes:
    """So many bytes. Raises OSError where they do not come in time, or not at all."""
    found = bytearray()
    while len(found) < size:
        fork.settimeout(max(until - time.monotonic(), 0.001))
        chunk = fork.recv(min(size - len(found), _CHUNK))
        if not chunk:
            raise ConnectionError("the fork is gone")
        found += chunk
    return bytes(found)


class Nursery:
    """The forking process, started at the first check, and again if it is gone. For several threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = os.getpid()
        atexit.register(self.close)

    def fork(self) -> socket.socket:
        """The socket of a fresh fork, which ends when it is closed.

        Raises:
            NurseryError: there is none to be had.
        """
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._hand_over(theirs)
        except NurseryError:
            ours.close()
            raise
        return ours

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


_NURSERY: Final = Nursery()


def sitting() -> Sitting:
    """A process for the checks of one delivery, begun with the first that needs one."""
    return Sitting(_NURSERY)
