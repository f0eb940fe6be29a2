"""Version 1 of the trust score: a fold over evidence in the order of the chain, in whole numbers.

A Pass adds a piece of evidence, less where little was at stake, less the more the same buyer already said,
nothing where the buyer is not proven. A failure adds a whole piece whoever the buyer is, a lost dispute three
such.
Both fade by the day, failures more slowly. The score is the lower limit of the share of passes (`bounds`).

`docs/trust-score.md` has the reasons and the properties; nothing here may change once it is published: a
correction is a new version.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from oracle.domain.types import Address, Hash
from oracle.score import bounds
from oracle.score.errors import ScoreError
from oracle.score.evidence import Contest, Evidence, Finding

VERSION: Final = 1

UNIT: Final = 10**9
"""One piece of evidence."""
DAY: Final = 86_400  # seconds; everything fades in whole days (UTC), so a score changes once a day at most
PASS_HALF_LIFE: Final = 90  # days
FAIL_HALF_LIFE: Final = 365  # days
KNOWN_FROM: Final = 3 * UNIT
LOST_WEIGHT: Final = 3
FULL_VALUE: Final = 100_000_000  # base units: a job of this much or more is a whole piece
BUYER_CAP: Final = 2 * UNIT
"""What one buyer adds never reaches this: below three, so one buyer alone makes nobody known."""
PROVEN: Final = 25_000_000 * 1_000_000
"""Outlay that makes a buyer proven, in millionths of a base unit: 25 USDC that it cannot get back."""

_SCALE: Final = 10**18
# What is left of a piece after a day: 2^(-1/half-life), to 18 digits, rounded down and up.
_PASS_DAY: Final = 992_327_946_262_943_481
_FAIL_DAY: Final = 998_102_768_651_594_635


def _powers(factor: int, days: int, *, up: bool) -> list[int]:
    powers = [_SCALE]
    for _ in range(days):
        product = powers[-1] * factor
        powers.append(-(-product // _SCALE) if up else product // _SCALE)
    return powers


_LONGEST: Final = 20_000  # days, 55 years: later than that, as if it were so long ago
_PASS_LEFT: Final = _powers(_PASS_DAY, 6_000, up=False)  # after which less than 10^-18 is left
_FAIL_LEFT: Final = _powers(_FAIL_DAY, _LONGEST, up=True)


def _faded_pass(amount: int, days: int) -> int:
    return amount * _PASS_LEFT[days] // _SCALE if days < len(_PASS_LEFT) else 0


def _faded_failure(amount: int, days: int) -> int:
    return -(-amount * _FAIL_LEFT[min(days, _LONGEST)] // _SCALE)


@dataclass(frozen=True, slots=True)
class Added:
    """What a piece of evidence added when it came, in parts of `UNIT`, and why not more."""

    passes: int
    failures: int
    reason: str


@dataclass(frozen=True, slots=True)
class Score:
    """An agent's score on a day. `value` and the limits are thousandths; counts are in parts of `UNIT`.

    Args:
        value: None: unknown, fewer than three effective pieces of evidence.
        interval: Lower and upper limit, each leaving out a twentieth.
        mean: Share of passes among what counts; None where nothing does.
        counterparties: Proven buyers for whom it ever passed.
        lost_interval: Limits of the share of decided disputes that were lost.
        settled: Gated amounts of all jobs that passed, secured, ever.
        last_pass: Time of the last Pass that added something; None before the first.
    """

    version: int
    day: int
    value: int | None
    interval: tuple[int, int]
    mean: int | None
    passes: int
    failures: int
    counterparties: int
    disputes_won: int
    disputes_lost: int
    lost_interval: tuple[int, int]
    settled: int
    pieces: int
    last_pass: int | None

    @property
    def effective(self) -> int:
        """Effective pieces of evidence, in parts of `UNIT`."""
        return self.passes + self.failures


@dataclass(slots=True)
class Standing:
    """What an agent's evidence adds up to so far; one more piece is one step.

    Args:
        roots: Committees whose Pass counts; empty: any committee's.
    """

    roots: frozenset[Hash] = frozenset()
    passes: int = 0
    failures: int = 0
    won: int = 0
    lost: int = 0
    settled: int = 0
    pieces: int = 0
    last_pass: int | None = None
    day: int = 0
    place: tuple[int, int] = (-1, -1)
    buyers: dict[Address, tuple[int, int]] = field(default_factory=dict)
    """Each proven buyer's weight as it was on a day, and the day."""

    def add(self, piece: Evidence) -> Added:
        """Count one more piece.

        Raises:
            ScoreError: it does not come after the last one.
        """
        place = (piece.block, piece.log_index)
        day = piece.at // DAY
        if place <= self.place or day < self.day:
            raise ScoreError(f"evidence {piece.subject} of block {piece.block} is out of order")
        self._fade(day)
        self.place = place
        self.pieces += 1
        if not piece.secured:
            return Added(0, 0, "unsecured: no verdict on it could be overturned")
        if piece.contest is Contest.WON:
            self.won += UNIT
        elif piece.contest is Contest.LOST:
            self.lost += UNIT
        if piece.finding is Finding.PASS:
            return self._passed(piece, day)
        if piece.finding is Finding.NOTHING:
            return Added(0, 0, "nobody checked it, or nobody was at fault")
        weight = LOST_WEIGHT if piece.finding is Finding.LOST else 1
        self.failures += weight * UNIT
        return Added(0, weight * UNIT, "lost dispute" if weight > 1 else "failure")

    def _passed(self, piece: Evidence, day: int) -> Added:
        if piece.own:
            return Added(0, 0, "buyer and provider are one address")
        if self.roots and piece.committee not in self.roots:
            return Added(0, 0, "its committee is not among those the reader named")
        self.settled += piece.value
        if piece.outlay < PROVEN:
            return Added(0, 0, "the buyer is not proven")
        weight, since = self.buyers.get(piece.counterparty, (0, day))
        before = _faded_pass(weight, day - since)
        after = before + UNIT * min(piece.value, FULL_VALUE) // FULL_VALUE
        self.buyers[piece.counterparty] = (after, day)
        # Concave, and below the cap: the share of a further piece is what the sum of them grows by.
        credit = BUYER_CAP * after // (BUYER_CAP + after) - BUYER_CAP * before // (BUYER_CAP + before)
        self.passes += credit
        if credit:
            self.last_pass = piece.at
        return Added(credit, 0, "pass")

    def _fade(self, day: int) -> None:
        days = day - self.day
        if days and self.place != (-1, -1):
            self.passes = _faded_pass(self.passes, days)
            self.failures = _faded_failure(self.failures, days)
            self.won = _faded_pass(self.won, days)
            self.lost = _faded_failure(self.lost, days)
        self.day = day

    def score(self, at: int) -> Score:
        """The score at a time, Unix seconds.

        Raises:
            ScoreError: the time is before the last evidence.
        """
        day = at // DAY
        if day < self.day:
            raise ScoreError(f"day {day} is before the last evidence, of day {self.day}")
        days = day - self.day if self.place != (-1, -1) else 0
        passes, failures = _faded_pass(self.passes, days), _faded_failure(self.failures, days)
        won, lost = _faded_pass(self.won, days), _faded_failure(self.lost, days)
        effective = passes + failures
        low, high = bounds.lower(passes, failures, unit=UNIT), bounds.upper(passes, failures, unit=UNIT)
        value: int | None = None
        if effective >= KNOWN_FROM:
            # Failures alone make an agent known, never well known: a failure must not lift it to a number.
            value = low if passes >= KNOWN_FROM else 0
        return Score(
            version=VERSION,
            day=day,
            value=value,
            interval=(low, high),
            mean=passes * bounds.WHOLE // effective if effective else None,
            passes=passes,
            failures=failures,
            counterparties=len(self.buyers),
            disputes_won=won,
            disputes_lost=lost,
            lost_interval=(bounds.lower(lost, won, unit=UNIT), bounds.upper(lost, won, unit=UNIT)),
            settled=self.settled,
            pieces=self.pieces,
            last_pass=self.last_pass,
        )


def left_of(added: Added, *, since: int, at: int) -> Added:
    """What is left, at a time, of what a piece of evidence added at another; both Unix seconds."""
    days = at // DAY - since // DAY
    return Added(_faded_pass(added.passes, days), _faded_failure(added.failures, days), added.reason)


def standing(evidence: Iterable[Evidence], roots: frozenset[Hash] = frozenset()) -> Standing:
    """What evidence adds up to, from nothing.

    Raises:
        ScoreError: it is not in the order of the chain.
    """
    made = Standing(roots)
    for piece in evidence:
        made.add(piece)
    return made
