"""Waiting by a clock that may be set meanwhile, or while the process is down. Times are Unix seconds."""

from __future__ import annotations

from typing import Final

LONGEST_RETRY: Final = 30.0
"""The longest wait between two tries of an evaluation."""
LONGEST_DELAY: Final = 1_800.0
"""The longest wait between two tries of anything that goes to the chain."""


def is_over(now: float, until: float, longest: float) -> bool:
    """Whether a wait of at most `longest` has ended.

    An end further ahead than that was written by a clock that has been set back since.
    """
    return now >= until or until - now > longest


def has_been(now: float, since: float, seconds: float) -> bool:
    """Whether so much time has passed, or the clock was set back by as much."""
    return abs(now - since) >= seconds
