"""Both sides of a tab over a wire that loses and reorders, with a buyer that signs when it likes."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from oracle.domain.tab import Call, Receipt, Tally
from oracle.tabs.errors import NotCoveredError, UnsignedMaximumError
from oracle.tabs.rules import Rules
from tests.unit.tabs.parties import ACCOUNT, Parties, changed


class Wire(RuleBasedStateMachine):
    """Calls, answers and tallies arrive late, in any order, or not at all."""

    def __init__(self) -> None:
        super().__init__()
        self.parties = Parties(changed(ACCOUNT, covered=300), Rules(maximum=60, in_flight=4))
        self.calls: list[tuple[Call, int]] = []
        self.serving: list[tuple[Call, int]] = []
        self.answers: list[tuple[Call, Receipt, Tally]] = []
        self.charged = 0

    @rule(price=st.integers(0, 40))
    def asks(self, price: int) -> None:
        try:
            self.calls.append((self.parties.ask(price), price))
        except (NotCoveredError, UnsignedMaximumError):
            return

    @precondition(lambda self: self.calls)
    @rule(data=st.data())
    def arrives(self, data: st.DataObject) -> None:
        call, price = self.calls.pop(data.draw(st.integers(0, len(self.calls) - 1)))
        try:
            self.parties.admit(call, price)
            self.serving.append((call, price))
        except (NotCoveredError, UnsignedMaximumError):
            self.parties.buyer.abandon(call.number)

    @precondition(lambda self: self.serving)
    @rule(data=st.data(), succeeds=st.booleans())
    def answers_one(self, data: st.DataObject, succeeds: bool) -> None:
        call, price = self.serving.pop(data.draw(st.integers(0, len(self.serving) - 1)))
        charged = price if succeeds else 0
        self.charged += charged
        self.answers.append((call, *self.parties.answer(call, charged)))

    @precondition(lambda self: self.answers)
    @rule(data=st.data())
    def receives(self, data: st.DataObject) -> None:
        self.parties.accept(*self.answers.pop(data.draw(st.integers(0, len(self.answers) - 1))))

    @rule()
    def signs(self) -> None:
        self.parties.take()

    @invariant()
    def provider_risks_no_more_than_the_maximum(self) -> None:
        provider = self.parties.provider
        assert 0 <= self.charged - provider.signed.amount <= provider.at_risk <= 60
        assert provider.open_interactions <= 4

    @invariant()
    def nobody_owes_more_than_is_covered(self) -> None:
        assert self.parties.provider.amount <= 300

    @invariant()
    def buyer_signs_for_nothing_it_did_not_get(self) -> None:
        tally = self.parties.buyer.tally()
        lost = sum(receipt.price for _, receipt, _ in self.answers)
        assert tally.amount <= self.charged - lost
        assert self.parties.provider.signed.count <= tally.count


Wire.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestWire = Wire.TestCase
