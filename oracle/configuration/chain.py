"""The chain: where it is read, how settled it must be, how transactions are sent."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from oracle.configuration.base import Count, Seconds, Section
from oracle.decide.reorg import Level


class EndpointSection(Section):
    """One RPC endpoint. Its address may hold an API key; logs and metrics call it by `name`."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$")] = ""
    url: SecretStr


class ChainSection(Section):
    """Which chain, through which nodes, and where the contracts stand."""

    rpc: SecretStr | Annotated[tuple[SecretStr | EndpointSection, ...], Field(min_length=1, max_length=16)]
    agree: Count | None = None
    """Endpoints that must hold a delivery's block before it is signed for; by default more than half."""
    max_lag: Annotated[int, Field(ge=0)] = 5
    """Blocks an endpoint may be behind the best before it is not read from."""
    chain_id: Count
    deployment: Path
    timeout: Seconds = 10.0
    poll: Seconds = 1.0
    largest_range: Count = 10_000
    smallest_range: Count = 1

    @model_validator(mode="after")
    def _enough_endpoints(self) -> Self:
        endpoints = self.endpoints()
        if self.agree is not None and self.agree > len(endpoints):
            raise ValueError(f"agree is {self.agree}, but rpc names {len(endpoints)} endpoints")
        if len({endpoint.url.get_secret_value() for endpoint in endpoints}) < len(endpoints):
            raise ValueError("rpc names the same address twice: that would count as two that agree")
        if len({endpoint.name for endpoint in endpoints}) < len(endpoints):
            raise ValueError("rpc names two endpoints alike: give each a name of its own")
        return self

    def endpoints(self) -> list[EndpointSection]:
        """The endpoints, the preferred first, each with a name: its own, or its host and port."""
        given = [self.rpc] if isinstance(self.rpc, SecretStr) else self.rpc
        named = [item if isinstance(item, EndpointSection) else EndpointSection(url=item) for item in given]
        hosts = [item.name or _host(item.url.get_secret_value()) for item in named]
        return [
            EndpointSection(
                # Two keys at one provider are two endpoints of one host.
                name=item.name or (host if hosts.count(host) == 1 else f"{host}:{number}"),
                url=item.url,
            )
            for number, (item, host) in enumerate(zip(named, hosts, strict=True), 1)
        ]

    def needed(self) -> int:
        """How many endpoints must agree before a signature."""
        return self.agree if self.agree is not None else len(self.endpoints()) // 2 + 1


class PolicySection(Section):
    """How settled the chain must be before each act."""

    work_at: Level = Level.LATEST
    sign_at: Level = Level.SAFE
    attest_before: Annotated[int, Field(ge=0)] = 120
    close: bool = True
    stagger: Annotated[int, Field(ge=0, le=3_600)] = 6
    """Seconds between the evaluators' turns to send what any of them could. Zero: wait for nobody."""


class CommitteeSection(Section):
    """What differs for one committee."""

    abstain: bool = False
    close: bool = True
    serve: bool = False
    """Close its jobs (lapse, settle) even where no key of it is held here."""


class OutboxSection(Section):
    """How patient and how generous sending is. Fees in gwei."""

    max_fee_gwei: Annotated[Decimal, Field(gt=0)] = Decimal(200)
    bump_percent: Annotated[int, Field(ge=10, le=1_000)] = 25
    stuck_after: Seconds = 30.0
    rebroadcast_every: Seconds = 15.0
    retry_every: Seconds = 5.0
    max_in_flight: Annotated[int, Field(ge=1, le=1_000)] = 16


def _host(url: str) -> str:
    """Host and port of an address, and nothing of it that may be secret."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "node"
    return f"{host}:{port}" if port else host or "node"
