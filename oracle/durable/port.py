"""Durable work as the daemon sees it: a run works on items, step by step.

What is promised: a submitted item is worked on until its run ends, by this process or, where several share a
database, by another; a step that has finished is not done again, its stored result is taken. What is not: a
step that was cut off is done again. So whatever must happen once (signing, sending) is no step; it has a
journal and an outbox of its own.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias


class Steps(Protocol):
    """Hands out the steps of one run. They must be asked for in the same order each time."""

    def run(self, name: str, act: Callable[[], str]) -> str:
        """What `act` returns, or returned when this step finished before. Raises what `act` raises."""
        ...

    async def run_async(self, name: str, act: Callable[[], Awaitable[str]]) -> str:
        """The same for a coroutine, which runs in the caller's event loop."""
        ...


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to work on.

    Args:
        key: What it is known by; of two unfinished items no two share it.
        argument: What the work is told, as text.
        quick: Whether it may share a run with others, which then wait for each other.
    """

    key: str
    argument: str
    quick: bool = False


Work: TypeAlias = Callable[[Steps, Sequence[str]], None]
"""Works on the arguments of one run. May be called again with the same; leaves its results elsewhere."""


class Runs(Protocol):
    """Where items are submitted."""

    def open(self, work: Work) -> None:
        """Begin to work: on what was left unfinished, and on what is submitted."""
        ...

    def submit(self, items: Sequence[Item]) -> None:
        """Store the items, so that they are worked on; returns before they are."""
        ...

    def active(self) -> set[str]:
        """Keys of the items in unfinished runs, of every process."""
        ...

    def tend(self) -> None:
        """Take over what dead processes left, and forget what is finished. Call it every few seconds."""
        ...

    def close(self) -> None:
        """Take no more, and wait for the runs this process is in."""
        ...


class Direct:
    """Steps that are simply done: nothing is stored."""

    def run(self, name: str, act: Callable[[], str]) -> str:  # noqa: ARG002 - see `Steps`
        """See `Steps`."""
        return act()

    async def run_async(self, name: str, act: Callable[[], Awaitable[str]]) -> str:  # noqa: ARG002
        """See `Steps`."""
        return await act()


class Threaded(ABC):
    """Async steps over `run`: the step's thread waits while the coroutine runs in the caller's loop."""

    @abstractmethod
    def run(self, name: str, act: Callable[[], str]) -> str:
        """See `Steps`."""

    async def run_async(self, name: str, act: Callable[[], Awaitable[str]]) -> str:
        """See `Steps`."""
        loop = asyncio.get_running_loop()

        async def awaited() -> str:
            return await act()

        return await asyncio.to_thread(
            self.run, name, lambda: asyncio.run_coroutine_threadsafe(awaited(), loop).result()
        )


def batches(items: Sequence[Item], *, workers: int, most: int) -> list[list[Item]]:
    """Items by run: each slow one alone; quick ones spread over the workers, at most `most` in a run."""
    alone = [[item] for item in items if not item.quick]
    quick = [item for item in items if item.quick]
    size = max(1, min(most, -(-len(quick) // workers)))
    return alone + [quick[start : start + size] for start in range(0, len(quick), size)]


def keys_of(items: Collection[Item]) -> list[str]:
    """Their keys."""
    return [item.key for item in items]
