"""Who sits, in which order, and what a stranger recomputes from the record."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from oracle.decide.draw import Draw
from oracle.domain.canonical import canonical_hash
from oracle.jury.aggregate import PanelRules
from oracle.jury.deliberate import Measured
from oracle.jury.hearing import OWN_FAMILY
from oracle.jury.panel import RecordedJury, ReplayError
from oracle.jury.rules import panel_rules
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


async def test_own_familys_pass__counts_as_cannot_tell_and_says_so() -> None:
    rules = methodology(2, minimum=2)
    criterion = CRITERION.model_copy(update={"agent_families": ("F0",)})
    providers = everyone(rules)
    section = section_of(await panel(rules, providers).judge(criterion, TEXTS, DRAW))
    votes = {record.juror: (record.vote, record.note) for record in section.jurors}
    assert votes["j0"] == ("cannot_tell", OWN_FAMILY)
    assert votes["j1"] == ("pass", None)
    assert "j0: the work is declared to be its own family's" in section.reason
    assert {alias for alias, _ in providers.calls} == {"p0", "p1"}


async def test_own_familys_fail__counts_in_full() -> None:
    rules = methodology(2, minimum=2)
    bad = {"reply.md": "Dear Ms Adler,\nnothing is paid back."}
    plain = section_of(await panel(rules, everyone(rules)).judge(CRITERION, bad, DRAW))
    criterion = CRITERION.model_copy(update={"agent_families": ("f0", "f1")})
    declared = section_of(await panel(rules, everyone(rules)).judge(criterion, bad, DRAW))
    assert plain.outcome == declared.outcome == "failed"
    assert declared.steps == plain.steps


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
        ("jurors/0/note", "its pass counts twice"),
        ("probes/0/votes/0/verdict", "pass"),
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


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("jurors/0/calls/0/attempts/0/requested_model", "a-better-model", "another model than model-0"),
        ("jurors/0/calls/0/attempts", "twice", "asked again though there was an answer"),
    ],
)
async def test_replay__attempts_no_caller_makes__are_refused(path: str, value: Any, words: str) -> None:
    rules = methodology()
    live = await panel(rules, everyone(rules)).judge(CRITERION, TEXTS, DRAW)
    forged = copy.deepcopy(live.section)
    attempts = forged["jurors"][0]["calls"][0]["attempts"]
    if value == "twice":
        attempts.append(copy.deepcopy(attempts[0]))
    else:
        set_at(path, value)(forged)
    with pytest.raises(ReplayError, match=words):
        RecordedJury(rules).replay(CRITERION, TEXTS, DRAW, forged)


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "timeout"},
        {"outcome": "timeout", "error": "late"},
        {"raw": None},
        {"error": "and yet it answered"},
    ],
)
async def test_replay__an_attempt_that_contradicts_itself__is_no_section(change: dict[str, Any]) -> None:
    rules = methodology()
    live = await panel(rules, everyone(rules)).judge(CRITERION, TEXTS, DRAW)
    forged = copy.deepcopy(live.section)
    forged["jurors"][0]["calls"][0]["attempts"][0] |= change
    with pytest.raises(ValidationError):
        RecordedJury(rules).replay(CRITERION, TEXTS, DRAW, forged)


async def test_replay__a_probe_or_a_vote_twice__is_no_section() -> None:
    rules = methodology()
    live = await panel(rules, everyone(rules)).judge(CRITERION, TEXTS, DRAW)
    for doubled in ("probes", "votes"):
        forged = copy.deepcopy(live.section)
        place = forged["probes"] if doubled == "probes" else forged["probes"][0]["votes"]
        place.append(copy.deepcopy(place[0]))
        with pytest.raises(ValidationError, match=r"twice|two votes"):
            RecordedJury(rules).replay(CRITERION, TEXTS, DRAW, forged)


def test_limits_of_the_methodology__reach_the_aggregation() -> None:
    rules = methodology()
    jury = rules.jury.model_copy(update={"maximum_false_release_bps": 300, "maximum_false_fail_bps": None})
    found = panel_rules(rules.model_copy(update={"jury": jury}))
    assert (found.maximum_false_release, found.maximum_false_fail) == (0.03, None)
    # What a methodology states by default is what the bench measures.
    default = PanelRules()
    assert panel_rules(rules).maximum_false_release == default.maximum_false_release
    assert panel_rules(rules).maximum_false_fail == default.maximum_false_fail
