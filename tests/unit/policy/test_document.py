"""What is no policy, or contradicts itself, is refused in words that say what to do."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from oracle.cli.main import cli
from oracle.domain.errors import EarnestError
from oracle.policy.check import flaws, warnings
from oracle.policy.document import MAX_POLICY_BYTES, Policy, read_policy
from oracle.policy.errors import PolicyError
from oracle.policy.files import load_policies, load_policy
from tests.unit.policy.made import HEAD, NOW, PACT, RULE, policy, refuse, rule

EXAMPLES = Path(__file__).parents[3] / "examples/policies"


def refused(text: str) -> str:
    with pytest.raises(EarnestError) as caught:
        read_policy(text.encode(), what="test")
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(HEAD + RULE.replace("failure-streak", "failure-streek"), "did you mean", id="typo"),
        pytest.param(HEAD + RULE.replace("failure-streak", "vibes"), "no such signal", id="vibes"),
        pytest.param((HEAD + RULE).replace('name = "somebody"', ""), "owner.name: is missing", id="no owner"),
        pytest.param((HEAD + RULE).replace("somebody", "  "), "owner.name: is blank", id="blank owner"),
        pytest.param((HEAD + RULE).replace("reviewed = 2026-01-20", ""), "reviewed: is missing", id="review"),
        pytest.param((HEAD + RULE).replace("= 2026-01-20", "= 2026-02-30"), "not TOML", id="no such day"),
        pytest.param((HEAD + RULE).replace("2026-01-20", '"soon"'), "is not a day", id="no day"),
        pytest.param((HEAD + RULE).replace("2026-01-20", "2026-01-20T10:00:00"), "is not a day", id="time"),
        pytest.param((HEAD + RULE).replace("2026-01-20", "10:00:00"), "is not a day", id="time of day"),
        pytest.param(HEAD + RULE.replace("above = 1", "below = 1"), "while all is well", id="wrong way"),
        pytest.param(HEAD + RULE.replace("above = 1", "above = 1\nbelow = 9"), "one threshold", id="both"),
        pytest.param(HEAD + RULE.replace("above = 1", ""), "one threshold", id="no threshold"),
        pytest.param(HEAD + RULE.replace("above = 1", "above = 1001"), "not between 0 and 1000", id="range"),
        pytest.param(HEAD + RULE.replace("above = 1", 'above = "1 USDC"'), "whole number", id="no amount"),
        pytest.param(HEAD + rule("a", "open-exposure", "above = 5", refuse("1 USDC")), "250 USDC", id="unit"),
        pytest.param(HEAD + RULE.replace("above = 1", "above = 1.5"), "only integers", id="a fraction"),
        pytest.param(HEAD + RULE.replace("above = 1", "above = nan"), "not JSON", id="not a number"),
        pytest.param(HEAD + RULE.replace("above = 1", "above = -1"), "greater than or equal", id="negative"),
        pytest.param(HEAD + RULE.replace("refuse-above", "refuse"), "tag", id="no such consequence"),
        pytest.param(HEAD + RULE.replace("100 USDC", "-1 USDC"), "not an amount", id="negative amount"),
        pytest.param(
            HEAD + rule("a", "failure-streak", "above = 1", refuse("1 USDC") + "," + refuse("2 USDC")),
            "names a kind of consequence twice",
            id="a kind twice",
        ),
        pytest.param(
            HEAD + rule("a", "drift", "above = 1", refuse("1 USDC")), "takes a table `drift`", id="drift bare"
        ),
        pytest.param(
            HEAD
            + rule(
                "a", "drift", "drift = { good = 200, bad = 50, one_false_alarm_in = 9 }", refuse("1 USDC")
            ),
            "bad must be the larger",
            id="drift turned round",
        ),
        pytest.param(HEAD, "changes nothing", id="nothing said"),
        pytest.param(HEAD + RULE + "surprise = 1\n", "unknown field", id="unknown field"),
        pytest.param(
            (HEAD + RULE).replace("somebody", "some\\u202ebody"), "holds U+202E", id="turned writing"
        ),
        pytest.param((HEAD + RULE).replace("a test", "a\\ntest"), "line break", id="two lines"),
        pytest.param((HEAD + RULE).replace("a test", "x" * 201), "at most 200", id="a long text"),
        pytest.param((HEAD + RULE).replace('"one"', '"../one"'), "name", id="a path for a name"),
        pytest.param("x = " + "[" * 5_000 + "]" * 5_000, "not TOML", id="nested deep"),
        pytest.param("x" * (MAX_POLICY_BYTES + 1), "at most", id="large"),
    ],
)
def test_read__what_is_no_policy__is_refused(text: str, says: str) -> None:
    assert says in refused(text)


def test_read__bytes_that_are_no_text__are_refused() -> None:
    with pytest.raises(PolicyError, match="not TOML"):
        read_policy(b"\xff\xfe", what="test")


def test_hash__amounts_written_either_way__is_the_same() -> None:
    human, base = policy(), policy(RULE.replace("100 USDC", "100000000"))
    assert human.hash() == base.hash()
    assert Policy.parse(human.canonical()) == human
    assert policy(RULE.replace("above = 1", "above = 2")).hash() != human.hash()


def said(*policies: Policy, now: int = NOW) -> list[str]:
    return [flaw.says for flaw in flaws(policies, now=now)]


def test_check__milder_where_it_is_worse__never_binds() -> None:
    rules = rule("a", "score", "below = 600", refuse("100 USDC"))
    rules += rule("b", "score", "below = 400", refuse("500 USDC"))
    (flaw,) = flaws([policy(rules)], now=NOW)
    assert flaw.place == "one.b"
    assert "never binds" in flaw.says
    turned = rule("b", "score", "below = 400", refuse("50 USDC"))
    assert said(policy(rule("a", "score", "below = 600", refuse("100 USDC")) + turned)) == []


def test_check__milder_where_it_is_worse__whichever_comes_first() -> None:
    rules = rule("a", "failure-streak", "above = 3", refuse("500 USDC"))
    rules += rule("b", "failure-streak", "above = 1", refuse("100 USDC"))
    (flaw,) = flaws([policy(rules)], now=NOW)
    assert flaw.place == "one.a"


def test_check__the_same_consequence_twice__overlaps() -> None:
    rules = rule("a", "score", "below = 600", refuse("100 USDC"))
    assert "at the same moment" in said(policy(rules + rules.replace('"a"', '"b"')))[0]
    other = policy(rules.replace('"a"', '"b"'), HEAD.replace('"one"', '"two"'))
    assert "at the same moment" in said(policy(rules), other)[0]
    elsewhere = HEAD.replace('"one"', '"two"') + f'[scope]\npacts = ["{PACT}"]\n'
    here = HEAD + f'[scope]\npacts = ["0x{"b2" * 32}"]\n'
    assert said(policy(rules, here), policy(rules, elsewhere)) == []


def test_check__what_already_holds__is_said() -> None:
    rules = rule("a", "score", "below = 600", refuse("100 USDC"))
    assert "repeats" in said(policy(rules + rule("b", "score", "below = 400", refuse("100 USDC"))))[0]


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        pytest.param(RULE + RULE.replace("above = 1", "above = 3").replace("100", "50"), "this id", id="id"),
        pytest.param(
            rule("a", "score", "below = 1", '{ kind = "page-owner" }'), "no `page`", id="nobody to page"
        ),
        pytest.param(
            rule("a", "score", "below = 1", refuse("0 USDC") + ', { kind = "require-bond", percent = 10 }'),
            "refuses every agreement",
            id="a bond for nothing",
        ),
    ],
)
def test_check__what_cannot_work__is_said(rules: str, says: str) -> None:
    assert any(says in one for one in said(policy(rules)))


def test_check__dates() -> None:
    assert "in the future" in said(policy(), now=NOW - 40 * 86_400)[0]
    (missed,) = flaws([policy()], now=NOW + 60 * 86_400)
    assert "is missed" in missed.says
    assert missed.is_date
    assert "begins only" in said(policy(head=HEAD.replace("since = 2026-01-01", "since = 2028-01-01")))[0]


def rollout(**changes: str) -> Policy:
    fields = {"start": "500 USDC", "most": "2000 USDC", "floor": "100 USDC", "lower": "500", "pact": PACT}
    fields |= changes
    return policy(
        f'[rollout]\nworkflow = "w"\npact = "{fields["pact"]}"\nstart = "{fields["start"]}"\n'
        f'most = "{fields["most"]}"\n'
        f"widen = {{ passes = 3, lower_above = {fields['lower']}, percent = 200 }}\n"
        f'narrow = {{ percent = 50, floor = "{fields["floor"]}" }}\n' + fields.get("rules", "")
    )


def test_check__rollouts() -> None:
    assert said(rollout()) == []
    assert "above the largest" in said(rollout(start="3000 USDC"))[0]
    assert "floor is above" in said(rollout(floor="600 USDC"))[0]
    assert any("nothing can ever pass" in one for one in said(rollout(start="0 USDC", floor="0 USDC")))
    low = rule("low", "interval-low", "below = 700", refuse("10 USDC"))
    assert "still restricts" in said(rollout(rules=low))[0]
    assert any("two caps" in one for one in said(rollout(), rollout()))


def test_check__a_floor_of_zero__warns_and_is_no_flaw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert warnings([rollout(), policy()]) == []
    (warned,) = warnings([rollout(floor="0 USDC")])
    assert (warned.place, "nothing passes" in warned.says) == ("one.rollout.narrow.floor", True)
    path = tmp_path / "p.toml"
    path.write_text(
        f'{HEAD}[rollout]\nworkflow = "w"\npact = "{PACT}"\nstart = "5 USDC"\nmost = "9 USDC"\n'
        "widen = { passes = 3, lower_above = 500, percent = 200 }\nnarrow = { percent = 50 }\n"
    )
    monkeypatch.setattr("oracle.cli.policy.time", SimpleNamespace(time=lambda: NOW))
    result = CliRunner().invoke(cli, ["policy", "check", str(path), "--json"])
    told = json.loads(result.output)
    assert (result.exit_code, told["ok"], told["flaws"]) == (0, True, [])
    assert [one["place"] for one in told["warnings"]] == ["one.rollout.narrow.floor"]
    shown = CliRunner().invoke(cli, ["policy", "check", str(path)]).output
    assert "Warning: one.rollout.narrow.floor: the floor is 0" in shown


def test_load__contradictions_and_missing_files__are_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    twice = rule("a", "score", "below = 600", refuse("100 USDC"))
    path.write_text(HEAD + twice + twice.replace('"a"', '"b"'))
    with pytest.raises(PolicyError, match="contradict"):
        load_policies([path], now=NOW)
    path.write_text(HEAD + twice)
    assert load_policies([path], now=NOW + 900 * 86_400), "a missed review stops no policy"
    assert load_policies([path], now=NOW - 900 * 86_400), "nor does a clock that is behind"
    with pytest.raises(PolicyError, match="cannot read"):
        load_policy(tmp_path / "none.toml")
    with pytest.raises(PolicyError, match="cannot read"):
        load_policy(tmp_path)


def test_the_examples_are_in_order() -> None:
    paths = sorted(EXAMPLES.glob("*.toml"))
    assert len(paths) == 3
    assert [one.name for one in load_policies(paths, now=1_795_300_000)]
