"""The ABIs the package carries: current where artifacts exist, and complete."""

from __future__ import annotations

import pytest

from oracle.chain.abi import load_abi
from oracle.chain.explanations import EXPLANATIONS, explain
from oracle.chain.tab_explanations import TAB_EXPLANATIONS, explain_tab
from scripts import export_abi

MISSING = [path for path in (*export_abi.ARTIFACTS.values(), *export_abi.HALVES) if not path.exists()]


@pytest.mark.skipif(bool(MISSING), reason="the contracts are not built here; `make test` builds them first")
@pytest.mark.parametrize("name", sorted(export_abi.ARTIFACTS))
def test_the_packaged_abi_is_the_compiler_s(name: str) -> None:
    packaged = (export_abi.ABI_FOLDER / f"{name}.json").read_text(encoding="utf-8")
    assert packaged == export_abi.exported(name, export_abi.ARTIFACTS[name]), (
        "run: python scripts/export_abi.py"
    )


def test_every_error_of_the_contract_is_explained_and_nothing_else() -> None:
    assert {error.name for error in load_abi("Escrow").errors.values()} == set(EXPLANATIONS)


def test_every_explanation_reads_as_a_sentence() -> None:
    samples = {"bytes32": b"\x11" * 32, "address": "0x" + "22" * 20, "string": "gated"}
    for error in load_abi("Escrow").errors.values():
        values = {f: samples.get(t, 1) for f, t in zip(error.fields, error.inputs, strict=True)}
        sentence, next_step = explain(error.name, values)
        assert "{" not in sentence + (next_step or "")
        assert len(sentence.split()) >= 4, sentence


def test_every_error_of_the_tab_contract_is_explained_and_nothing_else() -> None:
    samples = {"bytes32": b"ceiling".ljust(32, b"\0"), "uint256": 1, "uint8": 2}
    shared = load_abi("Escrow").errors
    own = [each for selector, each in load_abi("Tabs").errors.items() if selector not in shared]
    assert {each.name for each in own} == set(TAB_EXPLANATIONS)
    for error in own:
        values = {f: samples[t] for f, t in zip(error.fields, error.inputs, strict=True)}
        assert "{" not in "".join(explain_tab(error.name, values))


def test_selectors_and_topics_are_those_of_the_standard() -> None:
    usdc = load_abi("USDC").functions
    assert usdc["balanceOf"].selector.hex() == "70a08231"
    assert usdc["approve"].selector.hex() == "095ea7b3"
    assert usdc["transfer"].encode("0x" + "11" * 20, 5).hex() == "a9059cbb" + "11".rjust(
        26, "0"
    ) + "11" * 19 + ("5".rjust(64, "0"))


def test_decoding_what_is_too_short_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="do not decode"):
        load_abi("USDC").functions["balanceOf"].decode(b"\x00" * 31)
