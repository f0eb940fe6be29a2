"""The bench's forgeries are real ones: well-formed, hashed and signed, and found by recomputation alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from oracle.domain.canonical import keccak_hex
from oracle.domain.signatures import recover
from oracle.evaluation.record import parse_record
from scripts.jurybench.mutations import Mutation, changes, forge, hold, left_out, mutations
from scripts.jurybench.records import EVALUATOR, Recorded, records

RECORDS = (
    "jury passes",
    "jury fails",
    "jury cannot decide",
    "a passage left out",
    "checks in processes of their own",
    "a suite in the sandbox",
    "not as agreed",
    "a material nobody has",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recorded]:
    return {each.name: each for each in records(tmp_path_factory.mktemp("records"))}


def test_the_records_hold_every_method_and_outcome(made: dict[str, Recorded]) -> None:
    assert tuple(made) == RECORDS
    assert {each.record.outcome for each in made.values()} == {"pass", "fail", "lapse"}
    methods = {condition.method for each in made.values() for condition in each.record.conditions}
    assert methods >= {
        "json_schema",
        "cel",
        "pattern",
        "tests",
        "receipts",
        "exact",
        "numeric",
        "quotes",
        "jury",
    }
    section = made["jury passes"].record.conditions[-1].jury
    assert section is not None
    calls = [call for juror in section.section["jurors"] for call in juror["calls"]]
    assert any(len(call["attempts"]) > 1 for call in calls)  # a retry is among the evidence
    turned = made["a passage left out"].record.conditions[0].jury
    assert turned is not None
    assert turned.state == "passed"
    assert all("left out" in juror["note"] for juror in turned.section["jurors"])


@pytest.mark.parametrize("name", [name for name in RECORDS if name != "a suite in the sandbox"])
def test_an_honest_record_signed_anew_holds(made: dict[str, Recorded], name: str) -> None:
    forged = forge(made[name].record.as_json())
    assert hold(made[name], forged).differences == ()


def test_a_forgery_has_the_right_hash_and_signature(made: dict[str, Recorded]) -> None:
    recorded = made["not as agreed"]
    for mutation in mutations(recorded):
        forged = forge(mutation.value)
        assert forged.evidence == keccak_hex(forged.data) != recorded.record.hash()
        assert recover(forged.digest, forged.signature) == EVALUATOR
        assert parse_record(forged.data).canonical() == forged.data


@pytest.mark.parametrize("name", ["not as agreed", "a material nobody has"])
def test_every_change_to_a_small_record_is_found(made: dict[str, Recorded], name: str) -> None:
    found = mutations(made[name])
    assert len(found) > 80
    missed = [m.pointer for m in found if hold(made[name], forge(m.value)).holds]
    assert missed == []


def test_a_sample_of_the_jurys_section_is_found(made: dict[str, Recorded]) -> None:
    recorded = made["jury passes"]
    chosen = [m for m in mutations(recorded, 0, seed=9) if "/jury/section" in m.pointer][::4]
    assert len(chosen) > 15
    missed = [(m.pointer, m.what) for m in chosen if hold(recorded, forge(m.value)).holds]
    assert missed == []


def test_a_turned_answer_of_a_model_is_found(made: dict[str, Recorded]) -> None:
    recorded = made["jury passes"]
    turned = [change for change in changes(recorded) if change.what == "turned"]
    assert len(turned) >= 3
    (mutation,) = [m for m in mutations(recorded, 0, seed=1) if m.place == turned[0].place]
    assert mutation.what == "turned"
    found = hold(recorded, forge(mutation.value))
    condition = "/".join(mutation.pointer.split("/")[:3])
    assert any(difference.pointer.startswith(condition) for difference in found.differences)


def test_a_sample_takes_each_field_and_is_repeatable(made: dict[str, Recorded]) -> None:
    recorded = made["not as agreed"]
    everything = mutations(recorded)
    chosen = mutations(recorded, 0, seed=1)
    assert {m.place for m in chosen} == {m.place for m in everything}
    assert len(chosen) == len({m.place for m in chosen})
    more = mutations(recorded, 70, seed=1)
    assert len(more) == 70
    assert pointers(more) == pointers(mutations(recorded, 70, seed=1))
    assert pointers(more) != pointers(mutations(recorded, 70, seed=2))


def pointers(chosen: list[Mutation]) -> list[tuple[str, str]]:
    return [(m.pointer, m.what) for m in chosen]


def test_what_is_left_out_is_in_the_docs(made: dict[str, Recorded]) -> None:
    guide = (Path(__file__).resolve().parents[3] / "docs" / "evaluation.md").read_text(encoding="utf-8")
    patterns = [p.removeprefix("/conditions/*/jury/section") for p in left_out(made["jury passes"])]
    missing = [pattern for pattern in patterns if f"`{pattern}`" not in guide]
    assert missing == []
