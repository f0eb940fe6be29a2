"""What it costs to fake a score: the cheapest way through the formula, paid to committees the reader names.

The attacker is buyer and provider of every job, so price and bond come back to it; what does not come back
are fees. It hands over work that really passes. Gas, and what its money could have earned, come on top.
"""

from __future__ import annotations

from dataclasses import dataclass

from oracle.domain.amounts import USDC_UNIT
from oracle.score import bounds, v1
from oracle.score.errors import ScoreError

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """The cheapest way to a score for one agent. Amounts are USDC base units.

    Args:
        buyers: False identities that must each be proven.
        jobs: Jobs that must pass in all, each of at least the full value.
        first: Fees for the first agent, proving the buyers included.
        further: Fees for each further agent that the same buyers, proven once, speak for.
        locked: Gated amounts that must pass through escrow, one after the other.
        kept: Fees a year to hold the score, renewing what fades.
    """

    target: int
    buyers: int
    jobs: int
    first: int
    further: int
    locked: int
    kept: int


def passes_needed(target: int) -> int:
    """Effective passes, in parts of `v1.UNIT`, that make the score at least `target` with no failure.

    Raises:
        ScoreError: not between 1 and 999.
    """
    if not 1 <= target < bounds.WHOLE:
        raise ScoreError(f"a score of {target} cannot be reached; name one from 1 to 999", field="score")
    low, high = v1.KNOWN_FROM, 100_000 * v1.UNIT
    while low < high:
        middle = (low + high) // 2
        if bounds.lower(middle, 0, unit=v1.UNIT) >= target:
            high = middle
        else:
            low = middle + 1
    return low


def price_of(target: int, *, lowest_fee: int) -> Price:
    """The price of a score, by trying every number of buyers that could be cheapest.

    Args:
        lowest_fee: The least a committee that the reader names takes for a job of full value.

    Raises:
        ScoreError: the score cannot be reached.
    """
    needed = passes_needed(target)
    proving = v1.PROVEN // _MILLION
    fewest = needed // v1.BUYER_CAP + 1
    best: Price | None = None
    # From as many buyers as there are pieces, further ones add a proof each and save less than a job each.
    for buyers in range(fewest, 3 * fewest + 2):
        jobs = _jobs(needed, buyers)
        # A buyer's first job may pay the whole proof as its fee, and then counts at once.
        first = buyers * max(proving, lowest_fee) + max(0, jobs - buyers) * lowest_fee
        if best is None or first < best.first:
            # Half of everything fades in a half-life: as much must come again in the year.
            renewed = jobs * 365 // v1.PASS_HALF_LIFE
            best = Price(
                target=target,
                buyers=buyers,
                jobs=jobs,
                first=first,
                further=jobs * lowest_fee,
                locked=jobs * v1.FULL_VALUE,
                kept=renewed * lowest_fee // 2,
            )
    if best is None:
        raise ScoreError(f"no number of buyers reaches {target}", field="score")
    return best


def _jobs(needed: int, buyers: int) -> int:
    """The fewest jobs of these buyers whose credit is enough: spread evenly, as credit is concave."""
    low, high = buyers, buyers * 1_000_000
    while low < high:
        middle = (low + high) // 2
        each, more = divmod(middle, buyers)
        if (buyers - more) * _credit(each) + more * _credit(each + 1) >= needed:
            high = middle
        else:
            low = middle + 1
    return low


def _credit(jobs: int) -> int:
    weight = jobs * v1.UNIT
    return v1.BUYER_CAP * weight // (v1.BUYER_CAP + weight)


def shown(price: Price) -> str:
    """The price in words."""
    usdc = {name: f"{getattr(price, name) / USDC_UNIT:,.2f} USDC" for name in ("first", "further", "kept")}
    return (
        f"A score of {price.target} costs at least {usdc['first']} in fees: {price.buyers} buyers proven at "
        f"{v1.PROVEN // _MILLION // USDC_UNIT} USDC each, {price.jobs} jobs of "
        f"{v1.FULL_VALUE // USDC_UNIT} USDC that pass. Each further agent of the same buyers: "
        f"{usdc['further']}. To hold it: about {usdc['kept']} a year."
    )
