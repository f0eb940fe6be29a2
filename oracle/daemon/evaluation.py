"""The evaluation pipeline as the daemon runs it: documents by hash, the draw's block, one record a key."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, Literal, TypeVar

from pydantic import Field

from oracle.daemon.loop import LoopThread
from oracle.daemon.ports import ChainPort, EvaluationResult, EvaluationTask, NotNowError
from oracle.daemon.recent import Recent
from oracle.decide.draw import quicknet_round
from oracle.domain.document import Document
from oracle.domain.errors import EarnestError
from oracle.domain.types import Address, Hash, Outcome
from oracle.durable.port import Steps
from oracle.evaluation.drand import RELAYS, fetch_quicknet
from oracle.evaluation.pipeline import JuryFactory, NotYetError, Task, evaluate, keep, measure
from oracle.evaluation.randomness import PublicRandomness
from oracle.evaluation.record import MAX_RECORD_BYTES, Anchor, EvaluationRecord, Subject, parse_record
from oracle.evidence.errors import EvidenceError
from oracle.evidence.store import ContentStore
from oracle.pact.document import Pact
from oracle.pact.measures import TestsMeasure
from oracle.pact.methodology import DrawRules, Methodology

MAX_DOCUMENT = 1_048_576  # bytes of a pact or methodology
_KEPT = 64  # documents kept parsed: many jobs are under the same few
_REMEMBERED = 1_000  # records of which is known whose they are
_SEARCHED = 64  # blocks looked at in one question for the draw's block
_Result = TypeVar("_Result")
_OUTCOMES = {"pass": Outcome.PASS, "fail": Outcome.FAIL, "lapse": Outcome.LAPSE}


class UndecidedNotice(Document):
    """Evidence where no evaluation could even begin: why the committee could not decide."""

    schema_: Literal["earnest/undecided/1"] = Field(alias="schema", default="earnest/undecided/1")
    evaluator: str
    job: str
    deliverable: str
    reason: str


class PipelineEvaluation:
    """`EvaluationPort` over `oracle.evaluation`.

    Args:
        store: Where pacts, methodologies, deliveries, materials and records lie, by hash.
        chain: For the block a draw comes from.
        jury: Makes the jury of a methodology; None: jury conditions stay undecided.
        relays: Where rounds of drand's quicknet are fetched.
    """

    def __init__(
        self,
        store: ContentStore,
        chain: ChainPort,
        *,
        chain_id: int,
        escrow: Address,
        jury: JuryFactory | None = None,
        relays: Sequence[str] = RELAYS,
    ) -> None:
        self._store = store
        self._chain = chain
        self._chain_id = chain_id
        self._escrow = escrow
        self._jury = jury
        self._relays = tuple(relays)
        self._loop = LoopThread()
        self._pacts: Recent[Pact] = Recent(_KEPT)
        self._made_for: Recent[Address] = Recent(_REMEMBERED)
        self._methodologies: Recent[Methodology] = Recent(_KEPT)

    def evaluate(self, task: EvaluationTask, steps: Steps) -> EvaluationResult:
        """See `EvaluationPort`. All checks are one step, and each criterion put to the jury is one.

        What is quick is done at once, without steps.
        """
        try:
            pact = self.pact(task.agreement.opening.pact)
            methodology = self.methodology(task.methodology)
        except EvidenceError as error:
            if not task.last_chance:
                raise NotNowError(f"the pact or the methodology cannot be had: {error.message}") from error
            return self._undecided(task, f"the pact or the methodology could not be had: {error.message}")
        except EarnestError as error:
            return self._undecided(task, f"what both sides signed cannot be measured: {error.message}")
        record = self._record(task, pact, methodology, steps)
        if not task.last_try and not task.last_chance and _not_retrievable(record):
            raise NotNowError("the delivery is at none of the places it may be")
        evidence = keep(record, self._store)
        self._made_for.put(evidence, task.evaluator)
        return EvaluationResult(_OUTCOMES[record.outcome], evidence, record.aggregation.reason)

    def is_quick(self, task: EvaluationTask) -> bool:
        """See `EvaluationPort`: a known pact of which nothing is put to a jury or run in a sandbox."""
        try:
            pact = self.pact(task.agreement.opening.pact)
        except EarnestError:
            return False
        return _is_quick(pact)

    def close(self) -> None:
        """Stop the loop the evaluations ran in."""
        self._loop.close()

    def evidence_for(self, evidence: Hash, evaluator: Address) -> Hash:
        """See `EvaluationPort`. The record is the same but for whose it is."""
        if self._made_for.get(evidence) == evaluator:
            return evidence
        data = self._store.get(evidence, max_bytes=MAX_RECORD_BYTES)
        try:
            record: Document = parse_record(data)
        except EarnestError:
            record = UndecidedNotice.parse(data)
        return self._store.put(record.model_copy(update={"evaluator": evaluator}).canonical())

    def _record(
        self, task: EvaluationTask, pact: Pact, methodology: Methodology, steps: Steps
    ) -> EvaluationRecord:
        terms = task.agreement.terms
        subject = Subject(
            job=task.job,
            committee=terms.committee,
            buyer=terms.buyer,
            provider=terms.provider,
            deliverable=task.deliverable,
            anchor=Anchor(
                chain_id=self._chain_id,
                escrow=self._escrow,
                block_number=task.anchor_block,
                block_hash=task.anchor_hash,
                timestamp=task.delivered_at,
            ),
        )

        asked = Task(subject, pact, methodology, task.evaluator)
        try:
            if _is_quick(pact):  # done in the time it would take to hand it to the loop, and to other threads
                return measure(asked, self._store, last_chance=task.last_chance)
            return self._loop.run(self._judged(asked, task, steps))
        except NotYetError as error:
            raise NotNowError(error.message) from error

    async def _judged(self, asked: Task, task: EvaluationTask, steps: Steps) -> EvaluationRecord:
        async def randomness() -> PublicRandomness:
            return await asyncio.to_thread(
                self.value_after, task.anchor_block, task.delivered_at, asked.methodology.draw
            )

        return await evaluate(
            asked,
            self._store,
            randomness=randomness,
            jury=self._jury,
            last_chance=task.last_chance,
            steps=steps,
        )

    def pact(self, content_hash: Hash) -> Pact:
        """A pact by its hash; raises an EarnestError where it cannot be had or read."""
        found = self._pacts.get(content_hash)
        if found is None:
            found = Pact.parse(self._document(content_hash), what="the pact")
            self._pacts.put(content_hash, found)
        return found

    def methodology(self, content_hash: Hash) -> Methodology:
        """A methodology by its hash; raises an EarnestError where it cannot be had or read."""
        found = self._methodologies.get(content_hash)
        if found is None:
            found = Methodology.parse(self._document(content_hash), what="the methodology")
            self._methodologies.put(content_hash, found)
        return found

    def _document(self, content_hash: Hash) -> bytes:
        return self._store.get(content_hash, max_bytes=MAX_DOCUMENT)

    def _undecided(self, task: EvaluationTask, reason: str) -> EvaluationResult:
        notice = UndecidedNotice(
            evaluator=task.evaluator, job=task.job, deliverable=task.deliverable, reason=reason[:2_000]
        )
        return EvaluationResult(Outcome.LAPSE, self._store.put(notice.canonical()), reason)

    def run(self, coroutine: Coroutine[Any, Any, _Result]) -> _Result:
        """Run it in the loop that all evaluations share."""
        return self._loop.run(coroutine)

    def value_after(self, anchor_block: int, anchored_at: int, rules: DrawRules) -> PublicRandomness:
        """The public random value for what was anchored at a time (Unix seconds).

        Raises:
            NotNowError, RandomnessError: it is not made yet, or cannot be had.
        """
        if rules.source == "drand-quicknet":
            return fetch_quicknet(quicknet_round(anchored_at, rules.delay_seconds), self._relays)
        return self._first_block(anchor_block, anchored_at + rules.delay_seconds)

    def _first_block(self, anchor: int, not_before: int) -> PublicRandomness:
        """The first block at or after the anchor that is not earlier than `not_before`, once it is safe."""
        safe = self._chain.heights().safe
        for start in range(anchor, safe + 1, _SEARCHED):
            for header in self._chain.headers(range(start, min(start + _SEARCHED, safe + 1))):
                if header is not None and header.timestamp >= not_before:
                    return PublicRandomness(
                        source="block-hash",
                        block_number=header.number,
                        block_hash=header.hash,
                        block_time=header.timestamp,
                    )
        raise NotNowError(f"no safe block is as late as {not_before}")


def _is_quick(pact: Pact) -> bool:
    return not any(each.is_jury or isinstance(each.measure, TestsMeasure) for each in pact.conditions)


def _not_retrievable(record: EvaluationRecord) -> bool:
    return any(problem.rule == "not-retrievable" for problem in record.intake.problems)
