"""Offers and answers as a hostile server sends them."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest

from oracle.tabs import wire
from oracle.tabs.rules import Rules
from oracle.tabs.wire import BadPaymentError
from tests.unit.tabs.parties import DOMAIN, PROVIDER, STRANGER

RULES = Rules(maximum=400, in_flight=4, timeout=9, skew=8)
GOOD = wire.offer_header(
    wire.requirements_of(DOMAIN, "0x" + "5c" * 20, PROVIDER.address, RULES, 10), "/", "PriceError: why"
)


def changed(**what: Any) -> str:
    document = orjson.loads(base64.b64decode(GOOD))
    (offer,) = document["accepts"]
    offer["extra"] |= what.pop("extra", {})
    document |= what.pop("document", {})
    offer |= what
    return base64.b64encode(orjson.dumps(document)).decode()


def test_an_offer_is_read_with_its_rules_and_its_error() -> None:
    offer, told = wire.read_offer(GOOD, DOMAIN, PROVIDER.address)
    assert (offer.price, offer.rules, told) == (10, RULES, "PriceError: why")
    assert wire.read_offer(changed(), DOMAIN, PROVIDER.address)[0].price == 10


@pytest.mark.parametrize(
    "header",
    [
        changed(scheme="exact"),
        changed(network="eip155:1"),
        changed(payTo=STRANGER.address),
        changed(amount="-1"),
        changed(amount="1e9"),
        changed(amount="9" * 21),
        changed(amount="٣"),
        changed(extra={"contract": "0x" + "11" * 20}),
        changed(extra={"maximum": "-1"}),
        changed(extra={"inFlight": 0}),
        changed(extra={"skew": 10**9}),
        changed(extra={"more": 1}),
        changed(document={"x402Version": 1}),
        changed(document={"accepts": []}),
        "not base64!",
        base64.b64encode(b"[]").decode(),
        "A" * (wire.MAX_HEADER + 4),
    ],
)
def test_another_offer_is_not_paid(header: str) -> None:
    with pytest.raises(BadPaymentError):
        wire.read_offer(header, DOMAIN, PROVIDER.address)


@pytest.mark.parametrize("header", ["", "e30=", "AAAA", "A" * (wire.MAX_HEADER + 4)])
def test_malformed_answers_are_refused(header: str) -> None:
    with pytest.raises(BadPaymentError):
        wire.read_answer(header)
