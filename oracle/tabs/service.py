"""The provider of many tabs: their ledgers over one log. What the middleware asks, without HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from oracle.domain.errors import EarnestError
from oracle.domain.tab import Call, Tally
from oracle.domain.typed import Domain
from oracle.domain.types import Address, Hash, Party
from oracle.signing.signer import Signer
from oracle.tabs.errors import NotCoveredError, NumberError, UnknownTabError, UnreadableTabError
from oracle.tabs.exchange import hash_of
from oracle.tabs.log import LogFullError, TabLog
from oracle.tabs.provider import ProviderLedger
from oracle.tabs.reading import LogError
from oracle.tabs.records import ABANDONED, Answer, Asked, Note, Served, Signed
from oracle.tabs.rules import MAX_NUMBER, Account, Rules
from oracle.tabs.signing import check, sign

log = structlog.get_logger(__name__)

Accounts = Callable[[Hash], Awaitable[Account | None]]
"""What the chain says of a tab; None for one that is not open with this provider.

Raises an EarnestError where the chain cannot be asked.
"""

REFRESH = 30.0  # seconds after which the chain is asked again
STALE = 300.0  # seconds for which what it said last is good, while it cannot be asked
_NEW = "use a new number"
UNKNOWN_KEPT = 4_096  # tabs that are known not to be open


@dataclass
class _Tab:
    ledger: ProviderLedger
    asked_at: float
    known_at: float
    unsaved: Signed | None = None
    answers: dict[int, asyncio.Future[Answer | None]] = field(default_factory=dict)
    called_off: set[int] = field(default_factory=set)
    dead: bool = False  # ahead of the log, which did not take something


@dataclass(frozen=True, slots=True)
class Admitted:
    """A call that is let in: it is ended by `Service.answer` or `Service.release`."""

    tab: _Tab
    call: Call
    signature: bytes
    message: bytes
    price: int


class Service:
    """A provider's side of all its tabs.

    Args:
        log: Where everything is kept.
        signer: The provider's key.
        domain: Of the tab contract.
        accounts: See `Accounts`.
        rules: What is asked of every buyer.
        clock: Unix seconds.
    """

    def __init__(
        self,
        log: TabLog,
        signer: Signer,
        domain: Domain,
        accounts: Accounts,
        rules: Rules,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.domain = domain
        self.rules = rules
        self.signer = signer
        self._log = log
        self._accounts = accounts
        self._clock = clock
        self._tabs: dict[Hash, _Tab] = {}
        self._unknown: dict[Hash, float] = {}
        self._loading = asyncio.Lock()

    @property
    def largest(self) -> int:
        """Bytes of the largest message that can be stored."""
        return self._log.limits.message

    async def admit(
        self,
        call: Call,
        signature: bytes,
        tally: Tally | None,
        tally_signature: bytes,
        message: bytes,
        price: int,
    ) -> Admitted | Answer:
        """Let a call in, or give the answer it had before.

        Args:
            message: The request's (`exchange.Request.encode`).
            price: Base units asked for it.

        Raises:
            RefusedError: one of its kinds, by name.
            UnreadableTabError: the chain cannot be asked, and has not been for `STALE` seconds.
            LogFullError: nothing more can be stored.
        """
        tab = await self._tab(call.tab)
        if call.request != hash_of(message):
            raise NumberError(
                f"the call is for request {call.request}; this is {hash_of(message)}",
                field="call.request",
                next_step="sign method, target, content type and body exactly as they are sent",
            )
        before = await self._before(tab, call, signature)
        if before is not None:
            return before
        if self._log.full:
            raise LogFullError(
                "the service's log is full", next_step="settle this tab, and open another later"
            )
        now = int(self._clock())
        if tally is not None:
            self._take(tab, tally, tally_signature)
        if now - tab.known_at > STALE:  # what was served before is still answered and signed for
            raise _unreadable(call.tab)
        try:
            tab.ledger.admit(call, signature, price, now)
        except NotCoveredError:
            # It may have been topped up since.
            await self._refresh(tab, call.tab)
            if (before := await self._before(tab, call, signature)) is not None:
                return before
            tab.ledger.admit(call, signature, price, now)
        tab.answers[call.number] = asyncio.get_running_loop().create_future()
        return Admitted(tab, call, signature, message, price)

    async def answer(self, admitted: Admitted, status: int, message: bytes, price: int) -> Answer:
        """Give a call its receipt; returns once that is on disk.

        Args:
            message: The response's (`exchange.Response.encode`).
            price: Base units; at most what it was let in with.

        Raises:
            LogError: it could not be stored: nothing may be sent, and nothing is owed.
        """
        call, tab = admitted.call, admitted.tab
        if tab.dead:
            raise LogError("the log did not take what came before this call", next_step="call again")
        receipt, tally = tab.ledger.record(call, hash_of(message), status, price, int(self._clock()))
        signature = sign(self.signer, self.domain, tally)
        answer = Answer(call, admitted.signature, receipt, tally, signature, message)
        served = Served(call.number, receipt, tally, signature, message, tab.ledger.frontier)
        taken = [tab.unsaved] if tab.unsaved else []
        tab.unsaved = None
        asked = Asked(call, admitted.signature, admitted.message)
        stored = self._log.store(asked, served, *taken)

        def conclude(stored: asyncio.Future[None]) -> None:
            failed = stored.cancelled() or stored.exception() is not None
            if failed and not tab.dead:
                # The ledger is ahead of the log: the next call reads it anew.
                tab.dead = True
                self._tabs.pop(call.tab, None)
            tab.answers.pop(call.number).set_result(None if failed else answer)

        stored.add_done_callback(conclude)
        await asyncio.shield(stored)
        return answer

    def release(self, admitted: Admitted) -> None:
        """A call came to nothing; it may be made again, and nothing is owed."""
        tab = admitted.tab
        tab.ledger.release(admitted.call.number)
        waiting = tab.answers.pop(admitted.call.number, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)
        if tab.unsaved is not None:
            self._log.append(tab.unsaved)
            tab.unsaved = None

    async def take(self, tally: Tally, signature: bytes) -> Tally:
        """Take a buyer's tally by itself; returns, once it is on disk, the newest that it signed.

        Raises:
            RefusedError: one of its kinds, by name.
        """
        tab = await self._tab(tally.tab)
        self._take(tab, tally, signature)
        if tab.unsaved is not None:
            unsaved, tab.unsaved = tab.unsaved, None
            await self._log.store(unsaved)
        return tab.ledger.signed

    async def again(self, call: Call, signature: bytes) -> Answer | None:
        """The answer to a call; None where there is none, and then there never will be.

        Raises:
            RefusedError: one of its kinds, by name.
        """
        tab = await self._tab(call.tab)
        check(self.domain, call, signature, tab.ledger.account.buyer, field="callSignature")
        if call.number > MAX_NUMBER:
            raise NumberError(f"the number {call.number} is too large", field="call.number")
        if self._is_called_off(tab, call):
            return None
        before = await self._before(tab, call, signature)
        if before is None:
            tab.called_off.add(call.number)
            tab.ledger.next_number = max(tab.ledger.next_number, call.number + 1)
            note = Note(call.tab, call.number, ABANDONED, int(self._clock()))
            await self._log.store(note)
        return before

    async def buyer(self, tab: Hash) -> Address:
        """The tab's buyer."""
        return (await self._tab(tab)).ledger.account.buyer

    async def _before(self, tab: _Tab, call: Call, signature: bytes) -> Answer | None:
        """What came of the call before, waiting for it while it is served."""
        waiting = tab.answers.get(call.number)
        if waiting is not None:
            answer = await asyncio.wait_for(asyncio.shield(waiting), self.rules.timeout)
        elif call.number < tab.ledger.next_number:
            if self._is_called_off(tab, call):
                raise NumberError(f"call {call.number} was called off", field="call.number", next_step=_NEW)
            answer = self._log.answer(call.tab, call.number)
        else:
            return None
        if answer is None:
            return None
        if answer.call != call:
            raise NumberError(
                f"the number {call.number} is another call's",
                field="call.number",
                next_step="use a new number",
            )
        check(self.domain, call, signature, tab.ledger.account.buyer, field="callSignature")
        return answer

    def _is_called_off(self, tab: _Tab, call: Call) -> bool:
        return call.number in tab.called_off or self._log.abandoned(call.tab, call.number)

    def _take(self, tab: _Tab, tally: Tally, signature: bytes) -> None:
        if tab.ledger.take(tally, signature):
            tab.unsaved = Signed(Party.BUYER, tally, signature)

    async def _tab(self, tab: Hash) -> _Tab:
        found = self._tabs.get(tab)
        now = self._clock()
        if found is not None:
            if now - found.asked_at > REFRESH:
                await self._refresh(found, tab)
            return found
        if now - self._unknown.get(tab, 0) < REFRESH:
            raise _unknown(tab)
        async with self._loading:
            if (found := self._tabs.get(tab)) is not None:
                return found
            try:
                account = await self._accounts(tab)
            except EarnestError as error:
                raise _unreadable(tab) from error
            if account is None or account.provider != self.signer.address:
                if len(self._unknown) >= UNKNOWN_KEPT:
                    self._unknown.clear()
                self._unknown[tab] = now
                raise _unknown(tab)
            self._tabs[tab] = made = _Tab(self._load(account), now, now)
            return made

    async def _refresh(self, found: _Tab, tab: Hash) -> None:
        """Ask the chain again; where it cannot be asked, what it said last stays good for a while."""
        found.asked_at = self._clock()
        try:
            account = await self._accounts(tab)
        except EarnestError as error:
            log.warning("tab_not_read", tab=tab, error=error.message)
            return
        if account is None:
            self._tabs.pop(tab, None)
            raise _unknown(tab)
        found.known_at = found.asked_at
        found.ledger.account = account

    def _load(self, account: Account) -> ProviderLedger:
        head = self._log.head(account.tab)
        signed = self._log.signed(account.tab)
        first = signed.tally.count + 1 if signed else 1
        return ProviderLedger(
            self.domain,
            account,
            self.rules,
            frontier=head.frontier,
            amount=head.amount,
            signed=signed.tally if signed else None,
            unsigned=[self._log.given(account.tab, count).tally for count in range(first, head.count + 1)],
            next_number=head.next_number,
        )


def _unreadable(tab: Hash) -> UnreadableTabError:
    return UnreadableTabError(
        f"what the chain says of the tab {tab} cannot be read now", next_step="call again later"
    )


def _unknown(tab: Hash) -> UnknownTabError:
    return UnknownTabError(
        f"the tab {tab} is not open with this provider",
        field="call.tab",
        next_step="open a tab with the provider's address, or wait until its opening is confirmed",
    )
