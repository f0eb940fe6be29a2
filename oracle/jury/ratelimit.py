"""How many requests a provider gets at once and a minute, over all jobs of this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from aiolimiter import AsyncLimiter

MINUTE = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Rate:
    """What a provider allows. `per_minute` None: no limit but concurrency."""

    concurrency: int
    per_minute: int | None = None


@dataclass(frozen=True, slots=True)
class _Gate:
    slots: asyncio.Semaphore
    pace: AsyncLimiter | None


class RateLimits:
    """One gate a provider alias. Waiting belongs to an event loop, so each loop has gates of its own.

    Args:
        rates: Provider alias to its rate.
        default: For an alias that is not among them.
    """

    def __init__(self, rates: Mapping[str, Rate], default: Rate) -> None:
        self._rates, self._default = dict(rates), default
        self._gates: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, _Gate]] = WeakKeyDictionary()

    @asynccontextmanager
    async def slot(self, provider: str) -> AsyncIterator[None]:
        """Wait for a turn with the provider, and hold it."""
        gate = self._gate(provider)
        async with gate.slots:
            if gate.pace is not None:
                await gate.pace.acquire()
            yield

    def _gate(self, provider: str) -> _Gate:
        gates = self._gates.setdefault(asyncio.get_running_loop(), {})
        if provider not in gates:
            rate = self._rates.get(provider, self._default)
            pace = AsyncLimiter(rate.per_minute, MINUTE) if rate.per_minute else None
            gates[provider] = _Gate(asyncio.Semaphore(rate.concurrency), pace)
        return gates[provider]
