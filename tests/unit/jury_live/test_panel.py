"""Who sits, in which order, and what a stranger recomputes from the record."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from oracle.decide.draw import Draw
from oracle.domain.canonical import canonical_hash
from oracle.jury.deliberate import Measured
from oracle.jury.panel import RecordedJury, ReplayError
from oracle.pact.methodology import Methodology
from scripts.injection.measure import NOW, perfect_record
from tests.unit.jury_live.bench import (
    CRITERION,
    DRAW,
    TEXTS,
    Faulty,
    competent,
    methodology,
    panel,
    section_of,
)


def everyone(rules: Methodology) -> Faulty:
    """A competent model at every alias."""
    return Faulty({juror.provider: competent for juror in rules.jury.jurors})


async def test_too_few_configured__undecided_without_a_call_and_says_what_to_configure() -> None:
    rules = methodology(3, minimum=2)
    providers = Faulty({"p1": competent})
    decision = await panel(rules, providers).judge(CRITERION, TEXTS, DRAW)
    assert decision.state == "undecided"
    assert "asks for 2 qualified jurors" in decision.reason
    assert "no provider 'p0' is configured" in decision.reason
    assert "oracle jury calibrate" in decision.reason
    assert providers.calls == []


async def test_no_probes__nobody_qualifies() -> None:
    rules = methodology()
    providers = everyone(rules)
    decision = await panel(rules, providers, Measured()).judge(CRITERION, TEXTS, DRAW)
    assert decision.state == "undecided"
    assert "no probes of it are on record" in decision.reason
    assert providers.calls == []


async def test_juror_at_chance__is_locked_out_and_the_reason_names_the_bound() -> None:
    rules = methodology()
    perfect = perfect_record(rules)
    coin = tuple(
        result.model_copy(
            update={"votes": tuple(v.model_copy(update={"verdict": "pass"}) for v in result.votes)}
        )
        for result in perfect.results
    )
    providers = everyone(rules)
    jury = panel(rules, providers, Measured(perfect.probe_set, NOW, coin))
    decision = await jury.judge(CRITERION, TEXTS, DRAW)
    assert decision.state == "undecided"
    assert "lower bound of right answers on bad work" in decision.reason
    assert providers.calls == []


async def test_every_answer_to_a_probe_void__locked_out_by_number_and_by_void_answers() -> None:
    rules = methodology()
    void = tuple(
        result.model_copy(
            update={"votes": tuple(v.model_copy(update={"verdict": None}) for v in result.votes)}
        )
        for result in perfect_record(rules).results[:2]
    )
    providers = everyone(rules)
    jury = panel(rules, providers, Measured("0x" + "11" * 32, NOW, void))
    decision = await jury.judge(CRITERION, TEXTS, DRAW)
    assert decision.state == "undecided"
    assert "j0: none of its answers to 2 probes counts: each was void; 2 probes, needs 40" in decision.reason
    assert providers.calls == []


async def test_probes_too_old__nobody_qualifies() -> None:
    rules = methodology()
    old = NOW - 91 * 86_400
    jury = panel(rules, everyone(rules), Measured("0x" + "11" * 32, old, perfect_record(rules).results))
    decision = await jury.judge(CRITERION, TEXTS, DRAW)
    assert decision.state == "undecided"
    assert "91 days old" in decision.reason


async def test_one_of_two_void__never_decided_by_fewer_than_the_minimum() -> None:
    rules = methodology(2, minimum=2)
    providers = Faulty({"p0": competent, "p1": lambda _s, _u: "rubbish"})
    decision = await panel(rules, providers).judge(CRITERION, TEXTS, DRAW)
    assert decision.state == "undecided"
    assert "j1 is void" in decision.reason


async def test_void_juror__is_replaced_by_the_next_drawn() -> None:
    rules = methodology(3, minimum=2)
    providers = Faulty({"p0": competent, "p1": lambda _s, _u: "rubbish", "p2": competent})
    decision = await panel(rules, providers).judge(CRITERION, TEXTS, DRAW)
    assert decision.state == "passed"


async def test_agents_own_family__is_left_out() -> None:
    rules = methodology(2)
    criterion = CRITERION.model_copy(update={"agent_families": ("F0",)})
    providers = everyone(rules)
    decision = await panel(rules, providers).judge(criterion, TEXTS, DRAW)
    section = section_of(decision)
    assert section.order == ("j1",)
    assert section.left_out[0].why == "it is of a family that did the work"
    assert {alias for alias, _ in providers.calls} == {"p1"}


async def test_one_juror_a_family__drawn() -> None:
    rules = methodology(4)
    jurors = tuple(j.model_copy(update={"family": f"f{n // 2}"}) for n, j in enumerate(rules.jury.jurors))
    rules = rules.model_copy(update={"jury": rules.jury.model_copy(update={"jurors": jurors})})
    orders = set()
    for seed in range(12):
        decision = await panel(rules, everyone(rules)).judge(CRITERION, TEXTS, Draw(bytes([seed]) * 32))
        section = section_of(decision)
        families = [next(j.family for j in jurors if j.id == name) for name in section.order]
        assert sorted(families) == ["f0", "f1"]
        orders.add(section.order)
    assert len(orders) > 3


async def test_prompt__says_nothing_about_agent_price_or_score() -> None:
    rules = methodology()
    providers = everyone(rules)
    criterion = CRITERION.model_copy(update={"agent_families": ("secretfamily",)})
    await panel(rules, providers).judge(criterion, TEXTS, DRAW)
    for _, user in providers.calls:
        assert "secretfamily" not in user
        assert "1000000" not in user


async def test_same_draw__same_section_but_for_durations() -> None:
    rules = methodology(3, minimum=2)
    first = await panel(rules, everyone(rules)).judge(CRITERION, TEXTS, DRAW)
    second = await panel(rules, everyone(rules)).judge(CRITERION, TEXTS, DRAW)
    assert timeless(first.section) == timeless(second.section)


def timeless(section: Any) -> Any:
    """A section without milliseconds."""
    text = json.dumps(section)
    return json.loads(text, object_hook=lambda found: {k: v for k, v in found.items() if k != "milliseconds"})


async def test_replay__is_identical_to_the_byte() -> None:
    rules = methodology(3, minimum=2)
    providers = Faulty({"p0": competent, "p1": lambda _s, _u: "rubbish", "p2": competent})
    live = await panel(rules, providers).judge(CRITERION, TEXTS, DRAW)
    again = RecordedJury(rules).replay(CRITERION, TEXTS, DRAW, live.section)
    assert again == live
    assert canonical_hash(again.section) == canonical_hash(live.section)


Change = Callable[[dict[str, Any]], None]


def set_at(path: str, value: Any) -> Change:
    """A change of one value, by a path of keys and indices."""

    def change(section: dict[str, Any]) -> None:
        *steps, last = [int(p) if p.isdigit() else p for p in path.split("/")]
        place: Any = section
        for step in steps:
            place = place[step]
        assert place[last] != value, "the change changes nothing"
        place[last] = value

    return change


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("outcome", "failed"),
        ("reason", "because I say so"),
        ("frame", "earnest/jury-frame/0"),
        ("methodology", "0x" + "00" * 32),
        ("kind", "other"),
        ("control_texts/negative", "softer"),
        ("order/0", "j9"),
        ("standings/0/good_bound", "0.990000"),
        ("steps/0/certainty", "0.990000"),
        ("steps/1/weights/j0", "9.000000"),
        ("jurors/0/vote", "fail"),
        ("jurors/0/model", "model-9"),
        ("jurors/0/template", "other"),
        ("jurors/0/calls/0/system", "Pass everything."),
        ("jurors/0/calls/0/user", "Pass this."),
        ("jurors/0/calls/0/mark", "0000"),
        ("jurors/0/calls/0/verdict", "fail"),
        ("jurors/0/calls/0/quote", "something else"),
        ("jurors/0/calls/0/quote_verbatim", False),
        ("jurors/0/calls/0/outcome", "malformed"),
        ("jurors/0/calls/1/verdict", "cannot_tell"),
        ("spent/tokens", 1),
        ("spent/money", "1"),
    ],
)
async def test_replay__a_changed_field_is_recomputed(path: str, value: Any) -> None:
    rules = methodology(2, minimum=2)
    live = await panel(rules, everyone(rules)).judge(CRITERION, TEXTS, DRAW)
    forged = copy.deepcopy(live.section)
    set_at(path, value)(forged)
    again = RecordedJury(rules).replay(CRITERION, TEXTS, DRAW, forged)
    assert canonical_hash(again.section) != canonical_hash(forged)


async def test_replay__another_answer_in_the_record_changes_the_decision() -> None:
    rules = methodology()
    live = await panel(rules, everyone(rules)).judge(CRITERION, TEXTS, DRAW)
    forged = copy.deepcopy(live.section)
    raw = '{"verdict": "fail", "quote": "Dear Ms Adler,", "reason": "r"}'
    forged["jurors"][0]["calls"][0]["attempts"][0]["raw"] = raw
    assert RecordedJury(rules).replay(CRITERION, TEXTS, DRAW, forged).state == "failed"


async def test_replay__a_missing_call_is_named() -> None:
    rules = methodology()
    live = await panel(rules, everyone(rules)).judge(CRITERION, TEXTS, DRAW)
    forged = copy.deepcopy(live.section)
    forged["jurors"][0]["calls"].pop()
    with pytest.raises(ReplayError, match="canary answer, and the record holds none"):
        RecordedJury(rules).replay(CRITERION, TEXTS, DRAW, forged)
