"""What the provider of a tab accepts and signs next. Clock, network and disk are its callers'."""

from __future__ import annotations

from collections.abc import Iterable

from oracle.domain.tab import Call, Receipt, Tally
from oracle.domain.typed import Domain
from oracle.domain.types import Hash
from oracle.tabs.errors import (
    AheadTallyError,
    CeilingError,
    ClockSkewError,
    EndedTabError,
    ForeignTabError,
    NotCoveredError,
    NumberError,
    PriceError,
    RootMismatchError,
    StaleTallyError,
    UnsignedMaximumError,
)
from oracle.tabs.rules import MAX_NUMBER, Account, Rules
from oracle.tabs.signing import check
from oracle.tabs.tree import Frontier


class ProviderLedger:
    """The provider's side of one tab.

    Args:
        domain: Of the tab contract.
        account: What the chain says of the tab; replace it when that changes.
        rules: See `Rules`.
        frontier: Of all receipts so far.
        amount: Sum of their prices.
        signed: The buyer's newest tally.
        unsigned: This side's own tallies after it, in order.
        next_number: Above every call's number so far.
    """

    def __init__(
        self,
        domain: Domain,
        account: Account,
        rules: Rules,
        *,
        frontier: Frontier | None = None,
        amount: int = 0,
        signed: Tally | None = None,
        unsigned: Iterable[Tally] = (),
        next_number: int = 0,
    ) -> None:
        self.account = account
        self.rules = rules
        self.amount = amount
        self.signed = signed or Tally.empty(account.tab)
        self.next_number = next_number
        self._domain = domain
        self._frontier = frontier or Frontier()
        self._unsigned = {tally.count: tally for tally in unsigned}
        self._serving: dict[int, int] = {}  # number -> price
        self._held = 0  # sum of these

    @property
    def frontier(self) -> Frontier:
        """The tree of all receipts."""
        return self._frontier

    @property
    def at_risk(self) -> int:
        """Base units served, or in service, without the buyer's tally."""
        return self.amount - self.signed.amount + self._held

    @property
    def open_interactions(self) -> int:
        """Interactions served, or in service, without the buyer's tally."""
        return self._frontier.size - self.signed.count + len(self._serving)

    def take(self, tally: Tally, signature: bytes) -> bool:
        """Take the buyer's tally, if it is newer than the one there is.

        One that is older by no more than the calls in flight is passed over: they overtake each other.

        Returns:
            Whether it is news, to be stored.

        Raises:
            ForeignTabError: of another tab.
            StaleTallyError: older than calls in flight explain.
            AheadTallyError: counts more interactions than there were.
            RootMismatchError: amount or root are not those of the receipts it counts.
            ForgedSignatureError: not the buyer's signature.
        """
        if tally.tab != self.account.tab:
            raise ForeignTabError(
                f"the tally is of tab {tally.tab}, not {self.account.tab}", field="tally.tab"
            )
        if tally.count < self.signed.count:
            if self.signed.count - tally.count < self.rules.in_flight:
                return False
            raise StaleTallyError(
                f"the tally counts {tally.count} interactions; {self.signed.count} are already signed for",
                field="tally.count",
                next_step="sign the newest tally",
            )
        if tally.count > self._frontier.size:
            raise AheadTallyError(
                f"the tally counts {tally.count} interactions; there were {self._frontier.size}",
                field="tally.count",
            )
        own = self.signed if tally.count == self.signed.count else self._unsigned[tally.count]
        if tally != own:
            raise RootMismatchError(
                f"after {own.count} interactions the tab stands at {own.amount} with root {own.root}; the"
                f" tally says {tally.amount} with root {tally.root}",
                field="tally.root" if tally.amount == own.amount else "tally.amount",
                next_step="compare the exports of both sides (`oracle tab export`) by `oracle tab verify`",
            )
        if tally.count == self.signed.count:
            return False
        check(self._domain, tally, signature, self.account.buyer, field="tallySignature")
        for count in range(self.signed.count + 1, tally.count + 1):
            del self._unsigned[count]
        self.signed = tally
        return True

    def admit(self, call: Call, signature: bytes, price: int, now: int) -> None:
        """Let a call in, and hold its price until `record` or `release`.

        The caller has made sure that its number was not answered before (`NumberError` there).

        Args:
            call: As the buyer sent it.
            signature: The buyer's, 65 bytes.
            price: Base units asked for this request.
            now: Unix seconds.

        Raises:
            ForeignTabError, EndedTabError, NumberError, ClockSkewError, CeilingError, PriceError,
            NotCoveredError, UnsignedMaximumError, ForgedSignatureError: as their names say.
        """
        account, rules = self.account, self.rules
        if call.tab != account.tab:
            raise ForeignTabError(f"the call is on tab {call.tab}, not {account.tab}", field="call.tab")
        if now >= account.ends:
            raise EndedTabError(
                f"the tab serves until {account.ends}; it is {now}",
                field="call.tab",
                next_step="open another",
            )
        if call.number > MAX_NUMBER or call.number in self._serving:
            raise NumberError(f"the number {call.number} is in use or too large", field="call.number")
        first, last = rules.window(call)
        if not first <= now <= last:
            raise ClockSkewError(
                f"the call was signed for {first} to {last}; it is {now}",
                field="call.time",
                next_step="set the clock, and sign the call again under a new number",
            )
        if price > account.ceiling:
            raise CeilingError(f"the price is {price}; the tab's ceiling is {account.ceiling}", field="price")
        if call.price < price:
            raise PriceError(f"the call allows {call.price}; the price is {price}", field="call.price")
        if self.amount + self._held + price > account.covered:
            raise NotCoveredError(
                f"the tab covers {account.covered}; {self.amount} is owed, and {price} would come on top",
                field="call.price",
                next_step="settle, or top the tab up",
            )
        if self.at_risk + price > rules.maximum or self.open_interactions >= rules.in_flight:
            raise UnsignedMaximumError(
                f"{self.open_interactions} interactions and {self.at_risk} base units are unsigned; the"
                f" maximum is {rules.in_flight} and {rules.maximum}",
                field="tally",
                next_step="sign for what was answered, then call again",
            )
        check(self._domain, call, signature, account.buyer, field="callSignature")
        self._serving[call.number] = price
        self._held += price
        self.next_number = max(self.next_number, call.number + 1)

    def release(self, number: int) -> None:
        """Forget a call that came to nothing; nothing is owed for it."""
        self._held -= self._serving.pop(number, 0)

    def record(self, call: Call, response: Hash, status: int, price: int, now: int) -> tuple[Receipt, Tally]:
        """The receipt of a call that was let in, and the tally that the provider signs with it.

        Args:
            price: At most the price it was let in with.
            now: Unix seconds.

        Raises:
            NumberError: the call was not let in.
            PriceError: more than it was let in with.
        """
        held = self._serving.get(call.number)
        if held is None:
            raise NumberError(f"call {call.number} was not let in", field="call.number")
        if price > held:
            raise PriceError(f"the price {price} exceeds the {held} it was let in with", field="price")
        receipt = Receipt(
            tab=call.tab,
            index=self._frontier.size,
            request=call.request,
            response=response,
            price=price,
            time=now,
            status=status,
        )
        self._frontier = self._frontier.append(receipt.leaf())
        self.amount += price
        tally = Tally(
            tab=call.tab,
            count=self._frontier.size,
            amount=self.amount,
            root="0x" + self._frontier.root().hex(),
        )
        self._unsigned[tally.count] = tally
        self.release(call.number)
        return receipt, tally
