"""Where checks run: a process that has their libraries loaded, and forks one of its own for each sitting.

Starting Python and loading a library takes a hundred times as long as most checks. What a check may do is
the same as in a process started for it: the fork holds nothing but the libraries and the socket it answers
on, and has its limits set before it looks at its task. The checks of one delivery share a fork, and a fork in
which all went well is kept for the next delivery between the same two parties under the same pact: whoever
could have done something to it by the one could as well have done it by the other. It sees nothing else. A
check that does not come to an answer in a used fork is done again in a fresh one.
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
from collections.abc import Hashable
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from oracle.evaluation.checks.child import HEAD, WAITS

_PROGRAM: Final = Path(__file__).with_name("child.py")
_CHUNK: Final = 65_536
_TICK: Final = 0.1  # seconds by which the kernel's count of the processor's time may be off
_GRACE: Final = 2.0  # seconds a check is waited for beyond those after which the kernel ends it
_MOST_KEPT: Final = 4  # forks that wait for another delivery
_KEPT_SECONDS: Final = 30.0  # for which one waits; it is ended when the next one is asked for, or kept
_MOST_SITTINGS: Final = 64  # that a fork serves: what libraries remember of deliveries may not grow for ever


class NurseryError(Exception):
    """A check gave no answer. `timed_out` where its time was over."""

    def __init__(self, *, timed_out: bool) -> None:
        super().__init__("timed out" if timed_out else "died")
        self.timed_out = timed_out


class Fork(NamedTuple):
    """A fork: the socket it answers on, and how many deliveries it has seen."""

    socket: socket.socket
    sittings: int = 0


class Sitting:
    """The checks of one delivery, one after the other. For one thread.

    Args:
        nursery: Where its forks come from.
        between: Whom the delivery is between, and under what; None where its fork may serve nobody else.
    """

    def __init__(self, nursery: Nursery, between: Hashable | None = None) -> None:
        self._nursery = nursery
        self._between = between
        self._fork: Fork | None = None
        self._is_sound = True  # whether each check in this fork came to an answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_reason: object) -> None:
        if self._fork is not None and self._between is not None and self._is_sound and kind is None:
            self._nursery.keep(self._between, self._fork._replace(sittings=self._fork.sittings + 1))
            self._fork = None
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
        if self._fork is None and self._between is not None:
            self._fork = self._nursery.kept(self._between)
        if self._fork is not None:
            try:
                answer = self._ask(self._fork.socket, task, seconds, most)
            except NurseryError:
                self._end()
            else:
                if "error" not in answer:
                    return answer
                self._end()  # perhaps only for what earlier checks left behind: once more, in a fresh one
        self._fork = Fork(self._nursery.fork())
        try:
            answer = self._ask(self._fork.socket, task, seconds, most)
        except NurseryError:
            self._end()
            raise
        self._is_sound = "error" not in answer
        return answer

    def _end(self) -> None:
        if self._fork is not None:
            self._fork.socket.close()
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
        self._kept: list[tuple[Hashable, Fork, float]] = []  # for whom, and since when; the oldest first
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

    def keep(self, between: Hashable, fork: Fork) -> None:
        """Keep a fork for the next delivery that is between the same; or end it, where it has served long."""
        with self._guard:
            self._check_owner()
            if fork.sittings < _MOST_SITTINGS:
                self._kept.append((between, fork, time.monotonic()))
            else:
                fork.socket.close()
            self._end_old()

    def kept(self, between: Hashable) -> Fork | None:
        """A fork that was kept for deliveries that are between these; it is kept no more."""
        with self._guard:
            self._check_owner()
            self._end_old()
            for place, (other, fork, _since) in enumerate(self._kept):
                if other == between:
                    del self._kept[place]
                    return fork
        return None

    def _end_old(self) -> None:
        oldest = time.monotonic() - _KEPT_SECONDS
        while self._kept and (len(self._kept) > _MOST_KEPT or self._kept[0][2] < oldest):
            self._kept.pop(0)[1].socket.close()

    def _end_kept(self) -> None:
        while self._kept:
            self._kept.pop()[1].socket.close()

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
        self._check_owner()
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

    def _check_owner(self) -> None:
        if self._owner != os.getpid():  # this process was forked: the other one's nursery is not ours
            self._end_kept()
            if self._control is not None:
                self._control.close()
            self._control, self._process, self._owner = None, None, os.getpid()

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
        """End the forking process and its forks; the next check starts another."""
        with self._guard:
            if self._owner == os.getpid():
                self._end_kept()
                self._stop()


_NURSERY: Final = Nursery()


def sitting(between: Hashable | None = None) -> Sitting:
    """A process for the checks of one delivery, begun with the first that needs one; see `Sitting`."""
    return Sitting(_NURSERY, between)
