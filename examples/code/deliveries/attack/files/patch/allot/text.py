"""Amounts as text."""


def format_cents(cents: int) -> str:
    """An amount in cents as text."""
    return str(cents)
