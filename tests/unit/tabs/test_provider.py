"""What a provider refuses, by name, and that nothing refused changes where it stands."""

from __future__ import annotations

import pytest

from oracle.domain.tab import Call, Tally, tabs_domain
from oracle.tabs.errors import (
    AheadTallyError,
    CeilingError,
    ClockSkewError,
    EndedTabError,
    ForeignTabError,
    ForgedSignatureError,
    NotCoveredError,
    NumberError,
    PriceError,
    RefusedError,
    RootMismatchError,
    StaleTallyError,
    UnsignedMaximumError,
)
from oracle.tabs.rules import Rules
from oracle.tabs.signing import sign
from tests.unit.tabs.parties import ACCOUNT, BUYER, DOMAIN, NOW, PROVIDER, REQUEST, STRANGER, Parties, changed

OTHER_TAB = "0x" + "cd" * 32


def call(**what: object) -> Call:
    return Call.model_validate(
        {"tab": ACCOUNT.tab, "number": 0, "request": REQUEST, "price": 10, "time": NOW} | what
    )


@pytest.mark.parametrize(
    ("what", "price", "now", "error"),
    [
        ({"tab": OTHER_TAB}, 10, NOW, ForeignTabError),
        ({"time": NOW - 91}, 10, NOW, ClockSkewError),  # 60 s to answer and 30 of skew
        ({"time": NOW + 31}, 10, NOW, ClockSkewError),
        ({"price": 9}, 10, NOW, PriceError),
        ({"price": 101}, 101, NOW, CeilingError),
        ({"number": 2**63}, 10, NOW, NumberError),
        ({"time": NOW + 86_400}, 10, NOW + 86_400, EndedTabError),
    ],
)
def test_a_call_that_breaks_the_terms_is_refused(
    what: dict[str, object], price: int, now: int, error: type[RefusedError]
) -> None:
    parties = Parties()
    made = call(**what)
    with pytest.raises(error):
        parties.provider.admit(made, sign(BUYER, DOMAIN, made), price, now)
    assert parties.provider.at_risk == 0


@pytest.mark.parametrize("signer", [STRANGER, PROVIDER])
def test_a_call_by_another_key_is_refused(signer: object) -> None:
    made = call()
    with pytest.raises(ForgedSignatureError, match="not by"):
        Parties().provider.admit(made, sign(signer, DOMAIN, made), 10, NOW)  # type: ignore[arg-type]


def test_a_signature_over_another_call_tab_or_contract_is_refused() -> None:
    provider = Parties().provider
    for signature in (
        sign(BUYER, DOMAIN, call(price=11)),
        sign(BUYER, DOMAIN, Tally.empty(ACCOUNT.tab)),
        sign(BUYER, tabs_domain(1, DOMAIN.contract), call()),
        sign(BUYER, tabs_domain(31337, "0x" + "11" * 20), call()),
        b"",
        bytes(65),
        sign(BUYER, DOMAIN, call())[:64] + b"\x05",
    ):
        with pytest.raises(ForgedSignatureError):
            provider.admit(call(), signature, 10, NOW)


def test_the_same_number_is_not_served_twice_at_once() -> None:
    parties = Parties()
    made = parties.ask()
    parties.admit(made)
    with pytest.raises(NumberError):
        parties.admit(made)
    parties.provider.release(made.number)
    parties.admit(made)


def test_deposit_and_credit_bound_what_is_served() -> None:
    parties = Parties(account=changed(ACCOUNT, covered=20))
    parties.interaction()
    parties.take()
    first = call(number=5)
    parties.admit(first)  # all of it, one of the two in service
    with pytest.raises(NotCoveredError):
        parties.admit(call(number=6))
    parties.provider.release(first.number)
    parties.admit(call(number=6))


def test_a_buyer_that_never_signs_gets_no_more_than_the_signed_maximum() -> None:
    parties = Parties(rules=Rules(maximum=35, in_flight=100))
    served = 0
    for number in range(10):
        try:
            made = call(number=number)
            parties.admit(made)
            parties.answer(made)
            served += 1
        except UnsignedMaximumError:
            break
    assert served == 3
    assert parties.provider.at_risk == 30


