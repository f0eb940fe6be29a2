"""A record that the chain contradicts does not hold, and the line is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from oracle.chain.quantities import Block
from oracle.cli.verify_chain import ChainFacts, Posted, hold_against
from oracle.evaluation.record import EvaluationRecord
from tests.unit.evaluation.builders import (
    ANCHORED_AT,
    EVALUATOR,
    JURY_CONDITION,
    block_randomness,
    make_case,
)

OTHER = "0x" + "99" * 32


@pytest.fixture
def record(tmp_path: Path) -> EvaluationRecord:
    return make_case(tmp_path, conditions=[JURY_CONDITION]).judge(None, block_randomness)


def facts(record: EvaluationRecord) -> ChainFacts:
    """What an honest chain says of it."""
    assert record.draw is not None
    value = record.draw.randomness
    assert value.block_number is not None
    block = Block(value.block_number, str(value.block_hash), OTHER, ANCHORED_AT + 30, 0)
    parent = replace(block, number=block.number - 1, timestamp=ANCHORED_AT + 28)
    posted = {record.hash(): Posted((EVALUATOR, "0x" + "01" * 20), record.outcome)}
    return ChainFacts(record.subject, record.pact, record.methodology, posted, block, parent)


def pointers(record: EvaluationRecord, changed: ChainFacts) -> list[str]:
    return [difference.pointer for difference in hold_against(record, record.hash(), changed)[0]]


def test_an_honest_record_holds(record: EvaluationRecord) -> None:
    assert hold_against(record, record.hash(), facts(record)) == ([], [])


def test_each_contradiction_is_named(record: EvaluationRecord) -> None:
    said = facts(record)
    assert said.block is not None
    assert said.parent is not None
    evidence = record.hash()
    buyer = record.subject.model_copy(update={"buyer": "0x" + "98" * 20})
    assert pointers(record, replace(said, subject=buyer)) == ["/subject/buyer"]
    assert pointers(record, replace(said, pact=OTHER)) == ["/pact"]
    assert pointers(record, replace(said, methodology=OTHER)) == ["/methodology"]
    assert pointers(record, replace(said, posted={OTHER: said.posted[evidence]})) == [""]
    stranger = {evidence: Posted(("0x" + "77" * 20,), record.outcome)}
    assert pointers(record, replace(said, posted=stranger)) == ["/evaluator"]
    otherwise = {evidence: Posted((EVALUATOR,), "pass")}
    assert pointers(record, replace(said, posted=otherwise)) == ["/aggregation/outcome"]
    assert pointers(record, replace(said, block=None)) == ["/draw/randomness/block_number"]
    forged = replace(said.block, hash=OTHER)
    assert pointers(record, replace(said, block=forged)) == ["/draw/randomness/block_hash"]
    later = replace(said.parent, timestamp=ANCHORED_AT + 30)
    assert pointers(record, replace(said, parent=later)) == ["/draw/randomness/block_number"]


def test_before_any_attestation_it_is_a_note(record: EvaluationRecord) -> None:
    differences, notes = hold_against(record, record.hash(), replace(facts(record), posted={}))
    assert (differences, notes) == ([], ["no attestation of this job is on chain yet"])
