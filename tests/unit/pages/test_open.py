"""Opening from a page: what is read of a pasted agreement, what is wrong with it, and who signs what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from fastapi.testclient import TestClient

from oracle.chain import calls
from oracle.domain.agreement_file import AgreementFile, OpeningPart, TermsPart, TokenPart
from oracle.domain.signatures import address_of, sign_digest
from oracle.domain.types import Party
from oracle.pages.acts_open import opening_acts, opening_problems
from oracle.pages.app import Front, make_pages
from oracle.web.limits import Limits
from tests.databases import Databases
from tests.unit.api.world import World, made_world
from tests.unit.pages.test_acts import BUYER, COMMITTEE, DOMAIN, PROVIDER, SITE, UNIT

SIGNED = b"\x07" * 65


def agreed(**changes: Any) -> AgreementFile:
    assert SITE.usdc is not None
    parts: dict[str, Any] = {
        "chain_id": 31337,
        "escrow": DOMAIN.contract,
        "usdc": TokenPart(address=SITE.usdc.contract),
        "terms": TermsPart(
            buyer=BUYER, provider=PROVIDER, committee="0x" + "77" * 32, gated=900 * UNIT, bond=300 * UNIT,
            fee=20 * UNIT, judge_by=90_000, challenge=600, ruling=7_200,
        ),
        "opening": OpeningPart(
            pact="0x" + "9a" * 32, up_front=100 * UNIT, open_by=20_000, deliver_by=40_000, salt=7
        ),
    }  # fmt: skip
    return AgreementFile(schema_="earnest/agreement/1", **(parts | changes))


def test_both_sign_their_part_and_then_anyone_opens() -> None:
    file = agreed()
    first = opening_acts(file, COMMITTEE)
    assert [each.id for each in first.offers] == ["sign-provider", "sign-buyer"]
    provider, buyer = first.offers
    assert (provider.accounts, buyer.accounts) == ((PROVIDER,), (BUYER,))
    assert "You sign a payment of 1,020.00 USDC: 1,000.00 USDC for the work and 20.00 USDC" in buyer.says[0]
    key = Account.from_key("0x" + "33" * 32)
    for offer, party in ((provider, Party.PROVIDER), (buyer, Party.BUYER)):
        typed = offer.ways[0].typed
        assert typed is not None
        signature = key.sign_message(encode_typed_data(full_message=typed.data)).signature
        digest = bytes.fromhex(file.digest_for(party)[2:])
        assert Account._recover_hash(digest, signature=signature) == key.address
        file = file.signed(party, bytes(signature))
    [opens] = opening_acts(file, COMMITTEE).offers
    assert (opens.id, opens.accounts) == ("open", ())
    assert (
        opens.ways[0].data
        == "0x"
        + calls.open_job(
            file.agreement,
            file.funding_kind,
            buyer_signature=file.signature_of(Party.BUYER) or b"",
            provider_signature=file.signature_of(Party.PROVIDER) or b"",
        ).hex()
    )
    assert "100.00 USDC of it goes to the provider at once." in opens.says
    passed = next(row for row in opens.gives if row.end == "judged Pass")
    assert (passed.buyer, passed.provider, passed.evaluators) == (0, 1_200 * UNIT, 20 * UNIT)


def test_a_buyer_by_allowance_signs_nothing_and_opens_itself() -> None:
    file = agreed(funding="allowance").signed(Party.PROVIDER, SIGNED)
    [opens] = opening_acts(file, COMMITTEE).offers
    assert (opens.id, opens.accounts) == ("open", (BUYER,))


def test_without_the_providers_word_nothing_can_be_opened() -> None:
    file = agreed().signed(Party.BUYER, SIGNED)
    assert [each.id for each in opening_acts(file, COMMITTEE).offers] == ["sign-provider"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"chain_id": 1}, "escrow"),
        ({"escrow": "0x" + "99" * 20}, "escrow"),
        ({"usdc": TokenPart(address="0x" + "88" * 20)}, "usdc.address"),
    ],
)
def test_an_agreement_for_elsewhere_is_refused(changes: dict[str, Any], field: str) -> None:
    assert [each.field for each in opening_problems(agreed(**changes), COMMITTEE, SITE, 15_000)] == [field]


def test_what_the_contract_would_refuse_is_said_before_anyone_signs() -> None:
    assert opening_problems(agreed(), COMMITTEE, SITE, 15_000) == []
    late = opening_problems(agreed(), COMMITTEE, SITE, 20_000)
    assert [each.field for each in late] == ["opening.open_by"]
    unknown = opening_problems(agreed(), None, SITE, 15_000)
    assert [each.field for each in unknown] == ["terms.committee"]
    assert opening_problems(agreed(), COMMITTEE, replace(SITE, usdc=None), 15_000) == []


@pytest.fixture
def world(databases: Databases) -> Iterator[World]:
    made = made_world(databases)
    made.client = TestClient(
        Front(make_pages(made.source, limits=Limits()), made.app), raise_server_exceptions=False
    )
    yield made
    made.database.close()


def test_page__shows_what_was_pasted_in_words(world: World) -> None:
    assert "Paste it here" in world.client.get("/open").text
    shown = world.client.post("/open", data={"agreement": agreed().model_dump_json(by_alias=True)})
    assert shown.status_code == 200
    assert "What is agreed" in shown.text
    assert "1,000.00" in shown.text
    # Nothing may be signed for an escrow that is not this one.
    assert "Why it cannot be opened" in shown.text
    assert "data-send" not in shown.text


def signed_by(file: AgreementFile, party: Party, key: bytes) -> AgreementFile:
    return file.signed(party, sign_digest(key, file.digest_for(party)))


def shown_signatures(world: World, file: AgreementFile) -> str:
    page = world.client.post("/open", data={"agreement": file.model_dump_json(by_alias=True)}).text
    return page.split("<dt>Signatures</dt><dd>")[1].split("</dd>")[0].replace("&#39;", "'")


def test_page__only_a_partys_own_key__is_said_to_have_signed(world: World) -> None:
    mine, other = b"\x33" * 32, b"\x44" * 32
    file = agreed(terms=agreed().terms.model_copy(update={"buyer": address_of(mine)}))
    assert shown_signatures(world, file) == "Nobody signed it yet."
    assert shown_signatures(world, signed_by(file, Party.BUYER, mine)) == "Signed by the buyer."
    unproven = (
        "It carries a signature that is not the buyer's key's (a contract wallet's, or wrong); "
        "not checked here."
    )
    for wrong in (
        signed_by(file, Party.BUYER, other),
        file.signed(Party.BUYER, sign_digest(mine, file.job)),  # of the terms, and not of the payment
        file.signed(Party.BUYER, SIGNED),  # of no key
        file.signed(Party.BUYER, b"\x01" * 700),  # as a contract wallet's
    ):
        assert shown_signatures(world, wrong) == unproven
    both = signed_by(file, Party.BUYER, mine).signed(Party.PROVIDER, SIGNED)
    said = shown_signatures(world, both)
    assert said == "Signed by the buyer. " + unproven.replace("buyer's", "provider's")


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "</textarea><script>alert(1)</script>", '{"schema": "<img src=x onerror=alert(1)>"}', "\x00"],
)
def test_page__says_what_is_wrong_with_what_is_no_agreement(world: World, text: str) -> None:
    shown = world.client.post("/open", data={"agreement": text})
    assert shown.status_code == 200
    assert 'role="alert"' in shown.text
    assert "<script>alert" not in shown.text
    assert "<img" not in shown.text.replace('<img src="/assets', "")


def test_page__refuses_what_is_no_form_or_too_large(world: World) -> None:
    for body in (b"agreement=" + b"%41" * 70_000, b"\xff\xfe", b"&".join([b"a=1"] * 9)):
        answer = world.client.post(
            "/open", content=body, headers={"content-type": "application/x-www-form-urlencoded"}
        )
        assert 400 <= answer.status_code < 500, body[:20]
