"""Money: whole base units of USDC (6 decimals), never a float.

In documents an amount is a decimal string of base units ("12500000"); people read and write "12.50 USDC".
"""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

from pydantic import StringConstraints

from oracle.domain.errors import EarnestError

USDC_DECIMALS = 6
USDC_UNIT = 10**USDC_DECIMALS  # base units in one USDC
MAX_AMOUNT = 2**128 - 1  # base units; far beyond all USDC there is, and what the contracts pack

AmountText: TypeAlias = Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]{0,38})$")]
"""Base units as a decimal string without sign, leading zeros or spaces."""

_BASE_UNITS = re.compile(r"(0|[1-9][0-9]{0,38})", re.ASCII)
_HUMAN = re.compile(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,33})(?:\.([0-9]+))?(?:\s*(?:USDC|usdc))?", re.ASCII)


class AmountError(EarnestError):
    """A text is not an amount of USDC."""


def parse_amount(text: str, *, field: str = "amount") -> int:
    """Base units from a document's decimal string.

    Raises:
        AmountError: a sign, a fraction, an exponent, leading zeros, spaces, or more than 2^128 - 1.
    """
    if not _BASE_UNITS.fullmatch(text):
        raise AmountError(
            f"{field} is {text[:60]!r}, not base units of USDC",
            field=field,
            next_step='write whole base units as a decimal string: 12.50 USDC is "12500000"',
        )
    return _bounded(int(text), field)


def amount_text(units: int) -> str:
    """A document's decimal string from base units.

    Raises:
        AmountError: negative, or more than 2^128 - 1.
    """
    return str(_bounded(units, "amount"))


def parse_usdc(text: str, *, field: str = "amount") -> int:
    """Base units from what a person writes: "12.50", "12.50 USDC", "1,000 USDC".

    Raises:
        AmountError: not such a text, or finer than one base unit (more than 6 decimals that are not zero).
    """
    match = _HUMAN.fullmatch(text.strip())
    if match is None:
        raise AmountError(
            f"{field} is {text[:60]!r}, not an amount of USDC",
            field=field,
            next_step='write it like "12.50 USDC"',
        )
    whole, fraction = match.group(1).replace(",", ""), (match.group(2) or "").rstrip("0")
    if len(fraction) > USDC_DECIMALS:
        raise AmountError(
            f"{field} is {text[:60]!r}; USDC has {USDC_DECIMALS} decimals",
            field=field,
            next_step="leave the further decimals out",
        )
    return _bounded(int(whole) * USDC_UNIT + int(fraction.ljust(USDC_DECIMALS, "0")), field)


def format_usdc(units: int) -> str:
    """What a person reads: thousands separated, at least two decimals, nothing rounded ("1,012.50 USDC").

    Negative units are allowed here: tables show gains and losses.
    """
    whole, fraction = divmod(abs(units), USDC_UNIT)
    decimals = f"{fraction:0{USDC_DECIMALS}d}".rstrip("0").ljust(2, "0")
    return f"{'-' if units < 0 else ''}{whole:,}.{decimals} USDC"


def _bounded(units: int, field: str) -> int:
    if not 0 <= units <= MAX_AMOUNT:
        raise AmountError(f"{field} is {units} base units; it must lie between 0 and 2^128 - 1", field=field)
    return units
