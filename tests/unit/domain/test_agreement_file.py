"""The agreement file: strict to read, one id, and signatures bound to every term."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oracle.decide.signed import missing_signatures, signature_problems
from oracle.domain.agreement_file import AgreementFile
from oracle.domain.canonical import JsonError
from oracle.domain.document import DocumentError
from oracle.domain.signatures import address_of, sign_digest
from oracle.domain.types import Funding, Party

BUYER_KEY, PROVIDER_KEY = b"\x01" * 32, b"\x02" * 32
GOOD: dict[str, Any] = {
    "schema": "earnest/agreement/1",
    "chain_id": 31337,
    "escrow": "0x" + "e5" * 20,
    "usdc": {"address": "0x" + "5d" * 20},
    "terms": {
        "buyer": address_of(BUYER_KEY),
        "provider": address_of(PROVIDER_KEY),
        "committee": "0x" + "c0" * 32,
        "gated": "900000000",
        "bond": "200000000",
        "fee": "20000000",
        "judge_by": 1_800_000_000,
        "challenge": 86_400,
        "ruling": 86_400,
    },
    "opening": {
        "pact": "0x" + "a1" * 32,
        "up_front": "100000000",
        "open_by": "2026-12-01T00:00:00Z",
        "deliver_by": 1_797_000_000,
        "salt": "7",
    },
}


def parse(document: dict[str, Any]) -> AgreementFile:
    return AgreementFile.parse(json.dumps(document).encode())


def changed(part: str, **fields: Any) -> dict[str, Any]:
    return GOOD | {part: GOOD[part] | fields}


def test_a_good_file_is_read_and_written_the_same() -> None:
    file = parse(GOOD)
    assert file.agreement.pays_in == 1_020_000_000
    assert file.opening.open_by == 1_796_083_200
    assert file.funding_kind is Funding.AUTHORIZATION
    again = AgreementFile.parse(file.canonical())
    assert again == file
    assert again.job == file.job
    assert file.as_json()["terms"]["gated"] == "900000000"


@pytest.mark.parametrize(
    ("document", "field", "message"),
    [
        (GOOD | {"colour": "red"}, "colour", "unknown field"),
        (changed("terms", gated=900), "terms.gated", "must be a decimal string"),
        (changed("terms", gated="-1"), "terms.gated", "decimal string"),
        (changed("terms", gated="01"), "terms.gated", "leading zeros"),
        (changed("terms", gated=str(2**64)), "terms.gated", "less than"),
        (changed("terms", gated="1e3"), "terms.gated", "decimal string"),
        (changed("terms", challenge="1d"), "terms.challenge", "integer"),
        (changed("terms", challenge=2**32), "terms.challenge", "less than"),
        (changed("terms", judge_by=2**40), "terms.judge_by", "less than"),
        (changed("terms", judge_by="tomorrow"), "terms.judge_by", "not a time"),
        (changed("terms", judge_by="2026-12-01T00:00:00"), "terms.judge_by", "without a time zone"),
        (changed("terms", judge_by=True), "terms.judge_by", "integer"),
        (changed("terms", buyer="0x12"), "terms.buyer", "not an address"),
        (
            changed("terms", buyer="0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02914"),
            "terms.buyer",
            "checksum",
        ),
        (changed("opening", pact="0x" + "a1" * 31), "opening.pact", "not a hash"),
        (GOOD | {"chain_id": 0}, "chain_id", "greater than 0"),
        (GOOD | {"schema": "earnest/agreement/2"}, "schema", "earnest/agreement/1"),
        (GOOD | {"signatures": {"buyer": "0x1"}}, "signatures.buyer", "pattern"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_field_is_named(document: dict[str, Any], field: str, message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse(document)
    problems = dict(caught.value.problems)
    assert message in problems[field]


def test_a_number_that_is_too_large_for_json_or_given_twice_is_refused() -> None:
    with pytest.raises(JsonError):
        AgreementFile.parse(b'{"chain_id": 1, "chain_id": 2}')


def signed_by_both(file: AgreementFile) -> AgreementFile:
    file = file.signed(Party.BUYER, sign_digest(BUYER_KEY, file.digest_for(Party.BUYER)))
    return file.signed(Party.PROVIDER, sign_digest(PROVIDER_KEY, file.digest_for(Party.PROVIDER)))


def test_both_signatures_hold_and_nothing_is_missing() -> None:
    file = signed_by_both(parse(GOOD))
    assert signature_problems(file) == []
    assert missing_signatures(file) == []
    assert file.digest_for(Party.BUYER) != file.digest_for(Party.PROVIDER) == file.job


@pytest.mark.parametrize(
    "change",
    [
        {"chain_id": 8453},
        {"escrow": "0x" + "e6" * 20},
        {"terms": GOOD["terms"] | {"fee": "1"}},
        {"terms": GOOD["terms"] | {"committee": "0x" + "c1" * 32}},
        {"opening": GOOD["opening"] | {"pact": "0x" + "a2" * 32}},
        {"opening": GOOD["opening"] | {"salt": "8"}},
        {"opening": GOOD["opening"] | {"open_by": 1_796_083_201}},
    ],
    ids=str,
)
def test_any_change_voids_both_signatures(change: dict[str, Any]) -> None:
    signatures = signed_by_both(parse(GOOD)).as_json()["signatures"]
    file = parse(GOOD | change | {"signatures": signatures})
    assert [problem.field for problem in signature_problems(file)] == [
        "signatures.buyer",
        "signatures.provider",
    ]


def test_a_changed_token_voids_only_the_payment() -> None:
    signatures = signed_by_both(parse(GOOD)).as_json()["signatures"]
    file = parse(GOOD | {"usdc": {"address": "0x" + "5e" * 20}, "signatures": signatures})
    assert [problem.field for problem in signature_problems(file)] == ["signatures.buyer"]


def test_malformed_and_swapped_signatures_are_named_but_wallets_judge_their_own() -> None:
    file = signed_by_both(parse(GOOD))
    short = file.signed(Party.PROVIDER, b"\x01" * 70)
    assert "has 70 bytes" in signature_problems(short)[0].message
    assert signature_problems(short, contracts=frozenset({file.terms.provider})) == []
    swapped = file.signed(Party.BUYER, file.signature_of(Party.PROVIDER) or b"")
    assert "it recovers to" in signature_problems(swapped)[0].message


@pytest.mark.parametrize(
    ("funding", "sender", "missing"),
    [
        ("authorization", "buyer", ["signatures.buyer", "signatures.provider"]),
        ("authorization", "provider", ["signatures.buyer"]),
        ("collateral", "buyer", ["signatures.provider"]),
        ("allowance", "buyer", ["signatures.provider"]),
        ("allowance", "provider", ["funding"]),
    ],
)
def test_who_calls_need_not_sign_unless_the_signature_pays(
    funding: str, sender: str, missing: list[str]
) -> None:
    file = parse(GOOD | {"funding": funding})
    account = getattr(file.terms, sender)
    assert [problem.field for problem in missing_signatures(file, sender=account)] == missing
