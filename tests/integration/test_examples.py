"""The examples are what they say: sound pacts, true hashes, and deliveries that fare as their READMEs tell.

Only what code can decide is decided here; the one jury condition is put to a juror elsewhere.
"""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

import pytest

from oracle.domain.document import DocumentError
from oracle.evaluation.checks.base import CheckInputs, CheckResult
from oracle.evaluation.checks.run import run_check
from oracle.pact.delivery import Declaration, DeliveryManifest
from oracle.pact.document import Pact
from oracle.pact.handover import check_handover
from oracle.pact.lint import lint
from oracle.pact.methodology import Limits, Methodology
from oracle.pact.packing import check_materials, pack, read_folder

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NAMES = ["code", "extraction", "prose"]
needs_sandbox = pytest.mark.skipif(
    shutil.which("bwrap") is None, reason="needs bubblewrap, which is not installed"
)


@cache
def pact(example: str) -> Pact:
    return Pact.parse((EXAMPLES / example / "pact.json").read_bytes(), what=example)


def results(example: str, who: str) -> dict[str, CheckResult]:
    """The deterministic conditions of a pact, measured on one delivery."""
    promise, folder = pact(example), EXAMPLES / example / "deliveries" / who
    declared = Declaration.parse((folder / "declared.json").read_bytes())
    packed = pack(folder / "files", pact=promise.hash(), declared=declared)
    manifest = DeliveryManifest.parse_named(packed.manifest, packed.hash)
    handover = check_handover(promise, manifest)
    assert handover.as_agreed, handover.problems
    files = {
        file.path: packed.blobs[file.keccak256] for file in manifest.files if file.path in handover.asked
    }
    materials = dict(read_folder(EXAMPLES / example / "materials"))
    party = "0x" + "11" * 20
    return {
        condition.id: run_check(
            condition.measure,
            CheckInputs(files, materials, Limits(), buyer=party, provider=party, job="0x" + "22" * 32),
        )
        for condition in promise.conditions
        if not condition.is_jury
    }


def states(example: str, who: str) -> dict[str, str]:
    return {name: result.state for name, result in results(example, who).items()}


@pytest.mark.parametrize("example", NAMES)
def test_pact__is_sound_and_names_its_materials(example: str) -> None:
    assert lint(pact(example)) == ()
    assert check_materials(pact(example), EXAMPLES / example / "materials") == ()
    named = {material.path for material in pact(example).materials}
    assert named == {path for path, _ in read_folder(EXAMPLES / example / "materials")}


def test_methodology__demo__is_valid_and_one_juror_is_its_minimum() -> None:
    methodology = Methodology.parse((EXAMPLES / "methodology" / "demo.json").read_bytes())
    assert methodology.jury.minimum_jurors == 1
    assert [juror.provider for juror in methodology.jury.jurors] == ["local"]


def test_prose__only_one_condition_is_for_a_reader() -> None:
    assert [condition.id for condition in pact("prose").conditions if condition.is_jury] == [
        "answers-under-policy"
    ]
    assert not any(
        condition.is_jury for name in ("code", "extraction") for condition in pact(name).conditions
    )


@needs_sandbox
def test_code_careful__everything_holds() -> None:
    found = results("code", "careful")
    assert {result.state for result in found.values()} == {"passed"}, found["hidden-tests-pass"]


@needs_sandbox
def test_code_careless__hidden_tests_find_it_and_the_form_does_not() -> None:
    found = states("code", "careless")
    assert found["hidden-tests-pass"] == "failed"
    assert found["interface-kept"] == "passed"


@needs_sandbox
@pytest.mark.parametrize("who", ["attack", "attack-equal"])
def test_code_attack__tests_fail_whatever_the_code_does_to_its_process(who: str) -> None:
    found = results("code", who)
    assert found["hidden-tests-pass"].state == "failed", found["hidden-tests-pass"]
    assert found["interface-kept"].state == "passed"
    assert not any(
        "conftest" in path or "sitecustomize" in path for path in found["hidden-tests-pass"].inputs
    )


def test_code_outside__is_refused_by_name() -> None:
    data = (EXAMPLES / "code" / "deliveries" / "outside" / "manifest.json").read_bytes()
    with pytest.raises(DocumentError, match="authorized_keys") as caught:
        DeliveryManifest.parse(data)
    assert caught.value.field == "files.0.path"


def test_extraction_careful__everything_holds() -> None:
    assert set(states("extraction", "careful").values()) == {"passed"}


def test_extraction_careless__each_slip_is_found() -> None:
    assert states("extraction", "careless") == {
        "valid-form": "passed",
        "totals-add-up": "failed",
        "totals-are-right": "failed",
        "largest-total": "passed",
        "sorted-by-number": "passed",
        "austrian-date-read-right": "failed",
    }


def test_extraction_attack__sums_that_add_up_are_not_the_books() -> None:
    found = states("extraction", "attack")
    assert found["valid-form"] == "passed"
    assert found["totals-add-up"] == "passed"
    assert found["totals-are-right"] == "failed"


def test_extraction_attack_twice__a_key_given_twice_fails_every_condition_that_reads_it() -> None:
    assert set(states("extraction", "attack-twice").values()) == {"failed"}


@pytest.mark.parametrize("who", ["careful", "careless", "attack"])
def test_prose__form_holds_for_all_three_so_that_a_reader_must_decide(who: str) -> None:
    assert set(states("prose", who).values()) == {"passed"}
