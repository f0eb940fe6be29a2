"""What the jury is held against: plain majority, unsupervised weighting, and the best juror in hindsight."""

from __future__ import annotations

from collections.abc import Container

import numpy as np

from oracle.jury.readings import Floats, Ints
from scripts.jurybench.votes import Recording


def juror_votes(recording: Recording, template: str | None = None, skip: Container[str] = ()) -> Floats:
    """Each juror's plain vote on each case: +1, -1, or 0 for a tie or no answer; [cases, jurors].

    A score is a pass if it lies above the middle of all scores its juror gave.
    """
    columns = []
    for index, juror in enumerate(recording.who.jurors):
        if juror in skip:
            continue
        own = [
            i
            for i, reader in enumerate(recording.who.readers)
            if recording.who.juror_of[i] == index and (template is None or reader.template == template)
        ]
        if not own:
            continue
        vote = np.zeros(len(recording.probes))
        for i in own:
            mean = recording.means[:, i]
            middle = 0.0
            if recording.who.scored[i]:
                middle = (float(np.nanmin(mean)) + float(np.nanmax(mean))) / 2.0
            vote += np.nan_to_num(mean - middle)
        columns.append(np.sign(vote))
    return np.array(columns).T.reshape(len(recording.probes), len(columns))


def accuracy(verdict: Floats | Ints, recording: Recording) -> float:
    """Share right; a tie is undecided, and undecided counts as wrong."""
    return float((verdict == np.where(recording.good, 1, -1)).mean())


def accuracy_half(verdict: Floats | Ints, recording: Recording) -> float:
    """Share right, where a tie is half right, as it would be on a coin's toss."""
    return float(((1.0 + verdict * np.where(recording.good, 1, -1)) / 2.0).mean())


def majority(votes: Floats) -> Floats:
    """Sign of the sum of votes."""
    result: Floats = np.sign(votes.sum(axis=1))
    return result


def dawid_skene(votes: Floats, rounds: int = 100) -> Floats:
    """Two-class expectation maximisation (Dawid and Skene 1979) from the majority: weights by agreement."""
    belief = np.clip((1.0 + votes.mean(axis=1)) / 2.0, 0.05, 0.95)
    for _ in range(rounds):
        prior = float(np.clip(belief.mean(), 1e-6, 1.0 - 1e-6))
        log_odds = np.full(len(votes), np.log(prior / (1.0 - prior)))
        for says in (1.0, 0.0, -1.0):
            said = (votes == says).astype(np.float64)
            if_good = (belief @ said + 1.0) / (belief.sum() + 3.0)
            if_bad = ((1.0 - belief) @ said + 1.0) / ((1.0 - belief).sum() + 3.0)
            log_odds += said @ np.log(if_good / if_bad)
        belief = 1.0 / (1.0 + np.exp(-np.clip(log_odds, -500.0, 500.0)))
    result: Floats = np.sign(belief - 0.5)
    return result
