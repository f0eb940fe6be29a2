"""Correlation of errors, and the discount it forces on weights.

Two jurors that err together are not two witnesses. Errors are measured against the right answers of probes
(an answer minus the mean answer on probes of the same class), never as mere agreement. Three numbers are
kept, for pairs of readers: same juror, same family, different families. Each is shrunk towards a stated
prior, and nearer kin are never taken to be less alike than farther.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from oracle.jury.readings import Bools, Floats, Roster
from oracle.jury.weights import ProbeSheet


@dataclass(frozen=True)
class Kinship:
    """Correlation of errors between two readers.

    Defaults are the stated priors. `same_family` and `same_juror` are floors too: copies of one voice must
    never add up to more than 1/0.8 of it, whatever a handful of probes suggests.
    """

    same_juror: float = 0.85
    same_family: float = 0.80
    strangers: float = 0.40


CEILING = 0.95


def measure(sheet: ProbeSheet, counted: Bools, prior: Kinship, pseudo: float = 20.0) -> Kinship:
    """Kinship from the probes' errors.

    Args:
        sheet: The probes.
        counted: Readers whose errors matter, shape [readers].
        prior: What is assumed without probes.
        pseudo: Probes the prior is worth.
    """
    columns = np.flatnonzero(counted)
    errors = sheet.answers[:, columns].copy()
    for side in (True, False):
        rows = sheet.good == side
        n = np.maximum((~np.isnan(errors[rows])).sum(axis=0), 1)
        errors[rows] -= np.nansum(errors[rows], axis=0) / n
    heard = ~np.isnan(errors)
    errors = np.where(heard, errors, 0.0)
    norm = np.sqrt((errors**2).sum(axis=0))
    live = norm > 1e-9
    unit = errors / np.where(live, norm, 1.0)
    table = unit.T @ unit
    together = heard.T.astype(np.float64) @ heard.astype(np.float64)
    juror, family = sheet.who.juror_of[columns], sheet.who.family_of[columns]
    pair = np.triu(np.ones_like(table, dtype=np.bool_), 1) & live[:, None] & live[None, :]
    one_juror = juror[:, None] == juror[None, :]
    one_family = (family[:, None] == family[None, :]) & ~one_juror

    def pooled(chosen: Bools, assumed: float) -> float:
        picked = pair & chosen & (together > 1)
        if not picked.any():
            return assumed
        # Readers seldom heard together would look less alike than they are: their overlap scales them up.
        overlap = together / np.sqrt(np.outer(heard.sum(axis=0), heard.sum(axis=0)))
        seen = float(np.clip(table[picked] / overlap[picked], -1.0, 1.0).mean())
        n = float(together[picked].mean())
        return (seen * n + assumed * pseudo) / (n + pseudo)

    strangers = min(max(pooled(~one_family & ~one_juror, prior.strangers), 0.0), CEILING - 0.02)
    family_level = min(
        max(pooled(one_family, prior.same_family), prior.same_family, strangers), CEILING - 0.01
    )
    juror_level = min(max(pooled(one_juror, prior.same_juror), prior.same_juror, family_level), CEILING)
    return Kinship(juror_level, family_level, strangers)


def matrix(who: Roster, kin: Kinship) -> Floats:
    """Correlation of all readers, shape [readers, readers]: nested blocks, so positive definite."""
    one_juror = who.juror_of[:, None] == who.juror_of[None, :]
    one_family = who.family_of[:, None] == who.family_of[None, :]
    table = np.where(one_juror, kin.same_juror, np.where(one_family, kin.same_family, kin.strangers))
    np.fill_diagonal(table, 1.0)
    return table


def discounted(strength: Floats, correlation: Floats) -> Floats:
    """Weights that make the best of correlated voices: argmax over w >= 0 of s·w - w·C·w/2.

    With C = 1 these are the log-odds themselves. n equal voices with correlation r share n/(1+(n-1)r) votes.
    A voice of no strength, or one that only repeats a better one, gets none; a voice's weight never falls as
    its strength grows (w is a gradient of a convex function of s).

    Args:
        strength: Shape [readers], of the readers heard.
        correlation: Shape [readers, readers].
    """
    if not (strength > 0).any():
        return np.zeros_like(strength)
    lower = np.linalg.cholesky(correlation)
    weights: Floats = nnls(lower.T, np.linalg.solve(lower, strength))[0]
    return weights
