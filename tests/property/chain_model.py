"""A chain in memory that reorgs, with an escrow of a few lines, for the state machine of the daemon."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import rlp
from eth_hash.auto import keccak

from oracle.chain import calls
from oracle.chain.errors import (
    AlreadyKnownError,
    ChainError,
    NonceTooLowError,
    ReplacementUnderpricedError,
    RevertedError,
    RpcError,
    RpcUnavailableError,
    SendError,
)
from oracle.daemon.ports import Logged, LoggedRange, Standing
from oracle.decide.lane import GWEI, Fees
from oracle.decide.reorg import Heights
from oracle.domain import events
from oracle.domain.signatures import recover
from oracle.domain.terms import Agreement
from oracle.domain.typed import opening_hash
from oracle.domain.types import Address, Basis, Ending, Hash, Outcome, State
from oracle.store.chain import Header
from oracle.store.outbox import MinedIn

SPACING = 2  # seconds between blocks
SAFE, FINAL = 2, 4  # blocks behind the head


@dataclass(frozen=True)
class Sent:
    """A transaction of the daemon's, as the pool sees it."""

    tx_hash: Hash
    sender: Address
    nonce: int
    max_fee: int
    data: bytes


@dataclass(frozen=True)
class Act:
    """Something others did: open or deliver."""

    event: events.EscrowEvent


@dataclass(frozen=True)
class ModelBlock:
    """A block and what it holds."""

    header: Header
    items: tuple[Act | Sent, ...]


@dataclass
class JobModel:
    """The escrow's slot of a job."""

    agreement: Agreement
    state: State = State.OPEN
    deliverable: Hash | None = None
    outcome: Outcome = Outcome.NONE
    deadline: int = 0


@dataclass
class StateModel:
    """Everything that follows from a chain of blocks."""

    jobs: dict[Hash, JobModel] = field(default_factory=dict)
    nonces: dict[Address, int] = field(default_factory=dict)
    receipts: dict[Hash, MinedIn] = field(default_factory=dict)
    logged: list[Logged] = field(default_factory=list)


class RefusedError(Exception):
    """The escrow reverts."""


