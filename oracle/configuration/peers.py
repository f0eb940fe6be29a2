"""The other evaluators of one's committees, and how attestations are exchanged with them."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from oracle.configuration.base import Count, Seconds, Section
from oracle.domain.types import parse_address


class PeerSection(Section):
    """One other evaluator: the account that staked, and where its process serves."""

    evaluator: Annotated[str, AfterValidator(parse_address)]
    url: str
    insecure: bool = False
    """Allow http to a host that is not this machine: for networks of one's own."""

    @model_validator(mode="after")
    def _reachable_safely(self) -> Self:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise ValueError("url must be https://host, without a password")
        if parts.scheme == "http" and not self.insecure and not _is_loopback(parts.hostname):
            raise ValueError("use https, or set insecure = true for a network of your own")
        return self


class PeersSection(Section):
    """The exchange. Without `others` this process holds all the keys it needs, or waits for nobody."""

    others: tuple[PeerSection, ...] = ()
    timeout: Seconds = 5.0
    """For one exchange with one peer."""
    again_every: Seconds = 5.0
    """Seconds after which a peer that has not shown its attestation is asked again."""
    longest_wait: Seconds = 60.0
    """The most a peer that fails is left alone."""
    reveal_before: Count = 300
    """Seconds before `judgeBy` from which attestations are shown to all; at most a quarter of the time."""
    time_window: Annotated[int, Field(ge=5, le=3_600)] = 120
    """Seconds of the chain's time by which a peer's view of it may differ from ours, in a request."""
    requests_per_second: Seconds = 50.0
    """From one peer."""
    prove: bool = False
    """Send proofs of equivocation to the contract."""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
