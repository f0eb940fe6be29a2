"""Jurors that must get no weight: made-up ones that guess, and real ones no better than a coin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from oracle.jury.ballots import Ballot, Probe, Vote
from oracle.jury.readings import Bools, Floats
from oracle.jury.standings import shares_right
from oracle.jury.weights import ProbeSheet, Shrinkage, profile
from scripts.jurybench.draws import jury_from, split
from scripts.jurybench.measure import Figures, rules_for
from scripts.jurybench.votes import Recording

AT_CHANCE = 0.55  # share right over both classes, on the whole file, up to which a juror is at chance
FAMILY = "made-up"
COINS = 4


def with_guessers(recording: Recording, seed: int) -> Recording:
    """The recording with made-up jurors added to every case, all blind to the answer.

    `coin-*` toss once a case, `always-*` never differ, `mostly-pass` passes 4 in 5, `unsure` often cannot
    tell, `noise` scores at random, `length` scores by a number that has nothing to do with the work.
    """
    rng = np.random.default_rng([seed, 7])
    probes = []
    for probe in recording.probes:
        opinions = {f"coin-{i}": "pass" if rng.random() < 0.5 else "fail" for i in range(COINS)}
        opinions |= {
            "always-pass": "pass",
            "always-fail": "fail",
            "mostly-pass": "pass" if rng.random() < 0.8 else "fail",
            "unsure": ("cannot_tell", "pass", "fail")[int(rng.integers(3))],
        }
        scores = {"noise": float(rng.integers(1, 11)), "length": float(rng.lognormal(1.0, 1.0))}
        votes = [
            Vote(juror, f"{FAMILY}-{juror}", opinion="pass" if said == "pass" else "fail")
            if said != "cannot_tell"
            else Vote(juror, f"{FAMILY}-{juror}", opinion="cannot_tell")
            for juror, said in opinions.items()
        ]
        votes += [Vote(juror, f"{FAMILY}-{juror}", score=score) for juror, score in scores.items()]
        ballot: Ballot = replace(probe.ballot, votes=(*probe.ballot.votes, *votes))
        probes.append(Probe(ballot, probe.good, probe.adversarial))
    return Recording(recording.name, tuple(probes), recording.marked)


def balanced_rates(recording: Recording) -> Floats:
    """Share right, mean of the two classes, on the whole file: shape [kinds + 1, jurors], last row all kinds.

    NaN where a class is missing. This looks at every answer: it is what the gate ought to find out.
    """
    sheet = ProbeSheet(
        recording.who,
        recording.means,
        recording.asked,
        recording.kinds,
        recording.good,
        recording.items,
    )
    shares = shares_right(sheet, profile(recording.who, sheet.tally_without_own_item(), Shrinkage()))
    rows = []
    for kind in [*range(len(recording.who.kinds)), None]:
        chosen = np.ones(len(shares), dtype=np.bool_) if kind is None else recording.kinds == kind
        sides = [
            _mean(shares[chosen & side], recording.asked[chosen & side])
            for side in (recording.good, ~recording.good)
        ]
        rows.append((sides[0] + sides[1]) / 2.0)
    return np.array(rows)


def _mean(shares: Floats, asked: Bools) -> Floats:
    n = asked.sum(axis=0)
    total = np.where(asked, shares, 0.0).sum(axis=0)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def measure_chance(recording: Recording, probes: int, draws: int) -> Figures:
    """How many jurors at chance got any weight on any judged case, a draw. See `with_guessers`.

    `weighted`: made-up ones, and real ones at chance over the whole file. `cells`: pairs of a real juror
    and a kind of criterion on which it is at chance, that got weight; `cells_at_chance`: how many there are.
    """
    figures = Figures()
    rates_by_kind = balanced_rates(recording)
    crowd = with_guessers(recording, 0)
    made_up = [j for j, family in crowd.who.families.items() if family.startswith(FAMILY)]
    at_chance = {
        juror
        for juror, rate in zip(recording.who.jurors, rates_by_kind[-1], strict=True)
        if not rate > AT_CHANCE
    } | set(made_up)
    rules = rules_for(crowd, probes)
    for seed in range(draws):
        drawn = split(crowd.items, probes, seed)
        if drawn is None:
            break
        jury = jury_from(crowd, drawn.probes, rules)
        weighed = jury.weigh(jury.panel(), crowd.means[drawn.judged], crowd.kinds[drawn.judged])
        heavy = weighed.weights > 0.0
        cells = 0
        for column, juror in enumerate(recording.who.jurors):
            own = heavy[:, np.flatnonzero(crowd.who.juror_of == crowd.who.jurors.index(juror))].any(axis=1)
            for kind in range(len(recording.who.kinds)):
                low = rates_by_kind[kind, column] <= AT_CHANCE
                cells += int(low and own[crowd.kinds[drawn.judged] == kind].any())
        with_weight = {crowd.who.jurors[i] for i in crowd.who.juror_of[heavy.any(axis=0)]}
        figures.add(
            weighted=len(with_weight & at_chance),
            tried=len(at_chance),
            cells=cells,
            cells_at_chance=int((rates_by_kind[:-1] <= AT_CHANCE).sum()),
        )
    return figures
