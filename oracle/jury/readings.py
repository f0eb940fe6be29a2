"""Ballots as arrays. Pure bookkeeping: which column is which juror, and what stands in it.

A *reader* is one juror under one template, giving opinions or giving scores. Several readings by one reader
of one case (orders, samples) are averaged: they hardly differ, and are never counted as several votes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from oracle.jury.ballots import Ballot, BallotError, Probe, Vote

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, order=True)
class Reader:
    """One column: a juror, how it answers, and the template it was given."""

    juror: str
    scored: bool
    template: str


@dataclass(frozen=True)
class Roster:
    """Who may appear: readers (columns), their jurors and families, and the kinds of criterion probed.

    Attributes:
        readers: Sorted, so that the order in which votes arrive changes nothing.
        families: Family of each juror.
        kinds: Kinds of criterion with at least one probe, sorted.
    """

    readers: tuple[Reader, ...]
    families: dict[str, str]
    kinds: tuple[str, ...]

    @cached_property
    def jurors(self) -> tuple[str, ...]:
        """Jurors, sorted by name."""
        return tuple(sorted(self.families))

    @cached_property
    def juror_of(self) -> Ints:
        """For each reader, the index of its juror."""
        place = {juror: i for i, juror in enumerate(self.jurors)}
        return np.array([place[r.juror] for r in self.readers], dtype=np.int64)

    @cached_property
    def instrument_of(self) -> Ints:
        """For each reader, the number of its juror's way of answering: opinions and scores never mix."""
        names = sorted({(r.juror, r.scored) for r in self.readers})
        return np.array([names.index((r.juror, r.scored)) for r in self.readers], dtype=np.int64)

    @cached_property
    def family_of(self) -> Ints:
        """For each reader, the index of its family."""
        names = sorted(set(self.families.values()))
        return np.array([names.index(self.families[r.juror]) for r in self.readers], dtype=np.int64)

    @cached_property
    def scored(self) -> Bools:
        """For each reader, whether it gives scores."""
        return np.array([r.scored for r in self.readers], dtype=np.bool_)

    def kind_index(self, kind: str) -> int:
        """The place of a kind, or -1 where no probe is of that kind."""
        return self.kinds.index(kind) if kind in self.kinds else -1


def reader_of(vote: Vote) -> Reader:
    """The column a vote belongs to."""
    return Reader(vote.juror, vote.scored, vote.template)


def roster(probes: Sequence[Probe], ballots: Iterable[Ballot] = ()) -> Roster:
    """Everyone who answered a probe. Who answered none is a stranger, and strangers have no weight.

    `ballots` to be judged may bring templates that no probe used: such a reader is judged by what its juror
    did under other templates.

    Raises:
        BallotError: a juror appears in two families.
    """
    readers: set[Reader] = set()
    families: dict[str, str] = {}
    for probe in probes:
        for vote in probe.ballot.votes:
            if not vote.counts:
                continue
            if families.setdefault(vote.juror, vote.family) != vote.family:
                raise BallotError(
                    f"Juror {vote.juror} is in family {families[vote.juror]} and in family {vote.family}.",
                    field="family",
                    next_step="Name one family for each juror.",
                )
            readers.add(reader_of(vote))
    instruments = {(r.juror, r.scored) for r in readers}
    for ballot in ballots:
        readers.update(reader_of(v) for v in ballot.votes if v.counts and (v.juror, v.scored) in instruments)
    return Roster(tuple(sorted(readers)), families, tuple(sorted({p.ballot.kind for p in probes})))


def encode(who: Roster, ballots: Iterable[Ballot]) -> Floats:
    """Mean answer of each reader on each case, shape [cases, readers]; NaN where there is none.

    Votes that do not count, and votes of readers without probes, leave no trace.
    """
    place = {reader: i for i, reader in enumerate(who.readers)}
    rows: list[Floats] = []
    for ballot in ballots:
        heard: dict[int, list[float]] = {}
        for vote in ballot.votes:
            column = place.get(reader_of(vote)) if vote.counts else None
            if column is not None:
                heard.setdefault(column, []).append(vote.value)
        row = np.full(len(who.readers), np.nan)
        for column, values in heard.items():
            # Sorted, so that the sum does not depend on the order of arrival even in its last bit.
            row[column] = sum(sorted(values)) / len(values)
        rows.append(row)
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(who.readers))


def encode_asked(who: Roster, ballots: Iterable[Ballot]) -> Bools:
    """Whether each juror was asked on each case, shape [cases, jurors]: void and empty answers too."""
    asked = [[juror in {v.juror for v in ballot.votes} for juror in who.jurors] for ballot in ballots]
    return np.array(asked, dtype=np.bool_).reshape(len(asked), len(who.jurors))


def groups(names: Sequence[str]) -> Ints:
    """Numbers the distinct names: probes of one item are left out together."""
    place: dict[str, int] = {}
    return np.array([place.setdefault(name, len(place)) for name in names], dtype=np.int64)
