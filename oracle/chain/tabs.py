"""The tab contract and the handover beside it: typed reads, and what they logged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from oracle.chain.abi import load_abi
from oracle.chain.client import Client, Tag
from oracle.chain.errors import BadAnswerError, ChainError, DecodeError, RangeTooWideError
from oracle.chain.quantities import RawLog
from oracle.chain.tab_decoder import TabOccurrence, decode_tab_logs
from oracle.domain.tab import tabs_domain
from oracle.domain.tab_terms import Phase
from oracle.domain.typed import Domain
from oracle.domain.types import Address, Basis, Hash, Outcome

_HANDED = load_abi("Handover").events["Handed"].topic


class HandedOver(NamedTuple):
    """A document that somebody named for a tab's evaluators, and where."""

    tab: Hash
    by: Address
    document: Hash
    block_number: int
    block_hash: Hash
    log_index: int


@dataclass(frozen=True, slots=True)
class TabView:
    """What is stored of a tab (Solidity `ITabs.TabView`, in its order; `begin` is its `from`)."""

    phase: Phase
    closing: bool
    last: bool
    defaulted: bool
    members: int
    balance: int
    settled_count: int
    settled_amount: int
    period: int
    end: int
    begin: int
    deadline: int
    mark: Hash
    set: int
    count: int
    amount: int
    outcome: Outcome
    basis: Basis
    payable: int
    unpaid: int


class Tabs:
    """The tab contract of one chain, read through one client.

    Args:
        handover: Where documents are named.
    """

    def __init__(self, rpc: Client, address: Address, chain_id: int, handover: Address) -> None:
        self.rpc = rpc
        self.address = address
        self.handover = handover
        self.domain: Domain = tabs_domain(chain_id, address)

    def check(self) -> None:
        """Refuse addresses where there is no contract.

        Raises:
            ChainError: there is none.
        """
        for name, address in (("tabs.contract", self.address), ("tabs.handover", self.handover)):
            if not self.rpc.code(address):
                raise ChainError(
                    f"there is no contract at {address}",
                    field=name,
                    next_step="check the address, the chain, and that the contracts are deployed",
                )

    def state(self, tab: Hash, *, block: Tag = "latest") -> TabView:
        """What is stored of a tab; one that was never opened has the phase NONE.

        Raises:
            BadAnswerError: there is another contract.
        """
        function = load_abi("Tabs").functions["tabState"]
        answer = self.rpc.eth_call(self.address, function.encode(bytes.fromhex(tab[2:])), block=block)
        try:
            values = list(function.decode(answer)[0])
            values[0], values[12] = Phase(values[0]), "0x" + values[12].hex()
            values[16], values[17] = Outcome(values[16]), Basis(values[17])
            return TabView(*values)
        except ValueError as error:
            raise BadAnswerError(
                f"tabState of {self.address} returned something else than expected", field="tabState"
            ) from error

    def events(self, start: int, end: int, *, tab: Hash | None = None) -> list[TabOccurrence]:
        """What the tab contract logged between two blocks, both included, in order.

        Raises:
            RangeTooWideError: refused even for a single block.
            DecodeError: a log is none of it.
        """
        topics = None if tab is None else [None, tab]
        return decode_tab_logs(self._logs(self.address, start, end, topics), self.address)

    def handed(self, start: int, end: int, *, tab: Hash | None = None) -> list[HandedOver]:
        """The documents that were named between two blocks, both included, in order. Raises as `events`."""
        topics = [_HANDED] if tab is None else [_HANDED, tab]
        return [self._handed(log) for log in self._logs(self.handover, start, end, topics)]

    def _handed(self, log: RawLog) -> HandedOver:
        if log.address != self.handover or len(log.topics) != 3 or len(log.data) != 66:
            raise DecodeError(f"a log of {log.address} is not one of a document handed over", field="topics")
        return HandedOver(
            log.topics[1],
            "0x" + log.topics[2][26:],
            log.data,
            log.block_number,
            log.block_hash,
            log.log_index,
        )

    def _logs(self, address: Address, start: int, end: int, topics: Sequence[Any] | None) -> list[RawLog]:
        if start > end:
            return []
        try:
            return list(self.rpc.logs(address, start, end, topics))
        except RangeTooWideError:
            if start == end:
                raise
            middle = (start + end) // 2
            return [
                *self._logs(address, start, middle, topics),
                *self._logs(address, middle + 1, end, topics),
            ]


def hand(tab: Hash, document: Hash) -> bytes:
    """Calldata of the handover's `hand`."""
    words = bytes.fromhex(tab[2:]), bytes.fromhex(document[2:])
    return load_abi("Handover").functions["hand"].encode(*words)
