"""The examples from store to record and back: judged as a daemon does, recomputed as a stranger would."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from oracle.evaluation.pipeline import Task, evaluate, keep
from oracle.evaluation.record import MAX_RECORD_BYTES, Anchor, EvaluationRecord, Subject
from oracle.evaluation.verify import verify
from oracle.evidence.store import ContentStore
from oracle.pact.delivery import Declaration
from oracle.pact.document import Pact
from oracle.pact.methodology import Methodology
from oracle.pact.packing import hand_over, pack, read_folder

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
needs_sandbox = pytest.mark.skipif(
    shutil.which("bwrap") is None, reason="needs bubblewrap, which is not installed"
)


def judged(example: str, who: str, store: ContentStore) -> tuple[Subject, EvaluationRecord]:
    pact = Pact.parse((EXAMPLES / example / "pact.json").read_bytes())
    for _, data in read_folder(EXAMPLES / example / "materials"):
        store.put(data)
    folder = EXAMPLES / example / "deliveries" / who
    packed = pack(
        folder / "files",
        pact=pact.hash(),
        declared=Declaration.parse((folder / "declared.json").read_bytes()),
    )
    hand_over(packed, store)
    subject = Subject(
        job="0x" + "11" * 32,
        committee="0x" + "22" * 32,
        buyer="0x" + "33" * 20,
        provider="0x" + "44" * 20,
        deliverable=packed.hash,
        anchor=Anchor(
            chain_id=31337,
            escrow="0x" + "55" * 20,
            block_number=7,
            block_hash="0x" + "66" * 32,
            timestamp=1_790_000_000,
        ),
    )
    methodology = Methodology.parse((EXAMPLES / "methodology" / "demo.json").read_bytes())
    task = Task(subject, pact, methodology, "0x" + "77" * 20)
    return subject, asyncio.run(evaluate(task, store))


@pytest.mark.parametrize(
    ("example", "who", "outcome"),
    [
        pytest.param("code", "careful", "pass", marks=needs_sandbox),
        pytest.param("code", "careless", "fail", marks=needs_sandbox),
        pytest.param("code", "attack", "fail", marks=needs_sandbox),
        pytest.param("code", "attack-equal", "fail", marks=needs_sandbox),
        ("extraction", "careful", "pass"),
        ("extraction", "careless", "fail"),
        ("extraction", "attack", "fail"),
        ("extraction", "attack-twice", "fail"),
        ("prose", "careful", "lapse"),  # its reader's condition has no jury here
    ],
)
def test_examples_end_as_their_readmes_say_and_verify(
    tmp_path: Path, example: str, who: str, outcome: str
) -> None:
    store = ContentStore(tmp_path / "evidence")
    subject, record = judged(example, who, store)
    assert record.outcome == outcome, record.aggregation
    evidence = keep(record, store)
    again = verify(
        store.get(evidence, max_bytes=MAX_RECORD_BYTES),
        store,
        expected_hash=evidence,
        subject=subject,
        evaluator=record.evaluator,
    )
    assert again.differences == ()
