"""The examples are what they say: sound pacts, true hashes, and deliveries that fare as their READMEs tell.

Only what code can decide is decided here; the one jury condition is put to a juror elsewhere.
"""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

import pytest

from oracle.evaluation.checks.base import CheckInputs, CheckResult
from oracle.evaluation.checks.nursery import sitting
from oracle.evaluation.checks.run import run_check
from oracle.evaluation.intake import Intake, take_in
from oracle.evidence.store import ContentStore
from oracle.pact.delivery import Declaration
from oracle.pact.document import Pact
from oracle.pact.lint import lint
from oracle.pact.methodology import FetchLimits, Limits, Methodology
from oracle.pact.packing import check_materials, hand_over, pack, publish, read_folder

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NAMES = ["code", "extraction", "prose"]
needs_sandbox = pytest.mark.skipif(
    shutil.which("bwrap") is None, reason="needs bubblewrap, which is not installed"
)


@cache
def pact(example: str) -> Pact:
    return Pact.parse((EXAMPLES / example / "pact.json").read_bytes(), what=example)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ContentStore:
    """A store into which every example's pact and materials were published."""
    kept = ContentStore(tmp_path_factory.mktemp("store"))
    for example in NAMES:
        publish(pact(example), EXAMPLES / example / "materials", kept)
    return kept


def intake(store: ContentStore, example: str, who: str) -> Intake:
    """One delivery, handed over as a provider does and taken in as an evaluator does."""
    promise, folder = pact(example), EXAMPLES / example / "deliveries" / who
    if (raw := folder / "manifest.json").is_file():
        anchored = store.put(raw.read_bytes())
    else:
        declared = Declaration.parse((folder / "declared.json").read_bytes())
        packed = pack(folder / "files", pact=promise.hash(), declared=declared)
        hand_over(packed, store)
        anchored = packed.hash
    return take_in(store, promise, anchored, FetchLimits())


def results(store: ContentStore, example: str, who: str) -> dict[str, CheckResult]:
    """The deterministic conditions of a pact, measured on one delivery."""
    taken = intake(store, example, who)
    assert (taken.problems, taken.obstacles) == ((), ())
    party = "0x" + "11" * 20
    job = "0x" + "22" * 32
    with sitting() as place:
        return {
            condition.id: run_check(
                condition.measure,
                CheckInputs(taken.files, taken.materials, Limits(), party, party, job, sitting=place),
            )
            for condition in pact(example).conditions
            if not condition.is_jury
        }


def states(store: ContentStore, example: str, who: str) -> dict[str, str]:
    return {name: result.state for name, result in results(store, example, who).items()}


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
def test_code_careful__everything_holds(store: ContentStore) -> None:
    found = results(store, "code", "careful")
    assert {result.state for result in found.values()} == {"passed"}, found["hidden-tests-pass"]


@needs_sandbox
def test_code_careless__hidden_tests_find_it_and_the_form_does_not(store: ContentStore) -> None:
    found = states(store, "code", "careless")
    assert found["hidden-tests-pass"] == "failed"
    assert found["interface-kept"] == "passed"


@needs_sandbox
@pytest.mark.parametrize("who", ["attack", "attack-equal"])
def test_code_attack__tests_fail_whatever_the_code_does_to_its_process(store: ContentStore, who: str) -> None:
    found = results(store, "code", who)
    assert found["hidden-tests-pass"].state == "failed", found["hidden-tests-pass"]
    assert found["interface-kept"].state == "passed"
    assert not any(
        "conftest" in path or "sitecustomize" in path for path in found["hidden-tests-pass"].inputs
    )


def test_code_outside__is_refused_by_name_and_nothing_is_fetched(store: ContentStore) -> None:
    taken = intake(store, "code", "outside")
    (problem,) = taken.problems
    assert problem.rule == "bad-manifest"
    assert problem.field == "files.0.path"
    assert "authorized_keys" in problem.message
    assert taken.files == {}


def test_extraction_careful__everything_holds(store: ContentStore) -> None:
    assert set(states(store, "extraction", "careful").values()) == {"passed"}


def test_extraction_careless__each_slip_is_found(store: ContentStore) -> None:
    assert states(store, "extraction", "careless") == {
        "valid-form": "passed",
        "totals-add-up": "failed",
        "totals-are-right": "failed",
        "largest-total": "passed",
        "sorted-by-number": "passed",
        "austrian-date-read-right": "failed",
    }


def test_extraction_attack__sums_that_add_up_are_not_the_books(store: ContentStore) -> None:
    found = states(store, "extraction", "attack")
    assert found["valid-form"] == "passed"
    assert found["totals-add-up"] == "passed"
    assert found["totals-are-right"] == "failed"


def test_extraction_attack_twice__a_key_given_twice_fails_what_reads_it(
    store: ContentStore,
) -> None:
    assert set(states(store, "extraction", "attack-twice").values()) == {"failed"}


@pytest.mark.parametrize("who", ["careful", "careless", "attack"])
def test_prose__form_holds_for_all_three_so_that_a_reader_must_decide(store: ContentStore, who: str) -> None:
    assert set(states(store, "prose", who).values()) == {"passed"}
