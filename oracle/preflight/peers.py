"""The other evaluators: whether they answer, and whether their clocks agree with ours."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime

import httpx

from oracle.config import Settings
from oracle.decide import preflight as grade
from oracle.decide.preflight import Finding
from oracle.domain.types import checksum
from oracle.peers.messages import ROUTE

_ASK = "ask its operator; a verdict needs enough of you"


def peers(
    settings: Settings,
    *,
    transport: httpx.BaseTransport | None = None,
    now: Callable[[], float] = time.time,
) -> Iterator[Finding]:
    """Ask each configured peer for its exchange. It answers a GET with 405, which shows that it is there."""
    if not settings.peers.others:
        yield grade.ok("peers", "no peers are configured: this process waits for nobody")
        return
    with httpx.Client(timeout=settings.peers.timeout, transport=transport, follow_redirects=False) as client:
        for peer in settings.peers.others:
            who = f"{checksum(peer.evaluator)} at {peer.url}"
            try:
                with client.stream("GET", peer.url.rstrip("/") + ROUTE) as answer:
                    status, date = answer.status_code, answer.headers.get("date")
            except httpx.HTTPError as error:
                yield grade.warning("peers", f"{who} cannot be reached: {type(error).__name__}", _ASK)
                continue
            if status != httpx.codes.METHOD_NOT_ALLOWED:
                yield grade.warning(
                    "peers",
                    f"{who} answers with HTTP {status}: no evaluator serves there",
                    f"check its url; {_ASK}",
                )
                continue
            apart = _apart(date, now())
            if apart is not None and abs(apart) > settings.peers.clock_window / 2:
                yield grade.warning(
                    "peers",
                    f"the clock of {who} is {apart:+.0f} s from ours; beyond {settings.peers.clock_window} s "
                    "nothing is exchanged",
                    "synchronise the clocks of both",
                )
                continue
            yield grade.ok("peers", f"{who} answers")


def _apart(date: str | None, now: float) -> float | None:
    """Seconds a peer's clock is ahead of ours, by its Date header; None without a readable one."""
    try:
        return None if date is None else parsedate_to_datetime(date).timestamp() - now
    except (TypeError, ValueError):
        return None
