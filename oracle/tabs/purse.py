"""The buyer's side of one tab: its ledger over its log, without HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from oracle.domain.tab import Tally
from oracle.domain.typed import Domain
from oracle.domain.types import Party
from oracle.signing.signer import Signer
from oracle.tabs.buyer import BuyerLedger
from oracle.tabs.errors import GapError, RootMismatchError
from oracle.tabs.exchange import hash_of
from oracle.tabs.log import TabLog
from oracle.tabs.reading import LogError
from oracle.tabs.records import ABANDONED, CONTRADICTION, UNANSWERED, Asked, Entry, Note, Served, Signed
from oracle.tabs.rules import Account, Rules
from oracle.tabs.signing import require_key, sign
from oracle.tabs.wire import Given


class Purse:
    """What a buyer pays one tab from.

    Args:
        account: What the chain says of the tab.
        domain: Of the tab contract.
        log: Where everything is kept; written, for this tab, by this purse alone.
        signer: The buyer's key.
        clock: Unix seconds.

    Raises:
        ContractAccountError: it is not the key of the tab's buyer, which may be a contract.
    """

    def __init__(
        self,
        account: Account,
        domain: Domain,
        log: TabLog,
        signer: Signer,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        require_key(signer.address, account.buyer, "buyer")
        self.account = account
        self.domain = domain
        self.log = log
        self.rules = Rules(maximum=account.ceiling, in_flight=1)
        self.newest: Signed | None = log.signed(account.tab)
        self.left: set[int] = set()
        """Calls without an answer that nobody waits for: of an earlier process, or given up."""
        self._signer = signer
        self._clock = clock
        self._messages: dict[int, bytes] = {}  # responses that wait for one before them
        self._ledger: BuyerLedger | None = None

    @property
    def ledger(self) -> BuyerLedger:
        """Where the tab stands; read from the log at first, and after the log did not take something."""
        if self._ledger is None:
            head = self.log.head(self.account.tab)
            pending = [asked.call for asked in self.log.pending(self.account.tab)]
            self._ledger = BuyerLedger(
                self.domain,
                self.account,
                self.rules,
                frontier=head.frontier,
                amount=head.amount,
                root=head.tally(self.account.tab).root,
                calls=pending,
                next_number=head.next_number,
            )
            self.left = {call.number for call in pending}
            for note in self.log.notes(self.account.tab):
                if note.kind == CONTRADICTION:
                    self._ledger.stopped = f"the provider contradicted itself in call {note.number}"
            self._messages.clear()
        return self._ledger

    @property
    def tally(self) -> Tally:
        """The newest tally that was signed."""
        return self.newest.tally if self.newest else Tally.empty(self.account.tab)

    def agree(self, rules: Rules) -> None:
        """Keep to the rules of the provider's newest offer."""
        self.rules = self.ledger.rules = rules

    async def call(self, message: bytes, price: int) -> Asked:
        """A new call, signed and on disk.

        Args:
            message: The request's (`exchange.Request.encode`).
            price: The most it may cost, in base units.

        Raises:
            RefusedError: see `BuyerLedger.call`.
            LogError: it could not be stored, and must not be sent.
        """
        call = self.ledger.call(hash_of(message), price, int(self._clock()))
        asked = Asked(call, sign(self._signer, self.domain, call), message)
        try:
            await self._stored(asked)
        except asyncio.CancelledError:
            self.left.add(call.number)
            raise
        return asked

    async def accept(self, number: int, given: Given, status: int, message: bytes) -> None:
        """Take an answer; returns once it is on disk and signed for, or waits for one before it.

        Args:
            message: The response's (`exchange.Response.encode`), as it really came.

        Raises:
            RefusedError: see `BuyerLedger.accept`.
            LogError: it could not be stored, and is not signed for.
        """
        try:
            done = self.ledger.accept(
                number,
                given.receipt,
                given.tally,
                bytes.fromhex(given.signature[2:]),
                hash_of(message),
                status,
                int(self._clock()),
            )
        except (GapError, RootMismatchError):
            await self._note(number, CONTRADICTION, given.model_dump_json().encode())
            raise
        self.left.discard(number)
        self._messages[number] = message
        if not done:
            return
        tally = self.ledger.tally()
        signed = Signed(Party.BUYER, tally, sign(self._signer, self.domain, tally))
        served = [
            Served(
                item.call.number,
                item.receipt,
                item.tally,
                item.signature,
                self._messages.pop(item.call.number),
                item.frontier,
            )
            for item in done
        ]
        await self._stored(*served, signed)
        if tally.count > self.tally.count:
            self.newest = signed

    async def abandon(self, number: int, why: str) -> None:
        """Note that the provider will never answer a call."""
        await self._note(number, ABANDONED, why.encode())
        self.ledger.abandon(number)
        self.left.discard(number)

    async def complain(self, number: int, why: str) -> None:
        """Note that the provider did not answer a call; it is asked for again before the next one."""
        self.left.add(number)
        await self._note(number, UNANSWERED, why.encode())

    async def _note(self, number: int, kind: str, document: bytes) -> None:
        await self._stored(Note(self.account.tab, number, kind, int(self._clock()), document))

    async def _stored(self, *entries: Entry) -> None:
        try:
            await self.log.store(*entries)
        except LogError:
            self._ledger = None
            raise
