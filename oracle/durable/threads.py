"""Runs in threads of this process only: what is unfinished when it ends must be submitted again."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor

from oracle.durable.port import Direct, Item, Work


class ThreadRuns:
    """`Runs` without a store.

    Args:
        workers: How many items at a time.
        pool: Another executor; for tests.
    """

    def __init__(self, workers: int = 1, pool: Executor | None = None) -> None:
        self._pool = pool or ThreadPoolExecutor(workers, thread_name_prefix="evaluation")
        self._work: Work | None = None
        self._running: dict[str, Future[None]] = {}

    def open(self, work: Work) -> None:
        """See `Runs`."""
        self._work = work

    def submit(self, items: Sequence[Item]) -> None:
        """See `Runs`."""
        if self._work is None:
            raise RuntimeError("submit before open")
        for item in items:
            self._running[item.key] = self._pool.submit(self._work, Direct(), [item.argument])

    def active(self) -> set[str]:
        """See `Runs`."""
        return {key for key, future in self._running.items() if not future.done()}

    def tend(self) -> None:
        """See `Runs`. Raises what the work raised: it should have stored how it ended."""
        for key, future in [item for item in self._running.items() if item[1].done()]:
            del self._running[key]
            if not future.cancelled():
                future.result()

    def close(self) -> None:
        """See `Runs`."""
        self._pool.shutdown(wait=True, cancel_futures=True)
