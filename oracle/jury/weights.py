"""Weights: what a juror's answer is worth, from what it got right on blind gold probes of that kind.

Every probe leaves, for each reader, the mean answer it gave. From the two class means (good, bad) follow
  strength  for opinions the log-odds ½[logit(right on good) + logit(right on bad)] (Nitzan and Paroush 1982);
            for scores the log-likelihood ratio per standard deviation, (mean good - mean bad) / sd;
  cut       the midpoint of the two means: an answer there says nothing;
  scale     1 for opinions, the within-class standard deviation for scores.
Class means are shrunk towards their parent by pseudo-probes: kind to reader, reader (template) to juror,
juror to "says nothing". So few probes give little weight, and a juror with none has none. Agreement with
other jurors appears nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oracle.jury.readings import Bools, Floats, Ints, Roster

GOOD, BAD = 1, 0


@dataclass(frozen=True)
class Shrinkage:
    """Pseudo-probes per class. Stated priors, not fitted to any file.

    Attributes:
        juror: Towards an answer that does not depend on the truth.
        template: Of one template towards all templates of that juror.
        kind: Of one kind of criterion towards all kinds.
        scale: Of a juror's score spread towards the mean spread of all who give scores (probes).
    """

    juror: float = 2.0
    template: float = 20.0
    kind: float = 8.0
    scale: float = 10.0


@dataclass(frozen=True)
class Profile:
    """Per row (a kind of criterion, or one probe left out) and reader: shapes [rows, readers]."""

    strength: Floats
    cut: Floats
    scale: Floats

    def standardise(self, answers: Floats) -> Floats:
        """Answers as distance from the cut in units of scale; NaN stays NaN."""
        standard: Floats = (answers - self.cut) / self.scale
        return standard


@dataclass(frozen=True)
class Tally:
    """Sums over probes. Last axis: class (bad, good). Leading axes broadcast against rows.

    `*_n` counts probes, `*_sum` adds mean answers, `juror_squares` their squares.
    """

    juror_n: Floats
    juror_sum: Floats
    juror_squares: Floats
    reader_n: Floats
    reader_sum: Floats
    kind_n: Floats
    kind_sum: Floats


def _sums(values: Floats, groups: Ints, count: int) -> Floats:
    total = np.zeros((count, *values.shape[1:]))
    np.add.at(total, groups, values)
    return total


@dataclass(frozen=True)
class ProbeSheet:
    """The probes as arrays.

    Attributes:
        who: The roster.
        answers: Mean answer, shape [probes, readers], NaN where none.
        asked: Whether the juror was asked, shape [probes, jurors], even if it gave no answer that counts.
        kinds: Kind index of each probe.
        good: The right answer of each probe.
        items: Number of the item each probe is about; probes of one item are left out together.
    """

    who: Roster
    answers: Floats
    asked: Bools
    kinds: Ints
    good: Bools
    items: Ints

    def tally(self) -> Tally:
        """Sums over all probes; kind sums have shape [kinds, readers, 2], the rest a leading axis of 1."""
        parts = self._parts()
        by_kind = [_sums(p, self.kinds, len(self.who.kinds)) for p in parts[3:]]
        return Tally(*(p.sum(axis=0, keepdims=True) for p in parts), *by_kind)

    def tally_without_own_item(self) -> Tally:
        """For each probe, the sums over the probes of every other item; shapes [probes, ..., 2]."""
        parts = self._parts()
        own = [_sums(p, self.items, int(self.items.max(initial=-1)) + 1)[self.items] for p in parts]
        cells = self.items * len(self.who.kinds) + self.kinds
        _, cell = np.unique(cells, return_inverse=True)
        kind_rest = []
        for part in parts[3:]:
            by_kind = _sums(part, self.kinds, len(self.who.kinds))[self.kinds]
            kind_rest.append(by_kind - _sums(part, cell, int(cell.max(initial=-1)) + 1)[cell])
        rest = [p.sum(axis=0, keepdims=True) - o for p, o in zip(parts, own, strict=True)]
        return Tally(*rest, *kind_rest)

    def _parts(self) -> list[Floats]:
        """What each probe adds to: juror n, sum, squares; reader n, sum. Shapes [probes, ., 2]."""
        heard = ~np.isnan(self.answers)
        answers = np.where(heard, self.answers, 0.0)
        instruments = self.who.instrument_of
        width = int(instruments.max(initial=-1)) + 1
        spread = np.zeros((len(instruments), width))
        spread[np.arange(len(instruments)), instruments] = 1.0
        per_juror = heard @ spread
        share = np.where(per_juror > 0, 1.0 / np.maximum(per_juror, 1.0), 0.0)
        sides = np.stack([~self.good, self.good], axis=1).astype(np.float64)[:, None, :]
        juror_n = (per_juror > 0).astype(np.float64)
        juror_mean = (answers @ spread) * share
        juror_square = ((answers**2) @ spread) * share
        flat = (juror_n, juror_mean, juror_square, heard.astype(np.float64), answers)
        return [part[:, :, None] * sides for part in flat]


def _shrunk(total: Floats, n: Floats, towards: Floats, pseudo: float) -> Floats:
    mean: Floats = (total + pseudo * towards) / (n + pseudo)
    return mean


def profile(who: Roster, tally: Tally, shrink: Shrinkage) -> Profile:
    """Strength, cut and scale of every reader, from sums over probes.

    Own strength never rises with more errors: each class mean falls (or rises) towards the other at every
    level of the shrinkage, and a score's spread within the classes grows with what its means lose.
    """
    instruments, scored = who.instrument_of, who.scored
    scored_juror = np.zeros(int(instruments.max(initial=-1)) + 1, dtype=np.bool_)
    scored_juror[instruments] = scored
    n = np.maximum(tally.juror_n, 1e-12)
    raw = tally.juror_sum / n
    both = (tally.juror_n > 0).all(axis=-1)
    # A score's zero means nothing: its "says nothing" point is halfway between the classes.
    middle = np.where(
        scored_juror, np.where(both, raw.mean(axis=-1), tally.juror_sum.sum(-1) / n.sum(-1)), 0.0
    )
    juror = _shrunk(tally.juror_sum, tally.juror_n, middle[..., None], shrink.juror)
    reader = _shrunk(tally.reader_sum, tally.reader_n, juror[:, instruments], shrink.template)
    kind = _shrunk(tally.kind_sum, tally.kind_n, reader, shrink.kind)

    scale = np.where(scored, _spread(tally, scored_juror, shrink.scale)[:, instruments], 1.0)
    good, bad = kind[..., GOOD], kind[..., BAD]
    opinions = np.where(scored, 0.0, 1.0)
    right_good = np.clip((1.0 + opinions * good) / 2.0, 1e-3, 1.0 - 1e-3)
    right_bad = np.clip((1.0 - opinions * bad) / 2.0, 1e-3, 1.0 - 1e-3)
    log_odds = 0.5 * (np.log(right_good / (1.0 - right_good)) + np.log(right_bad / (1.0 - right_bad)))
    strength = np.where(scored, (good - bad) / scale, log_odds)
    known = (tally.juror_n > 0).all(axis=-1)[:, instruments]
    strength = np.where(known, strength, 0.0)
    return Profile(strength, (good + bad) / 2.0, np.broadcast_to(scale, strength.shape).copy())


def _spread(tally: Tally, scored: Bools, pseudo: float) -> Floats:
    """Standard deviation of each juror's scores within the classes, shape [rows, jurors].

    Shrunk towards the mean variance of all scoring jurors; never under a hundredth of it, so that a juror
    whose few scores happen to coincide is not taken for infinitely sure.
    """
    n = np.maximum(tally.juror_n, 1e-12)
    within = (tally.juror_squares - tally.juror_sum**2 / n).sum(axis=-1)
    degrees = np.maximum(tally.juror_n.sum(axis=-1) - 2.0, 1.0)
    variance = np.maximum(within / degrees, 0.0)
    if not scored.any():
        return np.ones_like(variance)
    common = np.maximum(variance[:, scored].mean(axis=-1, keepdims=True), 1e-6)
    total = tally.juror_n.sum(axis=-1)
    shrunk = (variance * total + common * pseudo) / (total + pseudo)
    spread: Floats = np.sqrt(np.maximum(shrunk, common / 100.0))
    return spread
