"""Amounts: base units in documents, decimals for people, never a float."""

from __future__ import annotations

import pytest

from oracle.domain.amounts import (
    MAX_AMOUNT,
    AmountError,
    amount_text,
    format_usdc,
    parse_amount,
    parse_usdc,
)


@pytest.mark.parametrize(
    "text", ["-1", "+1", "01", "1.0", "1e6", " 1", "1 ", "", "0x10", "١", "1_000", "9" * 40]
)
def test_parse_amount__not_plain_base_units__is_refused(text: str) -> None:
    with pytest.raises(AmountError, match="price is"):
        parse_amount(text, field="price")


def test_parse_amount__beyond_128_bits__is_refused() -> None:
    assert parse_amount(str(MAX_AMOUNT)) == MAX_AMOUNT
    with pytest.raises(AmountError, match="between 0 and 2\\^128 - 1"):
        parse_amount(str(MAX_AMOUNT + 1))


@pytest.mark.parametrize("units", [-1, MAX_AMOUNT + 1])
def test_amount_text__out_of_range__is_refused(units: int) -> None:
    with pytest.raises(AmountError):
        amount_text(units)


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("12.50 USDC", 12_500_000),
        ("12.5", 12_500_000),
        ("0.000001", 1),
        ("1,000 USDC", 1_000_000_000),
        ("1000usdc", 1_000_000_000),
        ("3.1000000000", 3_100_000),
        (" 7 ", 7_000_000),
    ],
)
def test_parse_usdc__what_people_write__is_read(text: str, units: int) -> None:
    assert parse_usdc(text) == units


@pytest.mark.parametrize("text", ["", "-1", "1,00", "1.2.3", "1e6", ".5", "12.50 USD", "0.0000001", "١٢"])
def test_parse_usdc__ambiguous_or_too_fine__is_refused(text: str) -> None:
    with pytest.raises(AmountError):
        parse_usdc(text)


@pytest.mark.parametrize(
    ("units", "text"),
    [
        (0, "0.00 USDC"),
        (1, "0.000001 USDC"),
        (1_012_500_000, "1,012.50 USDC"),
        (-2_500_000, "-2.50 USDC"),
        (10**6, "1.00 USDC"),
    ],
)
def test_format_usdc__nothing_is_rounded(units: int, text: str) -> None:
    assert format_usdc(units) == text
