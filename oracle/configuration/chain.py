"""The chain: where it is read, how settled it must be, how transactions are sent."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr

from oracle.configuration.base import Count, Seconds, Section
from oracle.decide.reorg import Level


class ChainSection(Section):
    """Which chain, through which node, and where the contracts stand."""

    rpc: SecretStr
    chain_id: Count
    deployment: Path
    timeout: Seconds = 10.0
    poll: Seconds = 1.0
    largest_range: Count = 10_000
    smallest_range: Count = 1


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
