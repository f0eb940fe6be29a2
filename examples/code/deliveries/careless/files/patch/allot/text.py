"""Amounts as text."""


def format_cents(cents: int) -> str:
    """An amount in cents as text with two decimals: 1234 is "12.34"."""
    return f"{cents / 100:.2f}"
