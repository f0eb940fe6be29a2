"""What sequential stopping saves: one call of each juror, asked one after another in a drawn order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from oracle.jury.aggregate import Jury, Panel, PanelRules
from oracle.jury.readings import Bools, Floats, Ints
from oracle.jury.sequential import may_stop
from scripts.jurybench.draws import jury_from, split
from scripts.jurybench.measure import Figures, rates, rules_for
from scripts.jurybench.votes import Recording

ORDERS = 6  # drawn orders per draw of probes; every case gets one of them
CONTROL_CALLS = 1  # beside each call: the manipulation control (the negative one rides in the same prompt)


def one_reading(recording: Recording, rng: np.random.Generator) -> Floats:
    """For each reader one of its readings of each case, at random; [cases, readers]."""
    heard = (~np.isnan(recording.readings)).sum(axis=2)
    pick = (rng.random(heard.shape) * np.maximum(heard, 1)).astype(np.int64)
    chosen: Floats = np.take_along_axis(recording.readings, pick[:, :, None], axis=2)[:, :, 0]
    return chosen


def one_template(recording: Recording, answers: Floats, rng: np.random.Generator) -> Floats:
    """Keep one drawn template of each juror on each case; the rest NaN."""
    kept = np.full_like(answers, np.nan)
    rows = np.arange(len(answers))
    for juror in range(len(recording.who.jurors)):
        own = np.flatnonzero(recording.who.juror_of == juror)
        columns = own[rng.integers(len(own), size=len(answers))]
        kept[rows, columns] = answers[rows, columns]
    return kept


def drawn_order(jury: Jury, rng: np.random.Generator) -> list[int]:
    """Jurors in random order, a second of a family only after all families had a first."""
    order = [int(j) for j in rng.permutation(len(jury.who.jurors))]
    seen: dict[str, int] = {}
    rank = []
    for juror in order:
        family = jury.who.families[jury.who.jurors[juror]]
        rank.append(seen.get(family, 0))
        seen[family] = rank[-1] + 1
    return [order[i] for i in np.argsort(rank, kind="stable")]


class Panels:
    """Panels by their members, each calibrated once."""

    def __init__(self, jury: Jury, probe_answers: Floats, either: bool) -> None:
        self.jury, self._answers, self._either = jury, probe_answers, either
        self._known: dict[frozenset[int], Panel] = {}

    def of(self, members: Iterable[int]) -> Panel:
        """The panel of these jurors; decides at even odds where `either`."""
        key = frozenset(members)
        if key not in self._known:
            panel = self.jury.panel([self.jury.who.jurors[j] for j in key], self._answers)
            if self._either:
                panel = replace(panel, pass_log_odds=0.0, fail_log_odds=0.0)
            self._known[key] = panel
        return self._known[key]


def measure_sequence(recording: Recording, probes: int, draws: int) -> dict[str, Figures]:
    """Calls and accuracy against asking every qualified juror once, under both rules of decision.

    `either` decides at even odds (as the accuracy figures do), `careful` under the live limits.
    """
    rules: PanelRules = rules_for(recording, probes)
    found = {"either": Figures(), "careful": Figures()}
    for seed in range(draws):
        drawn = split(recording.items, probes, seed)
        if drawn is None:
            break
        rng = np.random.default_rng([seed, probes, 1])
        readings = one_reading(recording, rng)
        asked = one_template(recording, readings, rng)
        jury = jury_from(recording, drawn.probes, rules, readings)
        orders = [drawn_order(jury, rng) for _ in range(ORDERS)]
        order_of = rng.integers(ORDERS, size=len(drawn.judged))
        for name, figures in found.items():
            panels = Panels(jury, asked[drawn.probes], either=name == "either")
            kinds = recording.kinds[drawn.judged]
            _one_draw(recording, panels, asked[drawn.judged], kinds, drawn.judged, orders, order_of, figures)
    return found


def _one_draw(
    recording: Recording,
    panels: Panels,
    answers: Floats,
    kinds: Ints,
    judged: Ints,
    orders: list[list[int]],
    order_of: Ints,
    figures: Figures,
) -> None:
    jury, good = panels.jury, recording.good[judged]
    whole = panels.of(range(len(jury.who.jurors)))
    weighed = jury.weigh(whole, answers, kinds)
    at_once = whole.decide(whole.calibration.log_odds(weighed.evidence, kinds), weighed.heard)
    verdict, calls = np.zeros(len(judged), dtype=np.int64), np.zeros(len(judged))
    for index, order in enumerate(orders):
        for kind in np.unique(kinds):
            rows = np.flatnonzero((order_of == index) & (kinds == kind))
            queue = [j for j in order if jury.qualified[kind, j]]
            _ask(panels, whole, answers, kinds, rows, queue, at_once, verdict, calls)
    qualified = jury.qualified[kinds].sum(axis=1)
    right = np.where(good, 1, -1)
    each = 1 + CONTROL_CALLS
    if qualified.sum():
        figures.add(calls_ratio=float(calls.sum() * each / (qualified.sum() * each)))
    figures.add(
        calls=float(calls.mean() * each),
        calls_at_once=float(qualified.mean() * each),
        accuracy=float((verdict == right).mean()),
        accuracy_at_once=float((at_once == right).mean()),
        decided=float((verdict != 0).mean()),
        decided_at_once=float((at_once != 0).mean()),
        **rates(verdict == 1, good, "false_release", "good_released"),
        **rates(at_once == 1, good, "false_release_at_once", "good_released_at_once"),
    )


def _ask(
    panels: Panels,
    whole: Panel,
    answers: Floats,
    kinds: Ints,
    rows: Ints,
    queue: list[int],
    at_once: Ints,
    verdict: Ints,
    calls: Floats,
) -> None:
    """Ask the queue one by one about all rows still open; writes into `verdict` and `calls`."""
    juror_of = panels.jury.who.juror_of
    for count in range(1, len(queue) + 1):
        if not len(rows):
            return
        calls[rows] += 1
        if count == len(queue):
            verdict[rows] = at_once[rows]
            return
        heard: Bools = np.isin(juror_of, queue[:count])
        so_far = np.where(heard, answers[rows], np.nan)
        stop, stands = may_stop(panels.jury, panels.of(queue[:count]), whole, so_far, kinds[rows])
        verdict[rows[stop]] = stands[stop]
        rows = rows[~stop]
