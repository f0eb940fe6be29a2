"""What people type on the command line."""

from __future__ import annotations

import pytest

from oracle.cli.values import PeriodError, parse_moment, parse_period
from oracle.domain.fields import TimeError
from oracle.domain.types import HexError, checksum, parse_address, parse_hash


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("30m", 1_800),
        ("2h", 7_200),
        ("1d", 86_400),
        ("1w", 604_800),
        ("1d12h", 129_600),
        ("0", 0),
    ],
)
def test_periods(text: str, seconds: int) -> None:
    assert parse_period(text) == seconds


@pytest.mark.parametrize("text", ["", "1", "d", "-1d", "1.5h", "1d x", "1y", "٣d"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(PeriodError, match="not a period"):
        parse_period(text)


def test_moments() -> None:
    assert parse_moment("+2d", now=1_000) == 173_800
    assert parse_moment("1800000000") == 1_800_000_000
    assert parse_moment("2026-12-01T00:00:00Z") == parse_moment("2026-12-01T01:00:00+01:00") == 1_796_083_200
    for bad in ("tomorrow", "2026-12-01", "1" * 40, "1960-01-01T00:00:00Z"):
        with pytest.raises(TimeError):
            parse_moment(bad)


def test_addresses_keep_one_form_and_catch_typing_errors() -> None:
    right = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"
    assert checksum(parse_address(right)) == right
    assert parse_address(right.lower()) == parse_address("0x" + right[2:].upper()) == right.lower()
    for wrong in (right.replace("f", "F", 1), right[:-1], right + "0", right[2:], ""):
        with pytest.raises(HexError):
            parse_address(wrong)
    assert parse_hash("0x" + "AB" * 32) == "0x" + "ab" * 32
    with pytest.raises(HexError):
        parse_hash("0x" + "ab" * 31)
