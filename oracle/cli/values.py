"""What people type: addresses, hashes, amounts, times and periods, as click parameter types."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import rich_click as click

from oracle.domain.amounts import AmountError, format_usdc, parse_usdc
from oracle.domain.errors import EarnestError
from oracle.domain.fields import MAX_PERIOD, parse_time
from oracle.domain.types import parse_address, parse_hash

_PERIOD = re.compile(r"([0-9]{1,9})\s*(s|m|h|d|w)", re.ASCII)
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


class PeriodError(EarnestError):
    """A text is not a period of time."""


def parse_period(text: str, *, field: str = "period") -> int:
    """Seconds from "90s", "30m", "2h", "1d", "1w", or several together ("1d12h"); "0" is none.

    Raises:
        PeriodError: not such a text.
    """
    compact = text.strip().replace(" ", "")
    if compact == "0":
        return 0
    found = _PERIOD.findall(compact)
    if not found or "".join(number + unit for number, unit in found) != compact:
        raise PeriodError(
            f"{field} is {text[:40]!r}, not a period",
            field=field,
            next_step="write it like 90s, 30m, 2h, 1d or 1d12h",
        )
    seconds = sum(int(number) * _UNITS[unit] for number, unit in found)
    if seconds > MAX_PERIOD:
        raise PeriodError(
            f"{field} is {text[:40]!r}, longer than the {MAX_PERIOD} s that fit",
            field=field,
            next_step="choose a shorter one",
        )
    return seconds


def parse_moment(text: str, *, field: str = "time", now: float | None = None) -> int:
    """Unix seconds from "+2d" (from now), ISO 8601 with an offset, or plain seconds since 1970.

    Raises:
        PeriodError, TimeError: none of these.
    """
    stripped = text.strip()
    if stripped.startswith("+"):
        return int(time.time() if now is None else now) + parse_period(stripped[1:], field=field)
    if stripped.isascii() and stripped.isdecimal() and len(stripped) <= 12:  # 40 bits have 13 digits
        return int(stripped)
    return parse_time(stripped, field=field)


def parse_packed_usdc(text: str, *, field: str = "amount") -> int:
    """Base units of USDC that fit the 64 bits the contract packs them in.

    Raises:
        AmountError: no amount, or too large.
    """
    units = parse_usdc(text, field=field)
    if units >= 2**64:
        raise AmountError(
            f"{field} is {text[:60]!r}, more than the {format_usdc(2**64 - 1)} that fit",
            field=field,
            next_step="name a smaller amount",
        )
    return units


class _Parsed(click.ParamType):
    """A parameter type around one of our parsers; its errors keep their advice."""

    def __init__(self, name: str, parse: Callable[..., Any]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ARG002
        """What the parser makes of a text; anything else is a default and kept."""
        if not isinstance(value, str):
            return value
        field = param.name or self.name if param is not None else self.name
        return self._parse(value, field=field)


ADDRESS = _Parsed("address", parse_address)
HASH = _Parsed("hash", parse_hash)
AMOUNT = _Parsed("usdc", parse_packed_usdc)
PERIOD = _Parsed("period", parse_period)
MOMENT = _Parsed("time", parse_moment)
