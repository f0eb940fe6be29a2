"""Splitting an amount among payers."""

from collections.abc import Sequence


def allot(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` cents in proportion to `weights`; the parts add up to `total`.

    The cents left over after rounding towards zero go to the parts that lost the largest fraction, the first
    of them where it is the same. A negative total is split like the positive one, with the sign turned.

    Raises:
        ValueError: no weight is above zero, or one is negative.
    """
    if any(weight < 0 for weight in weights):
        raise ValueError("a weight is negative")
    whole = sum(weights)
    if whole == 0:
        raise ValueError("no weight is above zero")
    amount = abs(total)
    # Whole numbers throughout: a float is exact only up to 2**53.
    parts, lost = zip(*(divmod(amount * weight, whole) for weight in weights), strict=True)
    result = list(parts)
    by_loss = sorted(range(len(result)), key=lambda index: -lost[index])  # stable: the first wins a tie
    for index in by_loss[: amount - sum(result)]:
        result[index] += 1
    return [-part for part in result] if total < 0 else result
