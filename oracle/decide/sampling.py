"""Which interactions of a tab's period are drawn: by a public random value, at rates anyone can recompute.

The population is every interaction of the period whose receipt is there; one that is not has failed without
being drawn. It is cut into strata: the interactions complained of and the others, both by price, so that in
one stratum the dearest costs less than twice the cheapest. In each stratum a simple random sample without
replacement is drawn, larger where more money is at stake: dear interactions are drawn at a higher rate
than cheap ones. The inclusion probability of an interaction is drawn / population of its stratum.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from oracle.decide.draw import Draw, DrawError

BPS: Final = 10_000
COMPLAINED: Final = "complained"
PRICED: Final = "price"
_FREE: Final = f"{COMPLAINED}-00"
_LEAST: Final = 2  # of a stratum: from one draw nothing can be said about how sure it is


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the methodology's sampling table. `value_up_to` in base units, None: any."""

    value_up_to: int | None
    interactions: int
    share_bps: int


@dataclass(frozen=True, slots=True)
class Rises:
    """What multiplies the number drawn; see `oracle.pact.methodology.RateRises`."""

    thin_evidence_periods: int
    thin_evidence_times_bps: int
    dispute_times_bps: int
    new_pair_times_bps: int
    most_times_bps: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What the chain says of the two, as of the block that anchored the period.

    Args:
        provider_periods: The provider's periods settled after a Pass, of all its tabs.
        disputes: About the provider's tabs, within the methodology's days before.
        pair_periods: Periods between this buyer and this provider settled before.
    """

    provider_periods: int
    disputes: int
    pair_periods: int


@dataclass(frozen=True, slots=True)
class SampleSize:
    """How many interactions are drawn besides those complained of, and why so many.

    `base` is what the table says for the value; `times_bps` what it was multiplied by, for `reasons`.
    """

    base: int
    times_bps: int
    reasons: tuple[str, ...]
    wanted: int


@dataclass(frozen=True, slots=True)
class Stratum:
    """One stratum with what was drawn of it.

    Args:
        name: `complained-N` or `price-N`: prices of N binary digits.
        population: How many interactions it has.
        amount: The sum of their prices, in base units.
        drawn: Their indices in the tab, ascending; each had the inclusion probability
            len(drawn) / population.
    """

    name: str
    population: int
    amount: int
    drawn: tuple[int, ...]


def sample_size(
    population: int, value: int, rows: Sequence[Row], rises: Rises, standing: Standing
) -> SampleSize:
    """How many interactions of a period are drawn.

    Args:
        population: Interactions that can be drawn.
        value: What is presented for the period, in base units.
        rows: The table, rising in `value_up_to`, the last without.

    Raises:
        DrawError: no row of the table covers the value.
    """
    row = next((each for each in rows if each.value_up_to is None or value <= each.value_up_to), None)
    if row is None:
        raise DrawError(f"no row of the sampling table covers a value of {value}", field="sampling")
    base = max(row.interactions, -(-population * row.share_bps // BPS))
    held = [
        (reason, times)
        for reason, holds, times in (
            (
                "thin evidence",
                standing.provider_periods < rises.thin_evidence_periods,
                rises.thin_evidence_times_bps,
            ),
            ("recent disputes", standing.disputes > 0, rises.dispute_times_bps),
            ("new pair", standing.pair_periods == 0, rises.new_pair_times_bps),
        )
        if holds
    ]
    times = BPS
    for _reason, factor in held:
        times = min(-(-times * factor // BPS), rises.most_times_bps)
    wanted = min(population, -(-base * times // BPS))
    return SampleSize(base, times, tuple(reason for reason, _times in held), wanted)


def draw_sample(
    prices: Iterable[tuple[int, int]],
    *,
    complained: Collection[int],
    complaints_at_most: int,
    wanted: int,
    draw: Draw,
) -> tuple[Stratum, ...]:
    """Cut a period into strata and draw from each.

    Args:
        prices: (index, price in base units) of every interaction whose receipt is there, by rising index.
        complained: Indices the buyer complained of; others are ignored.
        complaints_at_most: How many of these are drawn, in all; a few more where there are many strata.
        wanted: How many of the others are drawn, in all; likewise.
        draw: Under a value that did not exist when prices and complaints were fixed.

    Interactions without a price are drawn only where they were complained of, and those that cost leave
    room: there is nothing to withhold. Complaints are cut by price too: else a dear one that is good, and not
    drawn, would be taken to be as bad as the cheap ones that were.
    """
    named = frozenset(complained)
    members: dict[str, list[int]] = {}
    amounts: dict[str, int] = {}
    for index, price in prices:
        if index not in named and price == 0:
            continue
        name = f"{COMPLAINED if index in named else PRICED}-{price.bit_length():02d}"
        members.setdefault(name, []).append(index)
        amounts[name] = amounts.get(name, 0) + price
    shares: dict[str, int] = {}
    for kind, number in ((COMPLAINED, complaints_at_most), (PRICED, wanted)):
        sizes = {name: len(members[name]) for name in members if name.startswith(kind) and amounts[name]}
        shares |= allocate(sizes, amounts, number)
        if kind == COMPLAINED and _FREE in members:
            shares[_FREE] = min(len(members[_FREE]), max(0, number - sum(shares.values())))
    return tuple(
        Stratum(
            name,
            len(members[name]),
            amounts[name],
            tuple(members[name][position] for position in choose(draw, name, len(members[name]), share)),
        )
        for name, share in sorted(shares.items())
    )


def allocate(sizes: Mapping[str, int], amounts: Mapping[str, int], wanted: int) -> dict[str, int]:
    """How many are drawn of each stratum: in proportion to its amount, never below it.

    Rounded up, at least two, and no more than there are; what a small stratum cannot take goes to the others.
    With equal prices in a stratum and an unknown share of failures this is Neyman's allocation (Neyman 1934;
    Cochran, Sampling Techniques, 3rd edition 1977, section 5.5).
    """
    taken: dict[str, int] = {}
    rest = dict(sizes)
    left = wanted
    while rest:
        total = sum(amounts[name] for name in rest)
        quota = {name: -(-max(0, left) * amounts[name] // total) for name in rest}
        full = [name for name in rest if quota[name] >= rest[name]]
        if not full:
            return taken | {name: max(min(_LEAST, rest[name]), quota[name]) for name in rest}
        for name in full:
            taken[name] = rest.pop(name)
            left -= taken[name]
    return taken


def choose(draw: Draw, name: str, population: int, number: int) -> tuple[int, ...]:
    """Positions of a simple random sample without replacement, ascending.

    Floyd's algorithm (Bentley and Floyd, Communications of the ACM 30(9), 1987): every subset of that size is
    equally likely, with one labelled hash for each one drawn.

    Raises:
        DrawError: more are asked for than there are.
    """
    if not 0 <= number <= population:
        raise DrawError(f"cannot draw {number} of {population}", field=name)
    if number == population:
        return tuple(range(population))
    chosen: set[int] = set()
    for last in range(population - number, population):
        position = draw.integer(f"interaction/{name}/{last}", last + 1)
        chosen.add(last if position in chosen else position)
    return tuple(sorted(chosen))
