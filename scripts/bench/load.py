"""A load generator for one core: GETs over kept connections, the next as soon as one is answered."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast


@dataclass
class Load:
    """What was seen. `taken` in seconds, one for each answer."""

    taken: list[float] = field(default_factory=list)
    refused: int = 0
    seconds: float = 0.0

    @property
    def answered(self) -> int:
        """How many answers were 200."""
        return len(self.taken)

    def percentile(self, share: float) -> float:
        """Seconds within which this share was answered."""
        ordered = sorted(self.taken)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class _Asking(asyncio.Protocol):
    """One connection: asks, waits for the whole answer, asks again."""

    def __init__(self, load: Load, targets: Iterator[bytes], done: asyncio.Future[None]) -> None:
        self._load = load
        self._targets = targets
        self._done = done
        self._buffer = b""
        self._begun = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        at = head.index(b"content-length: ") + 16
        length = int(head[at:].split(b"\r\n", 1)[0])
        if len(self._buffer) < end + 4 + length:
            return
        if head.startswith(b"http/1.1 200"):
            self._load.taken.append(time.perf_counter() - self._begun)
        else:
            self._load.refused += 1
        self._buffer = b""
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(exc or ConnectionError("the server ended a connection"))

    def _ask(self) -> None:
        target = next(self._targets, None)
        if self._transport is None:
            return
        if target is None:
            if not self._done.done():
                self._done.set_result(None)
            self._transport.close()
            return
        self._begun = time.perf_counter()
        self._transport.write(b"GET " + target + b" HTTP/1.1\r\nHost: bench\r\n\r\n")


async def measured(
    port: int, targets: Sequence[str], *, connections: int, seconds: float = 0.0, once: bool = False
) -> Load:
    """Ask for targets drawn uniformly for some seconds, or for each of them once."""
    load, loop = Load(), asyncio.get_running_loop()
    encoded = [target.encode() for target in targets]
    end = time.perf_counter() + seconds
    choose = random.Random(1)  # noqa: S311 - the same draws every time

    def drawn() -> Iterator[bytes]:
        while time.perf_counter() < end:
            yield encoded[int(choose.random() * len(encoded))]

    shared = iter(encoded) if once else drawn()
    started = time.perf_counter()
    ends: list[asyncio.Future[None]] = []
    for _ in range(connections):
        done: asyncio.Future[None] = loop.create_future()
        await loop.create_connection(lambda done=done: _Asking(load, shared, done), "127.0.0.1", port)  # type: ignore[misc]
        ends.append(done)
    await asyncio.gather(*ends)
    load.seconds = time.perf_counter() - started
    return load
