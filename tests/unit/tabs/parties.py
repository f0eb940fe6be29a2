"""Two parties of a tab with fixed keys, and shorthand to let them act."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from oracle.domain.tab import Call, Receipt, Tally, tabs_domain
from oracle.signing.signer import LocalSigner
from oracle.tabs.buyer import Answered, BuyerLedger
from oracle.tabs.provider import ProviderLedger
from oracle.tabs.rules import Account, Rules
from oracle.tabs.signing import sign

NOW = 1_800_000_000
DOMAIN = tabs_domain(31337, "0x" + "7a" * 20)
BUYER = LocalSigner(bytes([1]) * 32)
PROVIDER = LocalSigner(bytes([2]) * 32)
STRANGER = LocalSigner(bytes([3]) * 32)
TAB = "0x" + "ab" * 32
REQUEST = "0x" + "01" * 32
RESPONSE = "0x" + "02" * 32
ACCOUNT = Account(TAB, BUYER.address, PROVIDER.address, ceiling=100, covered=10_000, ends=NOW + 86_400)
RULES = Rules(maximum=400, in_flight=4)


@dataclass
class Parties:
    """Both ledgers; the wire between them is the test's."""

    account: Account = ACCOUNT
    rules: Rules = RULES
    buyer: BuyerLedger = field(init=False)
    provider: ProviderLedger = field(init=False)

    def __post_init__(self) -> None:
        self.buyer = BuyerLedger(DOMAIN, self.account, self.rules)
        self.provider = ProviderLedger(DOMAIN, self.account, self.rules)

    def ask(self, price: int = 10, now: int = NOW) -> Call:
        return self.buyer.call(REQUEST, price, now)

    def admit(self, call: Call, price: int = 10, now: int = NOW) -> None:
        self.provider.admit(call, sign(BUYER, DOMAIN, call), price, now)

    def answer(self, call: Call, price: int = 10, now: int = NOW) -> tuple[Receipt, Tally]:
        return self.provider.record(call, RESPONSE, 200, price, now)

    def accept(self, call: Call, receipt: Receipt, tally: Tally, now: int = NOW) -> list[Answered]:
        signature = sign(PROVIDER, DOMAIN, tally)
        return self.buyer.accept(call.number, receipt, tally, signature, RESPONSE, 200, now)

    def take(self) -> bool:
        tally = self.buyer.tally()
        return self.provider.take(tally, sign(BUYER, DOMAIN, tally))

    def interaction(self, price: int = 10) -> None:
        call = self.ask(price)
        self.admit(call, price)
        self.accept(call, *self.answer(call, price))


def changed(account: Account, **what: int | str) -> Account:
    return replace(account, **what)  # type: ignore[arg-type]
