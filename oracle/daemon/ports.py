"""What the daemon needs of the outside, as narrow as it can be: tests put a model of the chain here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

from oracle.chain.decoder import Occurrence
from oracle.chain.errors import ChainError, RpcError
from oracle.decide.lane import Fees
from oracle.decide.reorg import Heights
from oracle.domain.errors import EarnestError
from oracle.domain.terms import Agreement
from oracle.domain.types import Address, Hash, Outcome
from oracle.durable.port import Steps
from oracle.store.chain import Header
from oracle.store.outbox import MinedIn


class NotNowError(EarnestError):
    """An evaluation cannot be done now: something it needs is out of reach. It is tried again."""


Logged: TypeAlias = Occurrence
"""An event with where it was logged, as a node answered it."""


@dataclass(frozen=True, slots=True)
class LoggedRange:
    """Events between two blocks: in which blocks, how many, and they themselves, in order.

    They can be gone through once, and are decoded only then: each is looked at while it is in the processor's
    cache. A log that is no event raises DecodeError there.
    """

    blocks: Set[int]
    count: int
    events: Iterable[Logged]


class Standing(NamedTuple):
    """How many of an account's transactions are mined, and are final; fees for one of the next blocks."""

    nonce_latest: int
    nonce_final: int
    fees: Fees


class ChainPort(Protocol):
    """The chain, as the watcher and the outbox use it. Everything may raise an `RpcError`."""

    def heights(self) -> Heights:
        """The numbers of latest, safe and finalized, and latest's time."""
        ...

    def headers(self, numbers: Sequence[int]) -> list[Header | None]:
        """Headers by number, None where the node has none."""
        ...

    def logged(self, from_block: int, to_block: int) -> LoggedRange:
        """The escrow's events between two blocks, both included."""
        ...

    def standing(self, sender: Address) -> Standing:
        """Where a sending account stands."""
        ...

    def estimates(self, sender: Address, calls: Sequence[tuple[Address, bytes]]) -> list[int | ChainError]:
        """Gas limits for calls (target, data); the error in its place for one that would revert or failed."""
        ...

    def send_all(self, raws: Sequence[bytes]) -> list[RpcError | None]:
        """Hand over transactions, in order; for each None, or why the node refuses it."""
        ...

    def receipts(self, hashes: Sequence[Hash]) -> list[MinedIn]:
        """Those of the transactions that are mined."""
        ...

    def why_reverted(self, sender: Address, target: Address, data: bytes, block: int) -> str:
        """What a failed call says when it is run again on the state of a block."""
        ...


@dataclass(frozen=True, slots=True)
class EvaluationTask:
    """What is to be evaluated, and by which key.

    `last_try`: a delivery that nobody has now is judged as not retrievable. `last_chance`: the time for a
    verdict is nearly over; what cannot be had now leaves the outcome undecided.
    """

    job: Hash
    agreement: Agreement
    methodology: Hash
    evaluator: Address
    deliverable: Hash
    delivered_at: int
    anchor_block: int
    anchor_hash: Hash
    last_try: bool
    last_chance: bool


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """What an evaluation came to. `evidence` is the record's hash; the record is stored already."""

    outcome: Outcome
    evidence: Hash
    reason: str


class EvaluationPort(Protocol):
    """The evaluation of one delivery: fetch, check, ask, record."""

    def evaluate(self, task: EvaluationTask, steps: Steps) -> EvaluationResult:
        """Evaluate and store the record. After a crash it is called again, with the steps that have finished.

        Raises:
            NotNowError: it cannot be done now; try again later.
        """
        ...

    def is_quick(self, task: EvaluationTask) -> bool:
        """Whether it takes a moment only, so that it may share a run with others."""
        ...

    def evidence_for(self, evidence: Hash, evaluator: Address) -> Hash:
        """The evidence of another key of this process that stands behind the same evaluation."""
        ...
