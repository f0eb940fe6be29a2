"""PROTOCOL.md's payout table, written a second time and from the document alone, for the checker.

Nothing of `oracle.decide.payouts` is used: that code is among what is checked.
"""

from __future__ import annotations

from dataclasses import dataclass

from oracle.domain.types import Outcome
from scripts.chaos.plan import Course, Delivery

THRESHOLD = 3
ARBITER_COST = 15_000_000  # A


@dataclass(frozen=True, slots=True)
class Row:
    """What a job gives, in USDC base units. `deposit` is what the disputant paid in.

    `taken`: from the signers' stakes.
    """

    outcome: Outcome
    buyer: int
    provider: int
    evaluators: int
    arbiter: int = 0
    deposit: int = 0
    taken: int = 0


def right_outcome(delivery: Delivery) -> Outcome:
    """What an honest evaluation comes to, as the examples' README says; a no-show is Fail.

    A committee that cannot decide attests Lapse.
    """
    if delivery is Delivery.VAGUE:
        return Outcome.LAPSE
    return Outcome.PASS if delivery is Delivery.CAREFUL else Outcome.FAIL


def row(delivery: Delivery, course: Course, gated: int, bond: int, fee: int) -> Row:
    """What must have come of a job. The letters are the table's."""
    g, b, f = gated, bond, fee
    d = max(-(-(g + b) // 5), ARBITER_COST)
    a = ARBITER_COST
    half = -(-(d - a) // 2)
    other_half = d - a - half
    passed = right_outcome(delivery) is Outcome.PASS
    no_show = delivery is Delivery.NONE
    # What k signers lose: M with its rounding. M is G + B between Pass and Fail.
    m = -(-(g + b) // THRESHOLD) * THRESHOLD
    if delivery is Delivery.VAGUE:
        return _after_lapse(course, g, b, f, d)
    match course:
        case Course.ACCEPT | Course.UNSECURED | Course.CONCEDED:
            return Row(Outcome.PASS, 0, g + b, f) if passed else Row(Outcome.FAIL, g + b, 0, f)
        case Course.UPHELD if passed:
            return Row(Outcome.PASS, 0, g + b + half, f + other_half, a, d)
        case Course.UPHELD:
            return Row(Outcome.FAIL, g + b + half, 0, f + other_half, a, d)
        case Course.NO_RULING if passed:  # "arbiter silent": the deposit goes back to the disputant
            return Row(Outcome.PASS, d, g + b, f, 0, d)
        case Course.NO_RULING:
            return Row(Outcome.FAIL, g + b, d, f, 0, d)
        case Course.OVERTURNED if passed:  # Pass -> Fail: 2(G + B) + F + D - A to the buyer
            return Row(Outcome.FAIL, g + b + m + f + d - a, 0, 0, a, d, m)
        case Course.OVERTURNED if no_show:  # no-show Fail -> Pass
            return Row(Outcome.PASS, 0, g + b + d - a, f, a, d)
        case Course.OVERTURNED:  # Fail -> Pass
            return Row(Outcome.PASS, 0, g + b + m + f + d - a, 0, a, d, m)
    raise ValueError(f"no row for {course}")


def _after_lapse(course: Course, g: int, b: int, f: int, d: int) -> Row:
    """Rows of an attested Lapse; the provider is the one that disputes."""
    a = ARBITER_COST
    half = -(-(d - a) // 2)
    m = -(-g // THRESHOLD) * THRESHOLD  # between Pass and Lapse M is G
    match course:
        case Course.ACCEPT | Course.UNSECURED:
            return Row(Outcome.LAPSE, g, b, f)
        case Course.UPHELD:  # G, + h if the provider disputed
            return Row(Outcome.LAPSE, g + half, b, f + d - a - half, a, d)
        case Course.NO_RULING:
            return Row(Outcome.LAPSE, g, b + d, f, 0, d)
        case Course.OVERTURNED:  # attested Lapse -> Pass: 2G + B + F + D - A
            return Row(Outcome.PASS, 0, g + b + m + f + d - a, 0, a, d, m)
        case _:
            raise ValueError("nobody can concede a Lapse")
