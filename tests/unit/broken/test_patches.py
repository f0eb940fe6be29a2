"""Patches that break the contracts on purpose stop the build where they no longer fit."""

from pathlib import Path

import pytest

from scripts.broken.patches import (
    Variant,
    VariantsError,
    check_tested,
    patched,
    read_sources,
    read_variants,
)

ROOT = Path(__file__).resolve().parents[3]
SOURCE = "pragma solidity 0.8.30;\n\ncontract A {\n    if (x) revert No();\n    y();\n}\n"
ONE = Variant(name="One", rule="solvency", file="parts/A.sol", old="if (x)", new="if (!BROKEN && x)")
TWO = Variant(name="Two", rule="solvency", file="parts/A.sol", old="y();", new="if (!BROKEN) y();")


def test_each_patch_has_its_own_switch() -> None:
    text = patched({"parts/A.sol": SOURCE, "B.sol": "b"}, (ONE, TWO))
    assert "if (!Broken.on(1) && x) revert No();" in text["parts/A.sol"]
    assert "if (!Broken.on(2)) y();" in text["parts/A.sol"]
    assert 'import {Broken} from "../Broken.sol";' in text["parts/A.sol"]
    assert text["B.sol"] == "b"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (SOURCE.replace("if (x)", "if (z)"), "stands 0 times"),
        (SOURCE.replace("y();", "if (x) y();"), "stands 2 times"),
    ],
)
def test_a_patch_that_does_not_fit_is_refused(source: str, message: str) -> None:
    with pytest.raises(VariantsError, match=message):
        patched({"parts/A.sol": source}, (ONE,))


def test_a_file_that_is_gone_is_refused() -> None:
    with pytest.raises(VariantsError, match="One: `old` stands 0 times"):
        patched({}, (ONE,))


def test_two_patches_of_one_place_are_refused() -> None:
    again = Variant(name="Again", rule="solvency", file="parts/A.sol", old="(x) revert No", new="BROKEN")
    with pytest.raises(VariantsError, match="another variant changes the same place"):
        patched({"parts/A.sol": SOURCE}, (ONE, again))


def test_a_variant_without_a_test_is_refused() -> None:
    test = "function test_one() public {\n        _noticed(1, world.solvency.selector);"
    check_tested((ONE,), test)
    with pytest.raises(VariantsError, match="Two has no test"):
        check_tested((ONE, TWO), test)


def test_the_variants_fit_the_sources_and_every_rule_has_one() -> None:
    folder = ROOT / "tests" / "contracts"
    variants = read_variants((folder / "broken" / "variants.toml").read_text())
    check_tested(variants, (folder / "broken" / "Broken.t.sol").read_text())
    of_tabs = read_variants((folder / "broken" / "tabs.toml").read_text())
    tests = (folder / "broken" / "BrokenTabs.t.sol").read_text()
    check_tested(of_tabs, tests, first=len(variants) + 1, file="BrokenTabs.t.sol")
    patched(read_sources(ROOT / "contracts"), variants + of_tabs)
    play = (folder / "invariant" / "Play.sol").read_text()
    checked = {line.strip()[6:-3] for line in play.splitlines() if line.strip().endswith("();")}
    rules = {name for name in checked if f"world.{name}();" in play}
    assert len(rules) == 12
    assert {v.rule for v in variants} == rules
