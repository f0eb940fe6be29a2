"""The jury's aggregation: properties that must hold whatever the probes say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.jury.aggregate import Jury, PanelRules
from oracle.jury.ballots import Ballot, Opinion, Probe, Vote
from oracle.jury.correlation import discounted

UNGATED = PanelRules(gated=False)


def said(passes: bool) -> Opinion:
    return "pass" if passes else "fail"


def probes(seed: int, count: int = 40, right: tuple[float, ...] = (0.9, 0.75, 0.5)) -> list[Probe]:
    """Jurors a, b, c, each of its own family, right with the given chances."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        good = number % 2 == 0
        votes = tuple(
            Vote(name, f"family-{name}", said(good == (rng.random() < chance)))
            for name, chance in zip("abc", right, strict=True)
        )
        found.append(Probe(Ballot(f"p{number}", "k", votes), good, adversarial=number % 4 < 2))
    return found


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), place=st.integers(0, 39))
def test_weight_never_rises_with_one_more_error(seed: int, place: int) -> None:
    # Independent jurors: errors move the measured correlation too, which is not what is tested here.
    cases = [replace(p, ballot=replace(p.ballot, votes=p.ballot.votes[:1])) for p in probes(seed)]
    wrong = Vote("a", "family-a", said(not cases[place].good))
    worse = list(cases)
    worse[place] = replace(cases[place], ballot=replace(cases[place].ballot, votes=(wrong,)))
    ballot = Ballot("case", "k", (Vote("a", "family-a", "pass"),))
    before = Jury.fit(cases, UNGATED).judge(ballot).weights["a"]
    assert Jury.fit(worse, UNGATED).judge(ballot).weights["a"] <= before + 1e-6


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), order=st.permutations(range(3)))
def test_order_of_votes_and_void_votes_change_nothing(seed: int, order: list[int]) -> None:
    jury = Jury.fit(probes(seed), UNGATED)
    votes = [Vote(j, f"family-{j}", "pass" if j != "b" else "fail") for j in "abc"]
    ballot = Ballot("case", "k", tuple(votes))
    void = Vote("a", "family-a", "fail", void=True)
    shuffled = Ballot("case", "k", (*(votes[i] for i in order), void))
    assert jury.judge(ballot) == jury.judge(shuffled)


@given(copies=st.integers(1, 30), strength=st.floats(0.1, 5.0))
def test_copies_of_one_family_weigh_hardly_more_than_one(copies: int, strength: float) -> None:
    table = np.full((copies, copies), 0.8)
    np.fill_diagonal(table, 1.0)
    total = discounted(np.full(copies, strength), table).sum()
    assert total <= strength / 0.8 + 1e-9


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_too_few_families_or_probes_never_release(seed: int) -> None:
    ballot = Ballot("case", "k", (Vote("a", "family-a", "pass"),))
    short = Jury.fit(probes(seed), replace(UNGATED, minimum_jurors=2)).judge(ballot)
    assert short.outcome == "undecided"
    assert "the methodology asks for 2" in short.reason
    assert Jury.fit(probes(seed), PanelRules()).judge(ballot).outcome == "undecided"  # 40 probes of 80
