"""A model of a node for the outbox: accounts, a pool, blocks, finality; and power cuts at any step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import rlp
from eth_hash.auto import keccak
from sqlalchemy.orm import Session

from oracle.chain.errors import (
    AlreadyKnownError,
    ChainError,
    NonceTooLowError,
    ReplacementUnderpricedError,
    RevertedError,
    RpcError,
)
from oracle.daemon.ports import Standing
from oracle.decide.lane import Fees
from oracle.decide.reorg import Heights
from oracle.domain.types import Address, Hash
from oracle.store.chain import Header
from oracle.store.database import Database
from oracle.store.outbox import MinedIn
from tests.databases import unsynced

FINALITY = 3  # blocks


class PowerCutError(BaseException):
    """The process is gone: nothing catches this but the test."""


@dataclass
class Cuts:
    """Counts the steps that leave a trace outside the process, and ends it before or after one of them."""

    at: int = 0
    moment: Literal["before", "after"] = "before"
    passed: int = 0

    def step(self) -> int:
        """Before a step; returns its number."""
        self.passed += 1
        if self.passed == self.at and self.moment == "before":
            raise PowerCutError
        return self.passed

    def done(self, number: int) -> None:
        """After step `number`."""
        if number == self.at and self.moment == "after":
            raise PowerCutError


class CutDatabase(Database):
    """A database whose every write is a step."""

    def __init__(self, url: str, cuts: Cuts) -> None:
        super().__init__(url)
        self._cuts = cuts
        unsynced(self)

    @contextmanager
    def write(self, *, many: bool = False) -> Iterator[Session]:
        """As `Database.write`; a cut before the commit undoes it, one after it does not."""
        with super().write(many=many) as session:
            yield session
            session.flush()
            number = self._cuts.step()
        self._cuts.done(number)


@dataclass(frozen=True)
class Sent:
    """A transaction as the node reads it."""

    hash: Hash
    nonce: int
    max_fee: int
    target: Address
    data: bytes


def read(raw: bytes) -> Sent:
    """Take an EIP-1559 transaction apart."""
    fields = rlp.decode(raw[1:])
    return Sent(
        hash="0x" + keccak(raw).hex(),
        nonce=int.from_bytes(fields[1], "big"),
        max_fee=int.from_bytes(fields[3], "big"),
        target="0x" + fields[5].hex(),
        data=fields[7],
    )


@dataclass
class ModelChain:
    """`ChainPort` as far as the outbox uses it, for one sender.

    `refuses` says why a call would revert, or None; `fails`: whether it fails although the estimate passed.
    """

    cuts: Cuts = field(default_factory=Cuts)
    blocks: list[list[Sent]] = field(default_factory=lambda: [[]])
    failed: set[Hash] = field(default_factory=set)
    pool: dict[int, Sent] = field(default_factory=dict)
    refuses: Callable[[bytes], str | None] = lambda _data: None
    fails: Callable[[bytes], bool] = lambda _data: False
    first_nonce: int = 0
    price: int = 100
    forgets: bool = False

    def mine(self) -> None:
        """Put what is in line into a block."""
        block: list[Sent] = []
        while (sent := self.pool.pop(self.nonce("0x", "latest") + len(block), None)) is not None:
            block.append(sent)
            if self.fails(sent.data):
                self.failed.add(sent.hash)
        self.blocks.append(block)

    def executed(self) -> list[bytes]:
        """Data of every call that was mined and did not fail, no-ops left out."""
        mined = [sent for block in self.blocks for sent in block]
        return [sent.data for sent in mined if sent.data and sent.hash not in self.failed]

    def header(self, number: int) -> Header:
        """Of a block there is."""
        return Header(number, _hash(number), _hash(number - 1), 1_000 + number)

    def heights(self) -> Heights:
        latest = len(self.blocks) - 1
        return Heights(latest, latest, max(0, latest - FINALITY), 1_000 + latest)

    def nonce(self, sender: Address, at: Literal["latest", "finalized"]) -> int:  # noqa: ARG002
        last = len(self.blocks) if at == "latest" else self.heights().finalized + 1
        return self.first_nonce + sum(len(block) for block in self.blocks[:last])

    def standing(self, sender: Address) -> Standing:
        fees = Fees(self.price, self.price // 10)
        return Standing(self.nonce(sender, "latest"), self.nonce(sender, "finalized"), fees)

    def estimates(self, sender: Address, calls: Sequence[tuple[Address, bytes]]) -> list[int | ChainError]:  # noqa: ARG002
        reasons = [self.refuses(data) for _target, data in calls]
        return [
            100_000 if reason is None else RevertedError(reason, name=None, args_by_name={}, data=b"")
            for reason in reasons
        ]

    def send_all(self, raws: Sequence[bytes]) -> list[RpcError | None]:
        fates: list[RpcError | None] = []
        for raw in raws:
            number = self.cuts.step()
            try:
                self._take(read(raw))
            except RpcError as error:
                fates.append(error)
            else:
                fates.append(None)
            self.cuts.done(number)
        return fates

    def _take(self, sent: Sent) -> None:
        if self.forgets:
            return
        if sent.nonce < self.nonce("0x", "latest"):
            raise NonceTooLowError("nonce too low")
        known = self.pool.get(sent.nonce)
        if known is not None and known.hash == sent.hash:
            raise AlreadyKnownError("already known")
        if known is not None and sent.max_fee * 10 < known.max_fee * 11:
            raise ReplacementUnderpricedError("replacement transaction underpriced")
        self.pool[sent.nonce] = sent

    def receipts(self, hashes: Sequence[Hash]) -> list[MinedIn]:
        return [
            MinedIn(sent.hash, number, _hash(number), sent.hash not in self.failed, 50_000, self.price)
            for number, block in enumerate(self.blocks)
            for sent in block
            if sent.hash in hashes
        ]

    def why_reverted(self, sender: Address, target: Address, data: bytes, block: int) -> str:  # noqa: ARG002
        return "as the model wants it"


def _hash(number: int) -> Hash:
    return "0x" + keccak(b"block" + number.to_bytes(8, "big", signed=True)).hex()
