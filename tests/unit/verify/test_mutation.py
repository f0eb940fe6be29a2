"""Mutants: how they are cut out, spread, merged, counted; and the committed result."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from scripts.verify.mutation import result as results
from scripts.verify.mutation.campaign import spread
from scripts.verify.mutation.merge import merge
from scripts.verify.mutation.mutants import Body, Mutant, cut, mutated_files, sources_hash, without_note
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


def test_the_hash_of_the_sources_is_of_their_code(tmp_path: Path) -> None:
    file = tmp_path / "contracts" / "A.sol"
    file.parent.mkdir()
    file.write_text("contract A { uint256 a = 1; }")
    first = sources_hash(tmp_path)
    file.write_text("/* a comment\n of two lines */ contract A {\n    uint256 a = 1; // one\n}\n")
    assert sources_hash(tmp_path) == first
    file.write_text("contract A { uint256 a = 2; }")
    assert sources_hash(tmp_path) != first


def test_interfaces_are_not_mutated() -> None:
    files = mutated_files()
    assert "contracts/parts/Jobs.sol" in files
    assert not [f for f in files if "/interfaces/" in f]


def summary(killed: int, of: int) -> results.Result:
    rows = [(mutant(f"{i:03}", "contracts/A.sol"), i < killed) for i in range(of)]
    return results.summarise("aa", 1, 2 * of, of, rows, {"009": "changes nothing that can be seen"})


def test_a_result_counts_and_names_survivors() -> None:
    found = summary(9, 10)
    assert (found.mutants, found.killed, found.score) == (10, 9, 0.9)
    assert found.by_file["contracts/A.sol"] == results.Count(tried=10, killed=9)
    assert [(s.key, s.reason) for s in found.survivors] == [("009", "changes nothing that can be seen")]
    results.require(found)


def test_too_many_survivors_fail() -> None:
    with pytest.raises(VerifyError, match="89 of 100 killed, wanted 90%"):
        results.require(summary(89, 100))


def test_nothing_tried_is_not_a_pass() -> None:
    with pytest.raises(VerifyError):
        results.require(summary(0, 0))
