"""Amounts as text."""


def format_cents(cents: int) -> str:
    """An amount in cents as text with two decimals: 1234 is "12.34", -5 is "-0.05"."""
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole}.{rest:02d}"
