"""A job whose pact, delivery and store are made from a few words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from oracle.domain.canonical import canonical_bytes, keccak_hex
from oracle.evaluation.checks.base import CheckInputs, CheckResult
from oracle.evaluation.checks.nursery import sitting
from oracle.evaluation.checks.run import run_check
from oracle.evaluation.pipeline import JuryFactory, RandomnessSource, Task, evaluate
from oracle.evaluation.randomness import PublicRandomness
from oracle.evaluation.record import Anchor, EvaluationRecord, Subject
from oracle.evidence.store import ContentStore
from oracle.pact.delivery import DeliveryManifest
from oracle.pact.document import Condition
from oracle.pact.methodology import Limits
from tests.unit.pact.builders import condition, methodology, pact

BUYER, PROVIDER, EVALUATOR = "0x" + "b1" * 20, "0x" + "b2" * 20, "0x" + "e1" * 20
JOB = "0x" + "11" * 32
ANCHORED_AT = 1_790_000_000
NOTHING = {"minutes": 0, "what": "none"}

OUT = {"total": 3, "name": "ok"}
CONDITIONS = [
    condition(
        "form",
        method="exact",
        file="out.json",
        pointer="/total",
        expected={"source": "value", "value": 3},
    ),
    condition(
        "sum",
        "major",
        method="numeric",
        file="out.json",
        pointer="/total",
        expected={"source": "value", "value": "3"},
    ),
]
JURY_CONDITION = condition("reads-well", method="jury", criterion="It reads well.", files=["out.json"])


def checked(measure: Mapping[str, Any], files: Mapping[str, bytes], **more: Any) -> CheckResult:
    """Run one check over the given files. `materials`, `limits`, `buyer`, `provider`, `job` may be given."""
    parsed = Condition.model_validate_json(json.dumps(condition("c", **measure)))
    inputs: dict[str, Any] = {
        "files": files,
        "materials": {},
        "limits": Limits(),
        "buyer": BUYER,
        "provider": PROVIDER,
        "job": JOB,
    } | more
    with sitting() as place:
        return run_check(parsed.measure, CheckInputs(**inputs, sitting=place))


@dataclass
class Case:
    """A task and the store that has what it needs."""

    task: Task
    store: ContentStore

    def judge(
        self,
        jury: JuryFactory | None = None,
        randomness: RandomnessSource | None = None,
        *,
        last_chance: bool = False,
    ) -> EvaluationRecord:
        """The record of judging it."""
        return asyncio.run(
            evaluate(self.task, self.store, jury=jury, randomness=randomness, last_chance=last_chance)
        )


def make_case(
    tmp_path: Path,
    *,
    conditions: list[dict[str, Any]] | None = None,
    files: Mapping[str, bytes] | None = None,
    materials: Mapping[str, bytes] | None = None,
    manifest: Mapping[str, Any] | None = None,
    source: str = "block-hash",
    **pact_changes: Any,
) -> Case:
    """A delivered job. `manifest` changes the manifest's fields."""
    store = ContentStore(tmp_path / "evidence")
    delivered = {"out.json": json.dumps(OUT).encode()} if files is None else dict(files)
    entries = [
        {"path": path, "bytes": len(data), "keccak256": store.put(data)} for path, data in delivered.items()
    ]
    given = [
        {"path": path, "bytes": len(data), "keccak256": store.put(data)}
        for path, data in (materials or {}).items()
    ]
    promise = pact(
        conditions=conditions or CONDITIONS,
        evidence=[{"path": path} for path in delivered] or [{"path": "out.json"}],
        materials=given,
        **pact_changes,
    )
    document = {
        "schema": "earnest/delivery/1",
        "pact": promise.hash(),
        "files": entries,
        "declared": {
            "models": [{"family": "acme", "model": "acme-1"}],
            "human_help": NOTHING,
            "rescue_work": NOTHING,
        },
    } | dict(manifest or {})
    try:
        data = DeliveryManifest.model_validate_json(json.dumps(document)).canonical()
    except ValidationError:  # a test of what is no manifest
        data = canonical_bytes(document)
    deliverable = store.put(data)
    anchor = Anchor(
        chain_id=31337,
        escrow="0x" + "ee" * 20,
        block_number=10,
        block_hash="0x" + "bb" * 32,
        timestamp=ANCHORED_AT,
    )
    subject = Subject(
        job=JOB,
        committee="0x" + "cc" * 32,
        buyer=BUYER,
        provider=PROVIDER,
        deliverable=deliverable,
        anchor=anchor,
    )
    rules = methodology(draw={"source": source, "delay_seconds": 30})
    return Case(Task(subject, promise, rules, EVALUATOR), store)


async def block_randomness() -> PublicRandomness:
    """A block after the delay."""
    return PublicRandomness(
        source="block-hash",
        block_number=30,
        block_hash=keccak_hex(b"a block"),
        block_time=ANCHORED_AT + 30,
    )
