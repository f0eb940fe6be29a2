"""The process: its database, its log, its HTTP side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr

from oracle.configuration.base import Count, Port, Seconds, Section
from oracle.domain.fields import HashField


class DatabaseSection(Section):
    """Where everything is kept."""

    url: SecretStr = SecretStr("sqlite:///oracle.sqlite3")


class LogSection(Section):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "json"


class OperatorSection(Section):
    """`/livez`, `/readyz` and `/metrics`, for the operator's own machines. Not for the public."""

    bind: str = "127.0.0.1"
    port: Port = 9464
    silence: Seconds = 120.0
    """Seconds without a turn of the main loop after which `/livez` fails."""
    sample_every: Seconds = 300.0
    """Seconds between two looks at balance, stake, clock and disk."""


class WebSection(Section):
    """What peers and the public may ask."""

    bind: str = "127.0.0.1"
    port: Port = 8464
    body: Count = 262_144
    """Bytes a request's body may have."""
    seconds: Seconds = 15.0
    """For a whole request."""
    connections: Annotated[int, Field(ge=2, le=10_000)] = 128


class ApiSection(Section):
    """The public API under /v1 of `[web]`."""

    key: Path = Path("keys/api.key")
    """Signs answers: 32 bytes, made at the first start. Never a key that attests or pays."""
    requests_per_second: Seconds | None = 100.0
    """From one address; twice as many at once after a rest. None where a proxy in front counts."""
    pages: bool = True
    """Whether pages for people are served beside it, from `/` on."""


class ScoreSection(Section):
    """Whose word counts in trust scores."""

    roots: tuple[HashField, ...] = ()
    """Committees whose verdicts count and whose fees are spent; see docs/trust-score.md."""


class PoliciesSection(Section):
    """Policies that act on what this process sees; see docs/policies.md."""

    files: tuple[Path, ...] = ()
    every: Seconds = 30.0
    """Between two looks at what is new."""


class WebhooksSection(Section):
    """How changes are sent to those who subscribed with `oracle webhook add`."""

    insecure: bool = False
    """Also to http and to addresses that are not public: for receivers on machines of your own."""
    seconds: Seconds = 10.0
    """For a whole delivery, from the host's name to the answer."""
    tries: Annotated[int, Field(ge=1, le=50)] = 10
    """How often a delivery is tried before it is dead."""
    wait: Seconds = 5.0
    """Seconds before the second try; three times as long before each further one, up to eight hours."""
    poll: Seconds = 1.0
    """Seconds between two looks for changes and for deliveries that are due."""
