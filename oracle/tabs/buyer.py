"""What the buyer of a tab accepts and signs next. Clock, network and disk are its callers'."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from oracle.domain.tab import Call, Receipt, Tally
from oracle.domain.typed import Domain
from oracle.domain.types import Hash
from oracle.tabs.errors import (
    CeilingError,
    ClockSkewError,
    EndedTabError,
    ForeignTabError,
    GapError,
    NotCoveredError,
    NumberError,
    PriceError,
    ReceiptMismatchError,
    RootMismatchError,
    StoppedError,
    UnsignedMaximumError,
)
from oracle.tabs.rules import Account, Rules
from oracle.tabs.signing import check
from oracle.tabs.tree import Frontier


@dataclass(frozen=True, slots=True)
class Answered:
    """An interaction as the buyer took it: to be stored before anything is signed for it."""

    call: Call
    receipt: Receipt
    tally: Tally
    signature: bytes
    frontier: Frontier


class BuyerLedger:
    """The buyer's side of one tab. Args: as a provider's; `calls` are those without an answer yet."""

    def __init__(
        self,
        domain: Domain,
        account: Account,
        rules: Rules,
        *,
        frontier: Frontier | None = None,
        amount: int = 0,
        root: Hash | None = None,
        calls: Iterable[Call] = (),
        next_number: int = 0,
    ) -> None:
        self.account = account
        self.rules = rules
        self.amount = amount
        self.frontier = frontier or Frontier()
        self.next_number = next_number
        self.stopped: str | None = None
        self._domain = domain
        self._root = root or Tally.empty(account.tab).root
        self._calls = {call.number: call for call in calls}
        self._reserved = sum(call.price for call in self._calls.values())  # and what is held
        self._held: dict[int, tuple[Call, Receipt, Tally, bytes]] = {}

    @property
    def calls(self) -> list[Call]:
        """Calls without an answer."""
        return list(self._calls.values())

    @property
    def unsettled(self) -> int:
        """Calls without an answer, and answers that wait for one before them."""
        return len(self._calls) + len(self._held)

    def tally(self) -> Tally:
        """What the buyer signs next: everything it holds, without gaps.

        Raises:
            StoppedError: the provider signed two different things.
        """
        self._refuse_stopped()
        return Tally(tab=self.account.tab, count=self.frontier.size, amount=self.amount, root=self._root)

    def call(self, request: Hash, price: int, now: int) -> Call:
        """A new call, to be stored and then signed.

        Args:
            price: The most it may cost, in base units.
            now: Unix seconds.

        Raises:
            StoppedError, EndedTabError, CeilingError, NotCoveredError, UnsignedMaximumError: as named.
        """
        self._refuse_stopped()
        account = self.account
        if now >= account.ends:
            raise EndedTabError(f"the tab serves until {account.ends}; it is {now}", next_step="open another")
        if price > account.ceiling:
            raise CeilingError(f"the price is {price}; the tab's ceiling is {account.ceiling}", field="price")
        used = self.amount + self._reserved
        if used + price > account.covered:
            raise NotCoveredError(
                f"the tab covers {account.covered}; {used} is used, {price} would be added",
                field="price",
                next_step="settle, or top the tab up",
            )
        if self.unsettled >= self.rules.in_flight:
            raise UnsignedMaximumError(
                f"{self.unsettled} calls are in flight; the provider allows {self.rules.in_flight}",
                next_step="wait for an answer",
            )
        call = Call(tab=account.tab, number=self.next_number, request=request, price=price, time=now)
        self.next_number += 1
        self._calls[call.number] = call
        self._reserved += price
        return call

    def abandon(self, number: int) -> None:
        """Forget a call that the provider will not take up any more: refused, or its time is over."""
        call = self._calls.pop(number, None)
        if call is not None:
            self._reserved -= call.price

    def accept(
        self,
        number: int,
        receipt: Receipt,
        tally: Tally,
        signature: bytes,
        response: Hash,
        status: int,
        now: int,
    ) -> list[Answered]:
        """Take the answer to a call.

        Args:
            receipt, tally, signature: As the provider sent them.
            response: keccak-256 of the response that really came (`exchange.hash_of`).
            status: Its HTTP status.
            now: Unix seconds.

        Returns:
            What is now complete, in order; empty while an earlier answer is missing.

        Raises:
            NumberError: no such call waits.
            ForeignTabError, ReceiptMismatchError, PriceError, ClockSkewError, ForgedSignatureError: as named;
                the call still waits.
            GapError, RootMismatchError: the provider contradicts itself; the tab is stopped.
        """
        self._refuse_stopped()
        call = self._calls.get(number)
        if call is None:
            raise NumberError(f"no call {number} waits for an answer", field="call.number")
        self._check_receipt(call, receipt, response, status, now)
        if tally.tab != call.tab:
            raise ForeignTabError(f"the tally is of tab {tally.tab}, not {call.tab}", field="tally.tab")
        check(self._domain, tally, signature, self.account.provider, field="tallySignature")
        # From here on the provider's own signature stands under what it says.
        if tally.count != receipt.index + 1:
            self._stop(RootMismatchError, f"receipt {receipt.index} came with a tally of {tally.count}")
        if not self.frontier.size <= receipt.index < self.frontier.size + self.unsettled + len(self._held):
            self._stop(GapError, f"receipt {receipt.index} came after {self.frontier.size} of them")
        if receipt.index in self._held:
            self._stop(GapError, f"receipt {receipt.index} was given twice")
        self._held[receipt.index] = (call, receipt, tally, signature)
        del self._calls[number]
        self._reserved += receipt.price - call.price
        return self._complete()

    def _complete(self) -> list[Answered]:
        done = []
        while (held := self._held.get(self.frontier.size)) is not None:
            call, receipt, tally, signature = held
            frontier = self.frontier.append(receipt.leaf())
            root = "0x" + frontier.root().hex()
            if (tally.amount, tally.root) != (self.amount + receipt.price, root):
                self._stop(
                    RootMismatchError,
                    f"after {frontier.size} receipts the tab stands at {self.amount + receipt.price} with"
                    f" root {root}; the provider signed {tally.amount} with root {tally.root}",
                )
            del self._held[receipt.index]
            self._reserved -= receipt.price
            self.frontier, self.amount, self._root = frontier, tally.amount, root
            done.append(Answered(call, receipt, tally, signature, frontier))
        return done

    def _check_receipt(self, call: Call, receipt: Receipt, response: Hash, status: int, now: int) -> None:
        if receipt.tab != call.tab:
            raise ForeignTabError(f"the receipt is of tab {receipt.tab}, not {call.tab}", field="receipt.tab")
        for name, found, expected in (
            ("request", receipt.request, call.request),
            ("response", receipt.response, response),
            ("status", receipt.status, status),
        ):
            if found != expected:
                raise ReceiptMismatchError(
                    f"the receipt's {name} is {found}; it should be {expected}",
                    field=f"receipt.{name}",
                    next_step="ask again: what came is not what the provider signed for",
                )
        if receipt.price > call.price:
            raise PriceError(
                f"the receipt takes {receipt.price}; the call allows {call.price}", field="receipt.price"
            )
        skew = self.rules.skew
        if not call.time - skew <= receipt.time <= now + skew:
            raise ClockSkewError(
                f"the receipt's time is {receipt.time}; it should lie between {call.time - skew} and"
                f" {now + skew}",
                field="receipt.time",
                next_step="one of the two clocks is wrong",
            )

    def _stop(self, error: type[GapError | RootMismatchError], message: str) -> None:
        self.stopped = message
        raise error(
            message,
            next_step="keep the log: it holds what the provider signed; nothing more is signed on this tab",
        )

    def _refuse_stopped(self) -> None:
        if self.stopped is not None:
            raise StoppedError(
                f"the tab is stopped: {self.stopped}", next_step="present what is signed, and close the tab"
            )
