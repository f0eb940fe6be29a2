"""Which cases are probes and which are judged. By item: a case's item never informs its own judgement."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oracle.jury.aggregate import Jury, PanelRules
from oracle.jury.readings import Bools, Floats, Ints
from oracle.jury.weights import ProbeSheet
from scripts.jurybench.votes import Recording


@dataclass(frozen=True)
class Split:
    """Row numbers of one draw: probes, and the cases of all other items."""

    probes: Ints
    judged: Ints


def split(items: Ints, probes: int, seed: int) -> Split | None:
    """Draw probes at random, as they come: neither the answer nor the kind steers it.

    One case an item while at least half of the items remain to be judged, else the fewest cases an item
    that do. None where the file is too small.
    """
    rng = np.random.default_rng([seed, probes])
    count = int(items.max()) + 1
    per_item = max(1, -(-2 * probes // count))
    chosen: list[int] = []
    rows_of: list[list[int]] = [[] for _ in range(count)]
    for row, item in enumerate(items):
        rows_of[item].append(row)
    taken = np.zeros(count, dtype=np.bool_)
    for item in rng.permutation(count):
        if len(chosen) >= probes:
            break
        picked = rng.permutation(rows_of[item])[:per_item]
        chosen.extend(int(r) for r in picked[: probes - len(chosen)])
        taken[item] = True
    judged = np.flatnonzero(~taken[items])
    if len(chosen) < probes or len(judged) == 0:
        return None
    return Split(np.array(chosen, dtype=np.int64), judged)


def jury_from(recording: Recording, rows: Ints, rules: PanelRules, answers: Floats | None = None) -> Jury:
    """A jury fitted on some rows of a recording; `answers` [cases, readers] if not all readings are used."""
    table = recording.means if answers is None else answers
    names, numbers = np.unique(recording.items[rows], return_inverse=True)
    del names
    sheet = ProbeSheet(
        who=recording.who,
        answers=table[rows],
        asked=recording.asked[rows],
        kinds=recording.kinds[rows],
        good=recording.good[rows],
        items=numbers.reshape(-1).astype(np.int64),
    )
    adversarial: Bools = recording.adversarial[rows]
    return Jury(sheet, adversarial, rules)
