"""Every digest against eth_account's own EIP-712 encoder and eth_abi, over generated values."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.domain import typed
from oracle.domain.committee import CENT, UNBOUNDED, Committee
from oracle.domain.signatures import (
    CURVE_ORDER,
    PrivateKeyError,
    SignatureError,
    address_of,
    compact,
    recover,
    sign_digest,
)
from oracle.domain.terms import Agreement, Attestation, Opening, Terms
from oracle.domain.types import Outcome, State

hashes = st.binary(min_size=32, max_size=32).map(lambda b: "0x" + b.hex())
addresses = st.binary(min_size=20, max_size=20).map(lambda b: "0x" + b.hex())
outcomes = st.sampled_from(Outcome)
states = st.sampled_from(State)


def uints(bits: int) -> st.SearchStrategy[int]:
    return st.integers(0, 2**bits - 1)


domains = st.builds(typed.Domain, uints(64), addresses)
terms = st.builds(
    Terms, addresses, addresses, hashes, uints(64), uints(64), uints(64), uints(40), uints(32), uints(32)
)
openings = st.builds(Opening, hashes, hashes, uints(256), uints(64), uints(40), uints(40), uints(256))
cents = st.one_of(st.integers(0, 2**24 - 2).map(lambda n: n * CENT), st.just(UNBOUNDED))
committees = st.builds(
    Committee,
    st.lists(addresses, max_size=32).map(tuple),
    uints(8),
    uints(64),
    hashes,
    addresses,
    uints(64),
    cents,
    uints(16),
    uints(64),
    uints(32),
    uints(24),
    uints(24),
    uints(64),
    uints(256),
)


def fields_of(type_string: str) -> list[dict[str, str]]:
    inside = type_string.split("(", 1)[1].split(")", 1)[0]
    return [dict(zip(("type", "name"), part.split(" "), strict=True)) for part in inside.split(",")]


def reference(
    domain: typed.Domain, type_string: str, values: list[object], extra: dict[str, str] | None = None
) -> str:
    """The digest by eth_account."""
    name = type_string.split("(", 1)[0]
    types = {name: fields_of(type_string)}
    for other, text in (extra or {}).items():
        types[other] = fields_of(text)
    signable = encode_typed_data(
        domain_data={
            "name": domain.name,
            "version": domain.version,
            "chainId": domain.chain_id,
            "verifyingContract": domain.contract,
        },
        message_types=types,
        message_data=dict(zip([f["name"] for f in types[name]], values, strict=True)),
    )
    return "0x" + keccak(b"\x19" + signable.version + signable.header + signable.body).hex()


def terms_dict(t: Terms) -> dict[str, object]:
    values = (t.buyer, t.provider, t.committee, t.gated, t.bond, t.fee, t.judge_by, t.challenge, t.ruling)
    return dict(zip([f["name"] for f in fields_of(typed.TERMS_TYPE)], values, strict=True))


def opening_dict(o: Opening) -> dict[str, object]:
    values = (o.pact, o.offchain, o.agent_id, o.up_front, o.open_by, o.deliver_by, o.salt)
    return dict(zip([f["name"] for f in fields_of(typed.OPENING_TYPE)], values, strict=True))


@settings(max_examples=60, deadline=None)
@given(domains, terms, openings)
def test_the_job_id_is_the_digest_of_the_agreement(domain: typed.Domain, t: Terms, o: Opening) -> None:
    expected = reference(
        domain,
        "Agreement(Terms terms,Opening opening)",
        [terms_dict(t), opening_dict(o)],
        {"Terms": typed.TERMS_TYPE, "Opening": typed.OPENING_TYPE},
    )
    assert typed.job_id(domain, Agreement(t, o)) == expected
    assert typed.job_id_of(domain, t, typed.opening_hash(o)) == expected


@settings(max_examples=30, deadline=None)
@given(domains, hashes, hashes, hashes, outcomes, uints(256))
def test_attestation(
    domain: typed.Domain, subject: str, deliverable: str, evidence: str, outcome: Outcome, payable: int
) -> None:
    assert typed.attestation_digest(
        domain, Attestation(subject, deliverable, outcome, evidence, payable)
    ) == reference(domain, typed.ATTESTATION_TYPE, [subject, deliverable, int(outcome), payable, evidence])


@settings(max_examples=20, deadline=None)
@given(domains, st.lists(hashes, max_size=8))
def test_milestones(domain: typed.Domain, jobs: list[str]) -> None:
    assert typed.milestones_digest(domain, jobs) == reference(domain, typed.MILESTONES_TYPE, [jobs])


@settings(max_examples=20, deadline=None)
@given(domains, hashes, hashes, addresses, addresses, outcomes, outcomes, states, uints(256), uints(256))
def test_permissions(
    domain: typed.Domain,
    job: str,
    other: str,
    party: str,
    book: str,
    one: Outcome,
    two: Outcome,
    state: State,
    number: int,
    expiry: int,
) -> None:
    assert typed.delivery_digest(domain, job, other, expiry) == reference(
        domain, typed.DELIVERY_TYPE, [job, other, expiry]
    )
    assert typed.dispute_digest(domain, job, party, one, two, expiry) == reference(
        domain, typed.DISPUTE_TYPE, [job, party, int(one), int(two), expiry]
    )
    assert typed.concession_digest(domain, job, party, state, one, expiry) == reference(
        domain, typed.CONCESSION_TYPE, [job, party, int(state), int(one), expiry]
    )
    assert typed.split_digest(domain, job, state, one, number, expiry) == reference(
        domain, typed.SPLIT_TYPE, [job, int(state), int(one), number, expiry]
    )
    assert typed.deposit_digest(domain, party, number, expiry, 7) == reference(
        domain, typed.DEPOSIT_TYPE, [party, number, expiry, 7]
    )
    assert typed.pledge_digest(domain, party, book, job, number, expiry) == reference(
        domain, typed.PLEDGE_TYPE, [party, book, job, number, expiry]
    )
    assert typed.key_digest(domain, job, party, book) == reference(domain, typed.KEY_TYPE, [job, party, book])
    usdc = typed.usdc_domain(domain.chain_id, book)
    assert typed.receive_authorization_digest(usdc, party, book, number, 0, expiry, job) == reference(
        usdc, typed.RECEIVE_TYPE, [party, book, number, 0, expiry, job]
    )


@settings(max_examples=60, deadline=None)
@given(uints(64), addresses, committees)
def test_a_committee_id_is_the_hash_of_its_abi_encoding(chain_id: int, escrow: str, c: Committee) -> None:
    encoded = encode(
        [
            "uint256",
            "address",
            "(address[],uint8,uint64,bytes32,address,uint64,uint64,uint32,uint64,uint32,uint32,uint32,uint64,uint256)",
        ],
        [
            chain_id,
            escrow,
            (
                c.evaluators,
                c.threshold,
                c.stake,
                bytes.fromhex(c.methodology[2:]),
                c.arbiter,
                c.arbiter_cost,
                c.fee_flat,
                c.fee_rate,
                c.max_value,
                c.min_verdict,
                c.min_ruling,
                c.max_challenge,
                c.silence,
                c.salt,
            ),
        ],
    )
    flat = 2**24 - 1 if c.fee_flat == UNBOUNDED else c.fee_flat // CENT
    said = c.threshold | c.min_ruling << 8 | c.max_challenge << 32 | c.fee_rate << 56 | flat << 72
    identity = keccak(encoded)[:20] + said.to_bytes(12, "big")
    assert typed.committee_id(chain_id, escrow, c) == "0x" + identity.hex()


@pytest.mark.parametrize(
    ("flat", "rate", "challenge", "ruling", "name"),
    [
        (CENT + 1, 0, 0, 1, "feeFlat"),
        ((2**24 - 1) * CENT, 0, 0, 1, "feeFlat"),
        (CENT, 2**16, 0, 1, "feeRate"),
        (CENT, 0, 2**24, 1, "maxChallenge"),
        (CENT, 0, 0, 2**24, "minRuling"),
    ],
)
def test_a_committee_whose_terms_its_id_cannot_say_has_none(
    flat: int, rate: int, challenge: int, ruling: int, name: str
) -> None:
    zero = "0x" + "00" * 32
    c = Committee((), 1, 1, zero, zero[:42], 0, flat, rate, 10**6, 0, ruling, challenge, 0)
    with pytest.raises(typed.WidthError, match=name):
        typed.committee_id(1, zero[:42], c)


def test_a_value_that_does_not_fit_its_type_is_refused() -> None:
    opening = Opening("0x" + "11" * 32, "0x" + "22" * 32, 0, 2**64, 0, 0, 0)
    with pytest.raises(typed.WidthError, match="upFront is 18446744073709551616, which does not fit uint64"):
        typed.opening_hash(opening)


KEY = bytes.fromhex(
    "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
)  # anvil's first account


@settings(max_examples=50, deadline=None)
@given(hashes)
def test_signatures_recover_in_both_forms_and_are_low_s(digest: str) -> None:
    signature = sign_digest(KEY, digest)
    r, vs = compact(signature)
    assert int.from_bytes(signature[32:64], "big") <= CURVE_ORDER // 2
    assert recover(digest, signature) == recover(digest, bytes.fromhex(r[2:] + vs[2:])) == address_of(KEY)


def test_the_account_of_a_known_key() -> None:
    assert address_of(KEY) == "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"


@pytest.mark.parametrize("length", [0, 63, 66, 130])
def test_a_signature_of_wrong_length_is_refused(length: int) -> None:
    with pytest.raises(SignatureError, match=f"has {length} bytes"):
        recover("0x" + "11" * 32, b"\x01" * length)


def test_high_s_and_wrong_v_are_refused() -> None:
    digest = "0x" + "11" * 32
    good = sign_digest(KEY, digest)
    high = CURVE_ORDER - int.from_bytes(good[32:64], "big")
    with pytest.raises(SignatureError, match="upper half"):
        recover(digest, good[:32] + high.to_bytes(32, "big") + bytes([55 - good[64]]))
    with pytest.raises(SignatureError, match="v is 0"):
        recover(digest, good[:64] + b"\x00")


def test_a_point_that_is_not_on_the_curve_is_refused() -> None:
    with pytest.raises(SignatureError, match="recovers to no key"):
        recover("0x" + "11" * 32, b"\xff" * 32 + b"\x00" * 31 + b"\x01" + b"\x1b")
    with pytest.raises(SignatureError, match="recovers to no key"):
        recover("0x" + "11" * 32, b"\x00" * 64 + b"\x1b")


@pytest.mark.parametrize("bad", [b"", b"\x00" * 32, b"\xff" * 32, b"\x01" * 31])
def test_a_bad_private_key_is_refused_without_being_shown(bad: bytes) -> None:
    with pytest.raises(PrivateKeyError) as caught:
        sign_digest(bad, "0x" + "11" * 32)
    assert caught.value.__cause__ is None
    assert bad.hex() not in str(caught.value) or not bad
