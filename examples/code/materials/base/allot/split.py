"""Splitting an amount among payers."""

from collections.abc import Sequence


def allot(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` cents in proportion to `weights`; the parts add up to `total`."""
    whole = sum(weights)
    return [round(total * weight / whole) for weight in weights]
