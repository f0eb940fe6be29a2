"""Whose turn it is to send what any of several evaluators could send.

All of them compute the same order from the job's id, so nothing has to be agreed: the first sends at once,
each next one waits longer, and a dead one is covered by those after it. Waiting is counted on the chain's
time, so that no machine's clock can make two send at once.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from oracle.domain.keccak import keccak
from oracle.domain.types import Hash

_DOMAIN = b"earnest/turn/1"
_REMEMBERED = 2_000  # jobs whose order is asked for again with every block while they are open


def order_of(job: Hash, indices: Collection[int]) -> tuple[int, ...]:
    """The order in which evaluators send for a job: by keccak-256 of (job, index). The same everywhere."""
    return _order(job, frozenset(indices))


@lru_cache(_REMEMBERED)
def _order(job: Hash, indices: frozenset[int]) -> tuple[int, ...]:
    subject = bytes.fromhex(job[2:])
    return tuple(
        sorted(indices, key=lambda index: (keccak(_DOMAIN + subject + index.to_bytes(1, "big")), index))
    )


def turn_of(job: Hash, indices: Collection[int], held: Collection[int]) -> int:
    """How many others come before the evaluators of this process; 0 where it holds none of them.

    A process that serves a committee without being in it was asked to by its operator: it does not wait.
    """
    order = order_of(job, indices)
    return min((turn for turn, index in enumerate(order) if index in held), default=0)


def due_from(since: int, turn: int, stagger: int, *, until: int | None = None, size: int = 1) -> int:
    """The chain's time from which a turn may send.

    Args:
        since: When the first may: Unix seconds of the chain.
        turn: See `turn_of`.
        stagger: Seconds between two turns.
        until: When it is too late. Every turn comes in the first half of the time there is.
        size: How many turns there are.
    """
    if until is not None:
        stagger = min(stagger, max(0, until - since) // (2 * max(size, 1)))
    return since + turn * stagger