class ChainModel:
    """`ChainPort` over a list of blocks. `faults`: how many more calls until one fails; None: never."""

    def __init__(self, on_send: Callable[[bytes], None]) -> None:
        self._salt = 0
        self.blocks = [ModelBlock(self._header(0, "0x" + "00" * 32, 1_000), ())]
        self.pool: dict[tuple[Address, int], Sent] = {}
        self.pending: list[Act] = []
        self.fault_in: int | None = None
        self._on_send = on_send

    # --- what the world does ---------------------------------------------------------------------

    def mine(self, count: int = 1) -> None:
        """Blocks with everything that is valid now."""
        for _ in range(count):
            state = self.state()
            parent = self.blocks[-1].header
            header = self._header(parent.number + 1, parent.hash, parent.timestamp + SPACING)
            items: list[Act | Sent] = []
            for act in self.pending:
                if self._apply(state, act, header, len(items)):
                    items.append(act)
            self.pending = []
            for key in sorted(self.pool):
                sent = self.pool[key]
                if state.nonces.get(sent.sender, 0) == sent.nonce:
                    self._apply(state, sent, header, len(items))
                    items.append(sent)
            self.blocks.append(ModelBlock(header, tuple(items)))
            done = self.state().nonces
            self.pool = {k: s for k, s in self.pool.items() if s.nonce >= done.get(s.sender, 0)}

    def reorg(self, depth: int, *, keep_acts: bool, keep_sent: bool) -> None:
        """Replace the last blocks by as many and one more; what was in them goes back, or is lost."""
        depth = min(depth, len(self.blocks) - 1)
        orphaned = self.blocks[len(self.blocks) - depth :]
        self.blocks = self.blocks[: len(self.blocks) - depth]
        for block in orphaned:
            for item in block.items:
                if isinstance(item, Act):
                    if keep_acts:
                        self.pending.append(item)
                elif keep_sent:
                    self.pool.setdefault((item.sender, item.nonce), item)
        self.mine(depth + 1)

    def state(self, upto: int | None = None) -> StateModel:
        """What the chain says at a block."""
        state = StateModel()
        for block in self.blocks:
            if upto is not None and block.header.number > upto:
                break
            for index, item in enumerate(block.items):
                self._apply(state, item, block.header, index)
        return state

    # --- the escrow ------------------------------------------------------------------------------

    def _apply(self, state: StateModel, item: Act | Sent, header: Header, index: int) -> bool:
        happened: list[events.EscrowEvent] = []
        ok = True
        tx_hash = item.tx_hash if isinstance(item, Sent) else keccak_of(header.hash, index)
        try:
            if isinstance(item, Act):
                happened = self._others(state, item.event)
            elif item.data:
                happened = self.call(state, item.data, header.timestamp)
        except RefusedError:
            ok = False
        if isinstance(item, Sent):
            state.nonces[item.sender] = item.nonce + 1
            state.receipts[tx_hash] = MinedIn(tx_hash, header.number, header.hash, ok, 50_000, GWEI)
        state.logged += [
            Logged(event, header.number, header.hash, tx_hash, index * 10 + position)
            for position, event in enumerate(happened)
        ]
        return ok

    def _others(self, state: StateModel, event: events.EscrowEvent) -> list[events.EscrowEvent]:
        if isinstance(event, events.JobOpened):
            if event.job in state.jobs:
                raise RefusedError
            state.jobs[event.job] = JobModel(event.agreement)
        elif isinstance(event, events.Delivered):
            job = state.jobs.get(event.job)
            if job is None or job.state is not State.OPEN or job.deliverable is not None:
                raise RefusedError
            job.deliverable = event.deliverable
        return [event]

    def call(self, state: StateModel, data: bytes, timestamp: int) -> list[events.EscrowEvent]:
        """What a call of the daemon's does; raises RefusedError where the contract would revert."""
        found = [
            (name, job)
            for name, job in state.jobs.items()
            if bytes.fromhex(opening_hash(job.agreement.opening)[2:]) in data
        ]
        if not found:
            raise RefusedError
        name, job = found[0]
        terms, opening = job.agreement.terms, job.agreement.opening
        lapse = calls.lapse(terms, opening_hash(opening))
        settle = calls.settle(terms, opening_hash(opening), pay_out=True)
        if data == lapse:
            limit = opening.deliver_by if job.deliverable is None else terms.judge_by
            if job.state is not State.OPEN or timestamp < limit:
                raise RefusedError
            outcome = Outcome.FAIL if job.deliverable is None else Outcome.LAPSE
            basis = Basis.NO_SHOW if job.deliverable is None else Basis.SILENCE
            job.state, job.outcome, job.deadline = State.JUDGED, outcome, timestamp + terms.challenge
            return [events.Lapsed(name, outcome, basis, 1, job.deadline)]
        if data == settle:
            if job.state is not State.JUDGED or timestamp < job.deadline:
                raise RefusedError
            job.state = State.CLOSED
            return [events.JobClosed(name, job.outcome, Ending.SETTLED, 0, 0, 0, 1, 3)]
        if job.state is not State.OPEN or job.deliverable is None or timestamp >= terms.judge_by:
            raise RefusedError
        if bytes.fromhex(job.deliverable[2:]) not in data:
            raise RefusedError
        job.state, job.outcome, job.deadline = State.JUDGED, Outcome.PASS, timestamp + terms.challenge
        return [events.Judged(name, Outcome.PASS, 1, job.deadline, ("0x" + "ee" * 32,))]

    # --- what a node answers ---------------------------------------------------------------------

    def heights(self) -> Heights:
        self._maybe_fail()
        head = self.blocks[-1].header
        return Heights(head.number, max(0, head.number - SAFE), max(0, head.number - FINAL), head.timestamp)

    def headers(self, numbers: Sequence[int]) -> list[Header | None]:
        self._maybe_fail()
        return [self.blocks[n].header if 0 <= n < len(self.blocks) else None for n in numbers]

    def logged(self, from_block: int, to_block: int) -> LoggedRange:
        self._maybe_fail()
        found = [item for item in self.state().logged if from_block <= item.block_number <= to_block]
        return LoggedRange({item.block_number for item in found}, len(found), iter(found))

    def standing(self, sender: Address) -> Standing:
        self._maybe_fail()
        final = self.state(self.blocks[-1].header.number - FINAL)
        return Standing(self.state().nonces.get(sender, 0), final.nonces.get(sender, 0), Fees(2 * GWEI, GWEI))

    def estimates(self, _sender: Address, calls: Sequence[tuple[Address, bytes]]) -> list[int | ChainError]:
        self._maybe_fail()
        return [self._estimate(data) for _target, data in calls]

    def _estimate(self, data: bytes) -> int | ChainError:
        try:
            self.call(self.state(), data, self.blocks[-1].header.timestamp + SPACING)
        except RefusedError:
            return RevertedError("it would revert", name="WrongState", args_by_name={}, data=b"")
        return 100_000

    def send_all(self, raws: Sequence[bytes]) -> list[RpcError | None]:
        fates: list[RpcError | None] = []
        for raw in raws:
            try:
                self._send(raw)
            except SendError as error:
                fates.append(error)
            else:
                fates.append(None)
        return fates

    def _send(self, raw: bytes) -> None:
        self._maybe_fail()
        self._on_send(raw)
        sent = decode(raw)
        if self.state().nonces.get(sent.sender, 0) > sent.nonce:
            raise NonceTooLowError("nonce too low")
        known = self.pool.get((sent.sender, sent.nonce))
        if known == sent:
            raise AlreadyKnownError("already known")
        if known is not None and sent.max_fee * 10 < known.max_fee * 11:
            raise ReplacementUnderpricedError("replacement transaction underpriced")
        self.pool[sent.sender, sent.nonce] = sent
        self._maybe_fail()  # taken, but the answer is lost

    def receipts(self, hashes: Sequence[Hash]) -> list[MinedIn]:
        self._maybe_fail()
        found = self.state().receipts
        return [found[item] for item in hashes if item in found]

    def why_reverted(self, *_arguments: object) -> str:
        return "reverted"

    def _maybe_fail(self) -> None:
        if self.fault_in is None:
            return
        self.fault_in -= 1
        if self.fault_in < 0:
            self.fault_in = None
            raise RpcUnavailableError("the node does not answer")

    def _header(self, number: int, parent: Hash, timestamp: int) -> Header:
        self._salt += 1
        return Header(number, keccak_of(parent, self._salt), parent, timestamp)


def keccak_of(text: str, number: int) -> Hash:
    """A hash that tells its arguments apart."""
    return "0x" + keccak(f"{text}/{number}".encode()).hex()


def decode(raw: bytes) -> Sent:
    """An EIP-1559 transaction, sender recovered."""
    fields = rlp.decode(raw[1:])
    digest = "0x" + keccak(b"\x02" + rlp.encode(fields[:9])).hex()
    signature = (
        fields[10].rjust(32, b"\0")
        + fields[11].rjust(32, b"\0")
        + bytes([27 + int.from_bytes(fields[9], "big")])
    )
    return Sent(
        tx_hash="0x" + keccak(raw).hex(),
        sender=recover(digest, signature),
        nonce=int.from_bytes(fields[1], "big"),
        max_fee=int.from_bytes(fields[3], "big"),
        data=bytes(fields[7]),
    )
