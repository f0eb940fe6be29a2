"""The other evaluators: whether they answer. Their clocks matter for nothing."""

from __future__ import annotations

from collections.abc import Iterator

import httpx

from oracle.config import Settings
from oracle.decide import preflight as grade
from oracle.decide.preflight import Finding
from oracle.domain.types import checksum
from oracle.peers.messages import ROUTE

_ASK = "ask its operator; a verdict needs enough of you"


def peers(settings: Settings, *, transport: httpx.BaseTransport | None = None) -> Iterator[Finding]:
    """Ask each configured peer for its exchange. It answers a GET with 405, which shows that it is there."""
    if not settings.peers.others:
        yield grade.ok("peers", "no peers are configured: this process waits for nobody")
        return
    with httpx.Client(timeout=settings.peers.timeout, transport=transport, follow_redirects=False) as client:
        for peer in settings.peers.others:
            who = f"{checksum(peer.evaluator)} at {peer.url}"
            try:
                with client.stream("GET", peer.url.rstrip("/") + ROUTE) as answer:
                    status = answer.status_code
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
            yield grade.ok("peers", f"{who} answers")
