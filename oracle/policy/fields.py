"""Fields of a policy: lines of text, amounts, shares, thresholds and days, checked when read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, StringConstraints

from oracle.domain.amounts import AmountError, parse_usdc
from oracle.domain.fields import Amount64
from oracle.pact.visible import hidden_characters
from oracle.policy.signals import Signal, nearest

DAY = 86_400  # seconds


def _one_line(value: str) -> str:
    hidden = hidden_characters(value)
    if hidden or "\n" in value or "\t" in value:
        raise ValueError(f"holds {', '.join(hidden) or 'a line break'}; write plain text on one line")
    if not value.strip():
        raise ValueError("is blank")
    return value


def _usdc(value: Any) -> Any:
    if isinstance(value, str) and value.strip().lower().endswith("usdc"):
        try:
            return str(parse_usdc(value))
        except AmountError as error:
            raise ValueError(error.message) from error
    return value


def _threshold(value: Any) -> Any:
    value = _usdc(value)
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


def _day(value: str) -> str:
    try:
        parsed = date.fromisoformat(value)
    except ValueError as error:
        raise ValueError("is not a day; write it like 2026-11-22") from error
    if parsed.isoformat() != value or parsed.year < 1970:
        raise ValueError("is not a day; write it like 2026-11-22")
    return value


def known_signal(value: Any) -> Any:
    """Refuse a signal that does not exist, and say which was probably meant."""
    if isinstance(value, str) and value not in {signal.value for signal in Signal}:
        meant = nearest(value)
        advice = f"; did you mean {meant}?" if meant else "; oracle policy signals lists them"
        raise ValueError(f"there is no such signal{advice}")
    return value


Line: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_one_line)]
Name: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Usdc: TypeAlias = Annotated[Amount64, BeforeValidator(_usdc)]
Day: TypeAlias = Annotated[str, AfterValidator(_day)]
Share: TypeAlias = Annotated[int, Field(ge=0, le=1_000)]
Threshold: TypeAlias = Annotated[
    int, BeforeValidator(_threshold), Field(ge=0, lt=2**63), PlainSerializer(str, return_type=str)
]
"""In the unit of its signal; in the canonical form a decimal string."""


def day_start(day: str) -> int:
    """Unix seconds of a day's first moment, UTC."""
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def day_of(moment: int) -> str:
    """The day (UTC) of a Unix time."""
    return datetime.fromtimestamp(moment, UTC).date().isoformat()
