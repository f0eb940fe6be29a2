"""What a buyer refuses to sign for, by name."""

from __future__ import annotations

import pytest

from oracle.domain.tab import tabs_domain
from oracle.tabs.errors import (
    CeilingError,
    ClockSkewError,
    EndedTabError,
    ForeignTabError,
    ForgedSignatureError,
    GapError,
    NotCoveredError,
    NumberError,
    PriceError,
    ReceiptMismatchError,
    RefusedError,
    RootMismatchError,
    StoppedError,
    UnsignedMaximumError,
)
from oracle.tabs.signing import sign
from tests.unit.tabs.parties import (
    ACCOUNT,
    BUYER,
    DOMAIN,
    NOW,
    PROVIDER,
    RESPONSE,
    STRANGER,
    Parties,
    changed,
)

OTHER = "0x" + "cd" * 32


def test_what_was_answered_is_signed_for_and_nothing_else() -> None:
    parties = Parties()
    parties.interaction()
    unanswered = parties.ask()
    parties.admit(unanswered)
    parties.answer(unanswered)  # the provider keeps the answer to itself
    tally = parties.buyer.tally()
    assert (tally.count, tally.amount) == (1, 10)
    assert [call.number for call in parties.buyer.calls] == [unanswered.number]


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ({"tab": OTHER}, ForeignTabError),
        ({"request": OTHER}, ReceiptMismatchError),
        ({"response": OTHER}, ReceiptMismatchError),
        ({"status": 500}, ReceiptMismatchError),
        ({"price": 11}, PriceError),
        ({"time": NOW + 31}, ClockSkewError),
        ({"time": NOW - 31}, ClockSkewError),
    ],
)
def test_a_receipt_of_something_else_is_not_accepted(
    what: dict[str, object], error: type[RefusedError]
) -> None:
    parties = Parties()
    call = parties.ask()
    parties.admit(call)
    receipt, tally = parties.answer(call)
    with pytest.raises(error):
        parties.accept(call, receipt.model_copy(update=what), tally)
    assert parties.buyer.tally().count == 0
    assert len(parties.accept(call, receipt, tally)) == 1  # the right one is still taken


def test_a_tally_not_signed_by_the_provider_is_not_accepted() -> None:
    parties = Parties()
    call = parties.ask()
    parties.admit(call)
    receipt, tally = parties.answer(call)
    for signer in (BUYER, STRANGER):
        with pytest.raises(ForgedSignatureError):
            parties.buyer.accept(call.number, receipt, tally, sign(signer, DOMAIN, tally), RESPONSE, 200, NOW)
    for domain in (tabs_domain(1, DOMAIN.contract), tabs_domain(31337, "0x" + "11" * 20)):
        signature = sign(PROVIDER, domain, tally)
        with pytest.raises(ForgedSignatureError):
            parties.buyer.accept(call.number, receipt, tally, signature, RESPONSE, 200, NOW)
    with pytest.raises(ForeignTabError):
        parties.accept(call, receipt, tally.model_copy(update={"tab": OTHER}))
    assert parties.buyer.stopped is None


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ({"amount": 11}, RootMismatchError),
        ({"root": OTHER}, RootMismatchError),
        ({"count": 2}, RootMismatchError),
    ],
)
def test_a_provider_that_signs_a_wrong_tally_stops_the_tab(
    what: dict[str, object], error: type[RefusedError]
) -> None:
    parties = Parties()
    call = parties.ask()
    parties.admit(call)
    receipt, tally = parties.answer(call)
    with pytest.raises(error):
        parties.accept(call, receipt, tally.model_copy(update=what))
    with pytest.raises(StoppedError):
        parties.buyer.tally()
    with pytest.raises(StoppedError):
        parties.ask()


def test_answers_may_overtake_each_other_but_are_signed_for_in_order() -> None:
    parties = Parties()
    first, second = parties.ask(), parties.ask()
    parties.admit(first)
    parties.admit(second)
    answers = [parties.answer(first), parties.answer(second)]
    assert parties.accept(second, *answers[1]) == []
    assert parties.buyer.tally().count == 0
    assert [done.receipt.index for done in parties.accept(first, *answers[0])] == [0, 1]
    assert parties.take()


def test_a_gap_that_no_call_explains_stops_the_tab() -> None:
    parties = Parties()
    call = parties.ask()
    parties.admit(call)
    receipt, tally = parties.answer(call)
    with pytest.raises(GapError):
        parties.accept(call, receipt.model_copy(update={"index": 1}), tally.model_copy(update={"count": 2}))


def test_an_index_given_twice_stops_the_tab() -> None:
    parties = Parties()
    parties.ask()
    first, second = parties.ask(), parties.ask()
    for call in (first, second):
        parties.admit(call)
    receipt, tally = parties.answer(first)
    late, ahead = receipt.model_copy(update={"index": 1}), tally.model_copy(update={"count": 2})
    assert parties.accept(first, late, ahead) == []
    with pytest.raises(GapError, match="twice"):
        parties.accept(second, late, ahead)


def test_an_index_of_the_past_stops_the_tab() -> None:
    parties = Parties()
    parties.interaction()
    call = parties.ask()
    parties.admit(call)
    receipt, tally = parties.answer(call)
    with pytest.raises(GapError, match="receipt 0 came after 1"):
        parties.accept(call, receipt.model_copy(update={"index": 0}), tally.model_copy(update={"count": 1}))
    assert parties.buyer.stopped is not None


def test_an_answer_is_taken_once() -> None:
    parties = Parties()
    call = parties.ask()
    parties.admit(call)
    answer = parties.answer(call)
    parties.accept(call, *answer)
    with pytest.raises(NumberError):
        parties.accept(call, *answer)
    assert parties.buyer.tally().amount == 10


def test_the_buyer_keeps_to_its_own_limits() -> None:
    parties = Parties(account=changed(ACCOUNT, covered=35))
    with pytest.raises(CeilingError):
        parties.ask(101)
    with pytest.raises(EndedTabError):
        parties.ask(now=ACCOUNT.ends)
    call = [parties.ask() for _ in range(3)][-1]
    with pytest.raises(NotCoveredError):
        parties.ask()
    parties.buyer.abandon(call.number)
    assert parties.ask().number == call.number + 1  # a number is never used again


def test_no_more_in_flight_than_the_provider_allows() -> None:
    parties = Parties()
    for _ in range(4):
        parties.ask()
    with pytest.raises(UnsignedMaximumError):
        parties.ask()


def test_an_answer_is_still_taken_long_after_a_crash() -> None:
    parties = Parties()
    call = parties.ask()
    parties.admit(call)
    receipt, tally = parties.answer(call)
    signature = sign(PROVIDER, DOMAIN, tally)
    assert parties.buyer.accept(call.number, receipt, tally, signature, RESPONSE, 200, NOW + 50_000)
