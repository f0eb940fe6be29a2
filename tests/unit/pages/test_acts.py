"""Which acts the page of a job offers, what it says of each, and that the bytes behind it are those words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_abi.abi import decode
from eth_account import Account
from eth_account.messages import encode_typed_data

from oracle.chain import calls
from oracle.chain.abi import load_abi
from oracle.decide.jobs import JobRecord
from oracle.decide.payouts import Stakes, ruled
from oracle.domain.committee import Committee
from oracle.domain.terms import Agreement, Opening, Terms
from oracle.domain.typed import (
    Domain,
    dispute_digest,
    job_id,
    opening_hash,
    receive_authorization_digest,
    usdc_domain,
)
from oracle.domain.types import ZERO_HASH, Basis, Outcome, Party, State
from oracle.pages.acts import job_acts
from oracle.pages.acts_case import Site
from oracle.pages.acts_dispute import seeks
from oracle.pages.acts_typed import acceptance
from oracle.pages.acts_view import JobActs, Offer, Way

UNIT = 1_000_000
BUYER, PROVIDER, ARBITER = "0x" + "b1" * 20, "0x" + "a1" * 20, "0x" + "c1" * 20
EVALUATORS = tuple("0x" + f"{number:02x}" * 20 for number in range(1, 6))
DOMAIN = Domain(31337, "0x" + "e5" * 20)
SITE = Site(DOMAIN, usdc_domain(31337, "0x" + "05" * 20), lapse_challenge=3_600)
TERMS = Terms(
    BUYER, PROVIDER, "0x" + "77" * 32, 1_000 * UNIT, 300 * UNIT, 9 * UNIT,
    judge_by=30_000, challenge=600, ruling=7_200,
)  # fmt: skip
AGREEMENT = Agreement(TERMS, Opening(ZERO_HASH, ZERO_HASH, 0, 0, 11_000, 20_000, 5))
COMMITTEE = Committee(
    evaluators=EVALUATORS, threshold=3, stake=10_000 * UNIT, methodology=ZERO_HASH, arbiter=ARBITER,
    arbiter_cost=5 * UNIT, fee_flat=UNIT, fee_rate=100, max_value=20_000 * UNIT, min_verdict=1, min_ruling=1,
    max_challenge=86_400, silence=100 * UNIT,
)  # fmt: skip
OPEN = JobRecord(State.OPEN, 0b11111, 0, 10_000)
DELIVERED = replace(OPEN, deliverable="0x" + "d1" * 32, delivered_at=12_000)
JUDGED = replace(DELIVERED, state=State.JUDGED, outcome=Outcome.PASS, signers=0b111, deadline=15_000)
DISPUTED = replace(
    JUDGED, state=State.DISPUTED, disputant=BUYER, sought=Outcome.FAIL, deposit=260 * UNIT, deadline=22_000
)
CLOSED = replace(DISPUTED, state=State.CLOSED, outcome=Outcome.FAIL, closed_at=23_000)


def acts(record: JobRecord, now: int) -> JobActs:
    return job_acts(AGREEMENT, record, COMMITTEE, SITE, now)


def offer(record: JobRecord, now: int, name: str) -> Offer:
    return next(each for each in acts(record, now).offers if each.id == name)


def way(record: JobRecord, now: int, name: str) -> Way:
    return next(each for one in acts(record, now).offers for each in one.ways if each.id == name)


def arguments(data: str, function: str) -> tuple[Any, ...]:
    found = load_abi("Escrow").functions[function]
    assert bytes.fromhex(data[2:10]) == found.selector
    return decode(found.inputs, bytes.fromhex(data[10:]))


@pytest.mark.parametrize(
    ("record", "now", "offered", "later"),
    [
        (OPEN, 12_000, {"deliver", "concede-buyer", "concede-provider"}, {"lapse"}),
        (OPEN, 19_999, {"deliver", "concede-buyer", "concede-provider"}, {"lapse"}),
        (OPEN, 20_000, {"lapse", "concede-buyer", "concede-provider"}, set()),
        (DELIVERED, 29_999, {"concede-buyer", "concede-provider"}, {"lapse"}),
        (DELIVERED, 30_000, {"lapse", "concede-buyer", "concede-provider"}, set()),
        (JUDGED, 14_999, {"dispute-buyer-fail", "dispute-buyer-lapse", "concede-buyer"}, {"settle"}),
        (JUDGED, 15_000, {"settle", "concede-buyer"}, set()),
        (DISPUTED, 21_999, {"rule-pass", "rule-fail", "rule-lapse", "concede-buyer"}, {"settle"}),
        (DISPUTED, 22_000, {"settle", "concede-buyer"}, set()),
        (CLOSED, 23_000, set(), set()),
    ],
)
def test_what_is_offered_is_what_the_contract_allows_then(
    record: JobRecord, now: int, offered: set[str], later: set[str]
) -> None:
    found = acts(record, now)
    assert {each.id for each in found.offers} == offered | {"claim"}
    assert {each.id for each in found.later} == later


def test_a_lapse_is_disputed_by_both_and_conceded_by_none() -> None:
    lapsed = replace(JUDGED, outcome=Outcome.LAPSE, basis=Basis.SILENCE, signers=0b11000)
    assert {each.id for each in acts(lapsed, 14_000).offers} == {
        "dispute-buyer-fail",
        "dispute-provider-pass",
        "claim",
    }


@pytest.mark.parametrize(
    ("provisional", "party", "better"),
    [
        (Outcome.PASS, Party.BUYER, {Outcome.FAIL, Outcome.LAPSE}),
        (Outcome.PASS, Party.PROVIDER, set()),
        (Outcome.FAIL, Party.BUYER, set()),
        (Outcome.FAIL, Party.PROVIDER, {Outcome.PASS, Outcome.LAPSE}),
        (Outcome.LAPSE, Party.BUYER, {Outcome.FAIL}),
        (Outcome.LAPSE, Party.PROVIDER, {Outcome.PASS}),
    ],
)
def test_a_party_may_seek_only_what_is_better_for_it(
    provisional: Outcome, party: Party, better: set[Outcome]
) -> None:
    assert set(seeks(provisional, party)) == better


def test_a_dispute_says_what_it_costs_and_what_each_ruling_gives() -> None:
    dispute = offer(JUDGED, 14_000, "dispute-buyer-fail")
    words = " ".join(dispute.says)
    assert "deposit of 260.00 USDC" in words
    # Overturned: 2 (G + B) + F + D - A, where A is out of D; and each signer's part of M is rounded up.
    stakes = Stakes(1_000 * UNIT, 300 * UNIT, 9 * UNIT, 3, 5 * UNIT, 100 * UNIT)
    won = ruled(stakes, Outcome.PASS, Basis.VERDICT, Party.BUYER, Outcome.FAIL)
    assert f"you get {won.buyer // UNIT:,}." in words
    assert "If it upholds Pass, you lose the deposit and get 0.00 USDC." in words
    rows = {row.end: row for row in dispute.gives}
    assert rows["ruled Fail"].buyer == won.buyer
    assert rows["ruled Fail"].slashed == won.taken
    assert rows["the arbiter is silent"].buyer == 260 * UNIT
    assert dispute.accounts == (BUYER,)


def test_the_bytes_of_a_dispute_from_free_collateral_are_those_of_the_contract() -> None:
    sent = way(JUDGED, 14_000, "dispute-buyer-fail-free")
    _, _, party, sought, expiry, funding, signature = arguments(sent.data, "dispute")
    assert (party, sought, expiry, funding, signature) == (BUYER, int(Outcome.FAIL), 0, 2, b"")
    assert sent.to == DOMAIN.contract
    assert sent.slots == ()


def test_a_deposit_from_the_wallet_is_signed_for_this_dispute_alone() -> None:
    sent = way(JUDGED, 14_000, "dispute-buyer-fail-wallet")
    assert sent.typed is not None
    digest = encode_typed_data(full_message=sent.typed.data)
    signed = Account.from_key("0x" + "11" * 32).sign_message(digest)
    [slot] = sent.slots
    data = bytearray(bytes.fromhex(sent.data[2:]))
    data[slot.at : slot.at + slot.size] = signed.signature
    _, _, party, sought, expiry, funding, signature = arguments("0x" + data.hex(), "dispute")
    assert (party, sought, funding, signature) == (BUYER, int(Outcome.FAIL), 0, signed.signature)
    assert 14_000 + 3_600 <= expiry <= 14_000 + 7_200
    job = job_id(DOMAIN, AGREEMENT)
    nonce = dispute_digest(DOMAIN, job, BUYER, Outcome.PASS, Outcome.FAIL, expiry)
    assert SITE.usdc is not None
    wanted = receive_authorization_digest(SITE.usdc, BUYER, DOMAIN.contract, 260 * UNIT, 0, expiry, nonce)
    assert Account._recover_hash(bytes.fromhex(wanted[2:]), signature=signed.signature) == (
        Account.from_key("0x" + "11" * 32).address
    )


def test_without_a_known_token_nothing_is_paid_from_a_wallet() -> None:
    found = job_acts(AGREEMENT, JUDGED, COMMITTEE, replace(SITE, usdc=None), 14_000)
    assert {each.id for one in found.offers for each in one.ways if "dispute" in each.id} == {
        "dispute-buyer-fail-free",
        "dispute-buyer-lapse-free",
    }


def test_what_is_signed_stays_the_same_while_nothing_happens() -> None:
    # Else a page that follows would change under the hand of whoever reads it.
    assert acts(JUDGED, 14_000) == acts(JUDGED, 14_002)


def test_a_ruling_closes_and_pays_out() -> None:
    sent = way(DISPUTED, 16_000, "rule-fail")
    assert (
        sent.data
        == "0x" + calls.rule(TERMS, opening_hash(AGREEMENT.opening), Outcome.FAIL, pay_out=True).hex()
    )
    assert offer(DISPUTED, 16_000, "rule-fail").accounts == (ARBITER,)
    assert sent.command.endswith("--outcome fail")
    assert "3 evaluators lose 433.333334 USDC each" in " ".join(offer(DISPUTED, 16_000, "rule-fail").says)


def test_places_to_fill_in_are_where_the_arguments_are() -> None:
    sent = way(OPEN, 12_000, "deliver")
    [slot] = sent.slots
    data = bytearray(bytes.fromhex(sent.data[2:]))
    data[slot.at : slot.at + slot.size] = b"\xab" * 32
    assert arguments("0x" + data.hex(), "deliver") == (
        bytes.fromhex(job_id(DOMAIN, AGREEMENT)[2:]),
        b"\xab" * 32,
    )
    sent = way(CLOSED, 24_000, "claim")
    data = bytearray(bytes.fromhex(sent.data[2:]))
    for slot, word in zip(sent.slots, (int(BUYER, 16), 7), strict=True):
        data[slot.at : slot.at + slot.size] = word.to_bytes(32, "big")
    assert arguments("0x" + data.hex(), "claim") == (BUYER, 7)


def test_the_browser_is_told_who_may() -> None:
    told = acts(DISPUTED, 16_000).browser
    assert told["chain_id"] == 31337
    assert told["allowed"]["rule-pass"] == [ARBITER]
    assert told["allowed"]["claim"] == []
    assert told["roles"][BUYER] == "the buyer"
    assert told["free"] == "0x" + load_abi("Escrow").functions["collateralOf"].selector.hex()


def test_an_agreement_is_signed_as_the_contract_hashes_it() -> None:
    message = encode_typed_data(full_message=acceptance(DOMAIN, AGREEMENT))
    account = Account.from_key("0x" + "22" * 32)
    signed = account.sign_message(message)
    digest = bytes.fromhex(job_id(DOMAIN, AGREEMENT)[2:])
    assert Account._recover_hash(digest, signature=signed.signature) == account.address
