"""Mutants: how they are cut out, spread, merged, counted; and the committed result."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from scripts.verify.mutation import result as results
from scripts.verify.mutation.campaign import Choice, outcome, spread
from scripts.verify.mutation.merge import merge
from scripts.verify.mutation.mutants import Body, Mutant, code_hashes, cut, mutated_files, without_note
from scripts.verify.mutation.reach import reached
from scripts.verify.mutation.state import UNBUILT, State
from scripts.verify.tools import VerifyError

SOURCE = b"""contract C {
    function f(uint256 a) external pure returns (uint256) {
        return a + 1;
    }

    function g() external {
        h();
    }
}
"""
F = Body("C.f", SOURCE.index(b"{\n        return"), SOURCE.index(b"}\n\n") + 1)
G = Body("C.g", SOURCE.index(b"{\n        h"), SOURCE.index(b"}\n}") + 1)


def changed(before: bytes, after: bytes, note: bytes = b"") -> Mutant:
    text = SOURCE.replace(before, note + after, 1)
    return cut("contracts/C.sol", "BinaryOpMutation", SOURCE, text, [F, G], Counter())


def mutant(key: str, file: str) -> Mutant:
    return Mutant(key, file, "BinaryOpMutation", "C.f", 1, 0, 0, b"", "a", "b", None)


def test_a_mutant_is_an_edit_within_its_body() -> None:
    m = changed(b"a + 1", b"a - 1")
    assert (m.body, m.where, m.line, m.text) == (F, "C.f", 3, b"-")
    assert m.applied(SOURCE) == SOURCE.replace(b"a + 1", b"a - 1")
    assert (m.before, m.after) == ("return a + 1;", "return a - 1;")


def test_gambits_note_is_no_part_of_the_change() -> None:
    note = b"        /// BinaryOpMutation(`+` |==> `-`) of: `a + 1`\n        return"
    mutated = SOURCE.replace(b"a + 1", b"a - 1")
    assert without_note(mutated.replace(b"        return", note)) == mutated
    assert without_note(mutated) == mutated


def test_a_key_outlives_moved_lines_and_tells_equal_changes_apart() -> None:
    m = changed(b"a + 1", b"a - 1")
    moved = b"// new\n" + SOURCE
    again = cut(
        "contracts/C.sol",
        "BinaryOpMutation",
        moved,
        moved.replace(b"a + 1", b"a - 1"),
        [Body("C.f", F.start + 7, F.end + 7)],
        Counter(),
    )
    assert (again.key, again.line) == (m.key, m.line + 1)
    counts: Counter[str] = Counter()
    text = SOURCE.replace(b"a + 1", b"a - 1")
    first = cut("contracts/C.sol", "BinaryOpMutation", SOURCE, text, [F], counts)
    second = cut("contracts/C.sol", "BinaryOpMutation", SOURCE, text, [F], counts)
    assert first.key != second.key


def test_a_change_outside_of_every_body_has_none() -> None:
    m = changed(b"external pure", b"public pure")
    assert m.body is None
    with pytest.raises(VerifyError, match="outside of every body"):
        merge("contracts/C.sol", SOURCE, [(1, m)])


def test_merged_mutants_stand_side_by_side() -> None:
    minus, times = changed(b"a + 1", b"a - 1"), changed(b"a + 1", b"a * 1")
    gone = changed(b"h();", b"assert(true);")
    merged = merge("contracts/C.sol", SOURCE, [(1, minus), (2, times), (3, gone)])
    own = {span.number: merged.text[span.start : span.end] for span in merged.spans}
    assert own[1] == SOURCE[F.start : F.end].replace(b"+", b"-")
    assert own[2] == SOURCE[F.start : F.end].replace(b"+", b"*")
    assert own[3] == b"{\n        assert(true);\n    }"
    text = merged.text.decode()
    assert "if (Mutant.from(1, 2)) { if (Mutant.is_(1)) {" in text
    assert text.count("a + 1") == 2, "the original, for another's number and for none"
    assert 'import {Mutant} from "./Mutant.sol";' in text
    assert text.startswith("contract C {\n    function f(uint256 a) external pure")


def test_a_place_named_by_the_compiler_is_a_mutants() -> None:
    merged = merge("contracts/C.sol", SOURCE, [(1, changed(b"+", b"-")), (2, changed(b"+", b"*"))])
    lines = merged.text.decode().split("\n")
    for number, sign in ((1, "a - 1"), (2, "a * 1")):
        line = next(i for i, text in enumerate(lines, 1) if sign in text)
        assert merged.numbers_at(line, lines[line - 1].index(sign) + 1) == [number]
    assert merged.numbers_at(1, 1) == []


@pytest.mark.parametrize("file", ["contracts/parts/C.sol", "contracts/a/b/C.sol"])
def test_the_switch_is_found_from_deeper_folders(file: str) -> None:
    text = merge(file, SOURCE, [(1, changed(b"+", b"-"))]).text.decode()
    assert f'from "{"../" * (file.count("/") - 1)}Mutant.sol"' in text


def test_every_beginning_is_spread_in_proportion() -> None:
    many = [mutant(f"{i:03}", "contracts/Big.sol") for i in range(90)]
    few = [mutant(f"x{i}", "contracts/Small.sol") for i in range(10)]
    first = spread([*many, *few], seed=1)
    assert {m.key for m in first} == {m.key for m in (*many, *few)}
    for length in (20, 50, 80):
        small = sum(m.file == "contracts/Small.sol" for m in first[:length])
        assert abs(small - length / 10) <= 1
    assert spread([*few, *many], seed=1) == first, "the order they come in makes no difference"
    assert spread([*many, *few], seed=2) != first


def test_a_new_contract_does_not_change_the_order_of_the_others() -> None:
    old = [mutant(f"{i:03}", f"contracts/{'AB'[i % 2]}.sol") for i in range(40)]
    new = [mutant(f"n{i}", "contracts/tabs/C.sol") for i in range(7)]
    assert [m for m in spread([*old, *new], seed=1) if m in old] == spread(old, seed=1)


def test_a_hash_is_of_one_contracts_code(tmp_path: Path) -> None:
    file = tmp_path / "contracts" / "A.sol"
    file.parent.mkdir()
    file.write_text("contract A { uint256 a = 1; }")
    (tmp_path / "contracts" / "B.sol").write_text("contract B {}")
    first = code_hashes(tmp_path)
    assert set(first) == {"contracts/A.sol", "contracts/B.sol"}
    file.write_text("/* a comment\n of two lines */ contract A {\n    uint256 a = 1; // one\n}\n")
    assert code_hashes(tmp_path) == first
    file.write_text("contract A { uint256 a = 2; }")
    second = code_hashes(tmp_path)
    assert second["contracts/A.sol"] != first["contracts/A.sol"]
    assert second["contracts/B.sol"] == first["contracts/B.sol"]


def test_what_was_tried_is_known_until_its_contract_changes(tmp_path: Path) -> None:
    path, codes = tmp_path / "deep" / "tried.jsonl", {"contracts/A.sol": "aa", "contracts/B.sol": "bb"}
    a, b = mutant("1", "contracts/A.sol"), mutant("2", "contracts/B.sol")
    state = State(path, codes)
    assert not state.knows(a)
    state.note(a, "test_a")
    state.note(b, None)
    again = State(path, {**codes, "contracts/B.sol": "cc"})
    assert again.knows(a)
    assert again.killer(a) == "test_a"
    assert not again.knows(b)
    assert again.hints() == {"1": "test_a"}
    again.forget([a])
    assert not again.knows(a)
    again.note(a, "test_b")
    assert State(path, codes).killer(a) == "test_b", "the last word counts"


def test_a_run_that_ends_early_is_a_sample_of_the_beginning(tmp_path: Path) -> None:
    changes = [mutant(str(i), "contracts/A.sol") for i in range(8)]
    state = State(tmp_path / "tried.jsonl", {"contracts/A.sol": "aa"})
    for i, killer in ((0, "test_a"), (2, UNBUILT), (3, None), (4, "test_b"), (6, None)):
        state.note(changes[i], killer)
    choice = Choice(tuple(changes), frozenset({"1"}), {"contracts/A.sol": 20})
    found = outcome(choice, state, 1, {"contracts/A.sol": "aa"}, {})
    assert (found.mutants, found.killed, found.refused, found.looked_at, found.changes) == (4, 2, 2, 8, 20)
    assert [s.key for s in found.survivors] == ["3", "6"]
    assert found.what == "a seeded sample: 4 of the 6 mutants among the first 8 of 20 changes"
    assert found.interval == results.wilson(2, 4)


def test_interfaces_are_not_mutated() -> None:
    files = mutated_files()
    assert "contracts/parts/Jobs.sol" in files
    assert not [f for f in files if "/interfaces/" in f]


def summary(killed: int, of: int) -> results.Result:
    rows = [(mutant(f"{i:03}", "contracts/A.sol"), i < killed) for i in range(of)]
    file = "contracts/A.sol"
    reasons = {"009": "changes nothing visible"}
    return results.summarise(1, {file: 2 * of}, {file: "aa"}, (2 * of, of), rows, reasons)


def test_a_result_counts_and_names_survivors() -> None:
    found = summary(9, 10)
    assert (found.mutants, found.killed, found.score) == (10, 9, 0.9)
    assert found.by_file["contracts/A.sol"] == results.File(tried=10, killed=9, code="aa", changes=20)
    assert [(s.key, s.reason) for s in found.survivors] == [("009", "changes nothing visible")]
    assert found.what == "every mutant"
    assert found.interval == (0.9, 0.9), "nothing is estimated where all were tried"
    results.require(found)


def test_new_and_changed_contracts_are_told_apart() -> None:
    found = summary(9, 10)
    assert results.changed_since(found, {"contracts/A.sol": "aa"}) == []
    assert results.changed_since(found, {"contracts/A.sol": "bb"}) == ["contracts/A.sol"]
    assert results.changed_since(found, {}) == ["contracts/A.sol"]
    assert results.untried(found, {"contracts/A.sol": "bb", "contracts/B.sol": "cc"}) == ["contracts/B.sol"]


@pytest.mark.parametrize(
    ("killed", "tried", "low", "high"),
    # As scipy gives them: binomtest(killed, tried).proportion_ci(method="wilson").
    [(9, 10, 0.5958, 0.9821), (10, 10, 0.7225, 1.0), (0, 10, 0.0, 0.2775), (0, 0, 0.0, 1.0)],
)
def test_the_interval_of_a_sample(killed: int, tried: int, low: float, high: float) -> None:
    assert results.wilson(killed, tried) == (low, high)


def test_too_many_survivors_fail() -> None:
    with pytest.raises(VerifyError, match="89 of 100 killed, wanted 90%"):
        results.require(summary(89, 100))


def test_nothing_tried_is_not_a_pass() -> None:
    with pytest.raises(VerifyError):
        results.require(summary(0, 0))


def test_a_test_reaches_what_it_imports_and_deploys(tmp_path: Path) -> None:
    sources = {
        "contracts/Escrow.sol": 'import {Word} from "./libraries/Word.sol";',
        "contracts/libraries/Word.sol": "",
        "contracts/lens/Lens.sol": 'import "../libraries/Word.sol";',
        "contracts/Panel.sol": "",
        "tests/contracts/Fixture.sol": 'vm.deployCode("Escrow.sol:Escrow", 1);',
        "tests/contracts/Job.t.sol": 'import {Fixture} from "./Fixture.sol";',
        "tests/contracts/Lens.t.sol": 'functions("Lens.sol/Lens.json");',
    }
    for file, text in sources.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    job, lens = "tests/contracts/Job.t.sol", "tests/contracts/Lens.t.sol"
    word = "contracts/libraries/Word.sol"
    assert reached(tmp_path) == {
        job: {job, "tests/contracts/Fixture.sol", "contracts/Escrow.sol", word},
        lens: {lens, "contracts/lens/Lens.sol", word},
    }


def test_every_contract_is_reached_by_a_test() -> None:
    reach = reached()
    assert [file for file in mutated_files() if not any(file in found for found in reach.values())] == []
