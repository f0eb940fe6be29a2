"""What sequential stopping saves: one call of each juror, asked one after another in a drawn order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from oracle.jury.aggregate import Jury, Panel, PanelRules
from oracle.jury.controls import calls_for
from oracle.jury.readings import Bools, Floats, Ints
from oracle.jury.sequential import may_stop
from scripts.jurybench.draws import jury_from, split
from scripts.jurybench.measure import Figures, rates, rules_for
from scripts.jurybench.votes import Recording

ORDERS = 4  # drawn orders per draw of probes; every case gets one of them
PASS_CALLS, FAIL_CALLS = calls_for("pass"), calls_for("fail")  # controls counted, as a live jury makes them


def one_reading(recording: Recording, rng: np.random.Generator) -> Floats:
    """For each reader one of its readings of each case, at random; [cases, readers]."""
    heard = (~np.isnan(recording.readings)).sum(axis=2)
    pick = (rng.random(heard.shape) * np.maximum(heard, 1)).astype(np.int64)
    chosen: Floats = np.take_along_axis(recording.readings, pick[:, :, None], axis=2)[:, :, 0]
    return chosen


def one_template(recording: Recording, answers: Floats, rng: np.random.Generator) -> Floats:
    """Keep one drawn template of each juror on each case, of those recorded there; the rest NaN."""
    kept = np.full_like(answers, np.nan)
    rows = np.arange(len(answers))
    lots = np.where(np.isnan(answers), -1.0, rng.random(answers.shape))
    for juror in range(len(recording.who.jurors)):
        own = np.flatnonzero(recording.who.juror_of == juror)
        columns = own[lots[:, own].argmax(axis=1)]
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

    def __init__(self, jury: Jury, probe_answers: Floats) -> None:
        self.jury, self._answers = jury, probe_answers
        self._known: dict[frozenset[int], Panel] = {}

    def of(self, members: Iterable[int], *, either: bool) -> Panel:
        """The panel of these jurors; decides at even odds where `either`."""
        key = frozenset(members)
        if key not in self._known:
            self._known[key] = self.jury.panel([self.jury.who.jurors[j] for j in key], self._answers)
        panel = self._known[key]
        return replace(panel, pass_log_odds=0.0, fail_log_odds=0.0) if either else panel


@dataclass(frozen=True)
class Docket:
    """The cases of one draw: answers, kinds, right answers, and the drawn order each is asked in."""

    answers: Floats
    kinds: Ints
    good: Bools
    orders: list[list[int]]
    order_of: Ints


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
        docket = Docket(
            answers=asked[drawn.judged],
            kinds=recording.kinds[drawn.judged],
            good=recording.good[drawn.judged],
            orders=[drawn_order(jury, rng) for _ in range(ORDERS)],
            order_of=rng.integers(ORDERS, size=len(drawn.judged)),
        )
        panels = Panels(jury, asked[drawn.probes])
        for name, figures in found.items():
            _one_draw(panels, docket, figures, either=name == "either")
    return found


def calls_of_each(jury: Jury, docket: Docket) -> Floats:
    """Calls each juror's answer takes on each case, [cases, jurors]; a pass has more controls than a fail.

    A score passes above its juror's cut. A missing answer costs one call, for it was asked.
    """
    standard = jury.standardised(docket.answers, docket.kinds)
    each = np.where(np.isnan(standard), 1.0, np.where(standard > 0, PASS_CALLS, FAIL_CALLS))
    of_juror: Floats = np.ones((len(each), len(jury.who.jurors)))
    for column, juror in enumerate(jury.who.juror_of):
        of_juror[:, juror] = np.maximum(of_juror[:, juror], each[:, column])
    return of_juror


def _one_draw(panels: Panels, docket: Docket, figures: Figures, *, either: bool) -> None:
    jury, good, kinds = panels.jury, docket.good, docket.kinds
    whole = panels.of(range(len(jury.who.jurors)), either=either)
    weighed = jury.weigh(whole, docket.answers, kinds)
    at_once = whole.decide(whole.calibration.log_odds(weighed.evidence, kinds), weighed.heard)
    verdict, calls = at_once.copy(), np.zeros(len(good))
    each = calls_of_each(jury, docket)
    queues: dict[tuple[int, ...], list[int]] = {}
    for row, (order, kind) in enumerate(zip(docket.order_of, kinds, strict=True)):
        queue = tuple(j for j in docket.orders[order] if jury.qualified[kind, j])
        queues.setdefault(queue, []).append(row)
    for queue, members in queues.items():
        rows = np.array(members, dtype=np.int64)
        for count in range(1, len(queue) + 1):
            if not len(rows):
                break
            calls[rows] += each[rows, queue[count - 1]]
            if count == len(queue):
                break  # everyone was asked: the whole jury's decision stands
            so_far = np.where(np.isin(jury.who.juror_of, queue[:count]), docket.answers[rows], np.nan)
            now = panels.of(queue[:count], either=either)
            stop, stands = may_stop(jury, now, whole, so_far, kinds[rows])
            verdict[rows[stop]] = stands[stop]
            rows = rows[~stop]
    everyone = (each * jury.qualified[kinds]).sum(axis=1)
    right = np.where(good, 1, -1)
    if everyone.sum():
        figures.add(calls_ratio=float(calls.sum() / everyone.sum()))
    figures.add(
        calls=float(calls.mean()),
        calls_at_once=float(everyone.mean()),
        accuracy=float((verdict == right).mean()),
        accuracy_at_once=float((at_once == right).mean()),
        decided=float((verdict != 0).mean()),
        decided_at_once=float((at_once != 0).mean()),
        **rates(verdict == 1, good, "false_release", "good_released"),
        **rates(at_once == 1, good, "false_release_at_once", "good_released_at_once"),
    )
