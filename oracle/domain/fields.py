"""Fields that documents about the chain share: addresses, hashes, amounts and times, checked when read."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, ValidationInfo, WithJsonSchema

from oracle.domain.errors import EarnestError
from oracle.domain.types import HexError, parse_address, parse_hash

MAX_TIME = 2**40 - 1  # Unix seconds; what the contract's uint40 holds
MAX_PERIOD = 2**32 - 1  # seconds; uint32

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,77}", re.ASCII)


class TimeError(EarnestError):
    """A text is not a time."""


def parse_time(text: str, *, field: str = "time") -> int:
    """Unix seconds from ISO 8601 with an offset or Z ("2026-11-21T14:20:00Z").

    Raises:
        TimeError: not such a text, without an offset, or before 1970.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise TimeError(
            f"{field} is {text[:60]!r}, not a time",
            field=field,
            next_step="write it like 2026-11-21T14:20:00Z",
        ) from error
    if moment.tzinfo is None:
        raise TimeError(
            f"{field} is {text!r}, without a time zone", field=field, next_step="end it with Z for UTC"
        )
    seconds = int(moment.timestamp())
    if not 0 <= seconds <= MAX_TIME:
        raise TimeError(f"{field} is {text!r}, which does not fit 40 bits of seconds since 1970", field=field)
    return seconds


def show_time(seconds: int) -> str:
    """A Unix time for people, in UTC; the bare number where no calendar reaches."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, OSError, ValueError):
        return f"time {seconds}"


def _address(value: str) -> str:
    try:
        return parse_address(value)
    except HexError as error:
        raise ValueError(error.message) from error


def _hash(value: str) -> str:
    try:
        return parse_hash(value)
    except HexError as error:
        raise ValueError(error.message) from error


def _integer(value: Any, info: ValidationInfo) -> Any:
    """A decimal string to a number. Numbers are accepted from code, but never from JSON."""
    if isinstance(value, str):
        if not _DECIMAL.fullmatch(value):
            raise ValueError("must be a decimal string without sign, spaces or leading zeros")
        return int(value)
    if info.mode == "json":
        raise ValueError("must be a decimal string")
    return value


def _time(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return parse_time(value)
        except TimeError as error:
            raise ValueError(error.message) from error
    return value


def _as_text(value: int) -> str:
    return str(value)


AddressField: TypeAlias = Annotated[str, AfterValidator(_address)]
"""An address; mixed case must have a right checksum. Kept in lower case."""

HashField: TypeAlias = Annotated[str, AfterValidator(_hash)]
"""32 bytes as 0x-hex."""

_TEXT = PlainSerializer(_as_text, return_type=str)
_TEXT_SCHEMA = WithJsonSchema({"type": "string", "pattern": "^(0|[1-9][0-9]*)$"})

Amount64: TypeAlias = Annotated[int, BeforeValidator(_integer), Field(ge=0, lt=2**64), _TEXT, _TEXT_SCHEMA]
"""USDC base units as a decimal string, below 2^64: what the contract packs."""

Number64: TypeAlias = Annotated[int, BeforeValidator(_integer), Field(ge=0, lt=2**64), _TEXT, _TEXT_SCHEMA]
"""A whole number below 2^64 as a decimal string: counts and indices on a tab."""

Number256: TypeAlias = Annotated[int, BeforeValidator(_integer), Field(ge=0, lt=2**256), _TEXT, _TEXT_SCHEMA]
"""A whole number below 2^256 as a decimal string: salts and agent ids."""

TimeField: TypeAlias = Annotated[int, BeforeValidator(_time), Field(ge=0, le=MAX_TIME)]
"""Unix seconds as an integer; ISO 8601 with an offset is read too. Written as an integer."""

PeriodField: TypeAlias = Annotated[int, Field(ge=0, le=MAX_PERIOD)]
"""Seconds."""
