"""How long a loop rests between two rounds: what comes meanwhile is done together."""

from __future__ import annotations

SHORTEST = 0.1  # seconds
LONGEST = 1.0  # seconds: what a busy machine may add to a step of a verdict
_SHARE = 2.0  # times as long as the round took: a loop works at most a third of the time


def rest_after(took: float) -> float:
    """Seconds to rest after a round that took so many seconds.

    A round costs much the same for one job as for ten. Where there is so much to do that rounds take long,
    longer rests make them fewer, so that what a job costs does not grow with how many there are.
    """
    return min(max(SHORTEST, _SHARE * took), LONGEST)