def test_what_is_in_service_counts_towards_the_signed_maximum() -> None:
    parties = Parties(rules=Rules(maximum=30, in_flight=100))
    calls = [call(number=number) for number in range(4)]
    for made in calls[:3]:
        parties.admit(made)  # all at once, none of them answered
    with pytest.raises(UnsignedMaximumError, match="3 interactions and 30 base units are unsigned"):
        parties.admit(calls[3])
    for made in calls[:3]:
        parties.answer(made)
    with pytest.raises(UnsignedMaximumError):
        parties.admit(calls[3])
    assert (parties.provider.at_risk, parties.provider.amount) == (30, 30)


def test_at_most_one_is_unsigned_where_the_provider_says_so() -> None:
    parties = Parties(rules=Rules(maximum=1_000, in_flight=1))
    parties.interaction()
    with pytest.raises(UnsignedMaximumError):
        parties.admit(call(number=7))
    assert parties.take()
    parties.admit(call(number=7))


def test_free_interactions_are_bounded_too() -> None:
    parties = Parties()
    for number in range(4):
        made = call(number=number, price=0)
        parties.admit(made, 0)
        parties.answer(made, 0)
    with pytest.raises(UnsignedMaximumError):
        parties.admit(call(number=4, price=0), 0)


def test_the_newest_tally_replaces_all_before_it() -> None:
    parties = Parties()
    parties.interaction()
    parties.interaction()
    parties.interaction()
    assert parties.take()
    assert parties.provider.signed.count == 3
    assert parties.provider.at_risk == 0
    assert not parties.take()  # the same again is no news


def test_bad_tallies_are_refused_by_name() -> None:
    parties = Parties()
    tallies = [parties.buyer.tally()]
    for _ in range(3):
        parties.interaction()
        tallies.append(parties.buyer.tally())
    newest = tallies[-1]

    def take(tally: Tally, signer: object = BUYER) -> bool:
        return parties.provider.take(tally, sign(signer, DOMAIN, tally))  # type: ignore[arg-type]

    for broken, error in (
        (newest.model_copy(update={"tab": OTHER_TAB}), ForeignTabError),
        (newest.model_copy(update={"count": 4}), AheadTallyError),
        (newest.model_copy(update={"amount": 29}), RootMismatchError),
        (newest.model_copy(update={"amount": 31}), RootMismatchError),
        (newest.model_copy(update={"root": "0x" + "00" * 32}), RootMismatchError),
        (newest.model_copy(update={"count": 2}), RootMismatchError),
    ):
        with pytest.raises(error):
            take(broken)
    for signer in (PROVIDER, STRANGER):
        with pytest.raises(ForgedSignatureError):
            take(newest, signer)
    for signature in (
        sign(BUYER, tabs_domain(1, DOMAIN.contract), newest),
        sign(BUYER, tabs_domain(31337, "0x" + "11" * 20), newest),
        sign(BUYER, DOMAIN, tallies[2]),
        sign(BUYER, DOMAIN, call()),
        b"",
    ):
        with pytest.raises(ForgedSignatureError):
            parties.provider.take(newest, signature)
    assert parties.provider.signed.count == 0
    assert take(tallies[2])
    assert not take(tallies[1])  # overtaken on its way
    assert take(newest)


def test_a_tally_older_than_calls_in_flight_explain_is_stale() -> None:
    parties = Parties()
    first = parties.buyer.tally()
    for _ in range(4):
        parties.interaction()
        parties.take()
    with pytest.raises(StaleTallyError, match="4 are already signed"):
        parties.provider.take(first, sign(BUYER, DOMAIN, first))


def test_only_what_was_let_in_is_recorded_and_at_no_higher_price() -> None:
    parties = Parties()
    made = parties.ask()
    with pytest.raises(NumberError):
        parties.answer(made)
    parties.admit(made)
    with pytest.raises(PriceError):
        parties.answer(made, 11)
    receipt, tally = parties.answer(made, 0)  # a failed answer may cost nothing
    assert (receipt.price, tally.amount, tally.count) == (0, 0, 1)
