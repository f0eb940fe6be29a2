"""What a page is told of an act: its words, its money, and what a wallet is asked to sign and send."""

from __future__ import annotations

from typing import Any, Literal

from oracle.chain.abi import load_abi
from oracle.domain.types import Address, Hash
from oracle.pages.text import View


class Gives(View):
    """What one possible end gives to whom, in base units of USDC, beside what was paid out before."""

    end: str
    buyer: int
    provider: int
    evaluators: int
    arbiter: int
    slashed: int


class Slot(View):
    """A part of the calldata that only the browser knows: `size` bytes from byte `at` on.

    `account` is the connected account, `free` all its free collateral, `hash` what a person enters,
    `signature` the answer to the way's typed data. All but a signature are words of 32 bytes.
    """

    kind: Literal["account", "free", "hash", "signature"]
    at: int
    size: int
    label: str = ""


class Typed(View):
    """Typed data to be signed (EIP-712), and what the signature lets others do."""

    says: str
    data: dict[str, Any]


class Way(View):
    """One way of doing it: at most one signature, then at most one transaction. It never sends ETH.

    `into` names the party whose signature this is, where it goes into an agreement instead of a transaction.
    """

    id: str
    label: str
    to: Address
    data: str = ""
    slots: tuple[Slot, ...] = ()
    typed: Typed | None = None
    into: Literal["buyer", "provider"] | None = None
    command: str

    @property
    def cast(self) -> str | None:
        """The same with Foundry's cast, where the calldata is complete."""
        if not self.data or self.slots:
            return None
        return f"cast send {self.to} {self.data} --rpc-url URL --account NAME"


class Offer(View):
    """An act, and what it does.

    `accounts` are those who may do it; nobody named means anyone. `since` and `until` are Unix seconds,
    half-open; None is no limit.
    """

    id: str
    title: str
    who: str
    accounts: tuple[Address, ...]
    says: tuple[str, ...]
    gives: tuple[Gives, ...] = ()
    since: int | None = None
    until: int | None = None
    ways: tuple[Way, ...]
    grave: bool = False
    """It cannot be taken back, and costs whoever does it."""


class ForBrowser(View):
    """What wallet.js reads: where the contract is, and the ways by their ids."""

    chain_id: int
    escrow: Address
    free: str
    """The call that reads an account's free collateral, short of the account."""
    ways: tuple[Way, ...]
    allowed: dict[str, tuple[Address, ...]]
    """Who may, by the way's id; nobody named means anyone."""
    roles: dict[Address, str]


class JobActs(View):
    """What may be done about a job now, and what only later. `roles`: who an account is, in words."""

    job: Hash
    heading: str = "What can be done now"
    chain_id: int
    escrow: Address
    roles: dict[Address, str]
    offers: tuple[Offer, ...]
    later: tuple[Offer, ...]

    @property
    def browser(self) -> dict[str, Any]:
        """The part that wallet.js reads, as JSON has it."""
        return ForBrowser(
            chain_id=self.chain_id,
            escrow=self.escrow,
            free="0x" + load_abi("Escrow").functions["collateralOf"].selector.hex(),
            ways=tuple(way for offer in self.offers for way in offer.ways),
            allowed={way.id: offer.accounts for offer in self.offers for way in offer.ways},
            roles=self.roles,
        ).model_dump(mode="json")
