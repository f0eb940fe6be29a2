"""Calls, receipts and tallies: every digest against eth_account's own encoder, and what is refused."""

from __future__ import annotations

import json

import pytest
from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from oracle.domain import tab
from oracle.domain.tab import Call, Receipt, Tally

hashes = st.binary(min_size=32, max_size=32).map(lambda b: "0x" + b.hex())
uint64 = st.integers(0, 2**64 - 1)
uint40 = st.integers(0, 2**40 - 1)

signed = st.one_of(
    st.builds(Call, tab=hashes, number=uint64, request=hashes, price=uint64, time=uint40),
    st.builds(
        Receipt,
        tab=hashes,
        index=uint64,
        request=hashes,
        response=hashes,
        price=uint64,
        time=uint40,
        status=st.integers(0, 2**16 - 1),
    ),
    st.builds(Tally, tab=hashes, count=uint64, amount=uint64, root=hashes),
)
TYPES = {Call: tab.CALL_TYPE, Receipt: tab.RECEIPT_TYPE, Tally: tab.TALLY_TYPE}


@given(signed, uint64, st.binary(min_size=20, max_size=20))
def test_digests_are_those_of_eip_712(what: Call | Receipt | Tally, chain: int, contract: bytes) -> None:
    address = "0x" + contract.hex()
    fields = TYPES[type(what)].split("(")[1][:-1].split(",")
    types = [{"type": field.split(" ")[0], "name": field.split(" ")[1]} for field in fields]
    assert [field["name"] for field in types] == list(type(what).model_fields)
    reference = encode_typed_data(
        domain_data={
            "name": "Earnest tabs",
            "version": "1",
            "chainId": chain,
            "verifyingContract": address,
        },
        message_types={type(what).__name__: types},
        message_data={
            name: bytes.fromhex(value[2:]) if isinstance(value, str) else value for name, value in what
        },
    )
    expected = keccak(b"\x19" + reference.version + reference.header + reference.body)
    domain = tab.tabs_domain(chain, address)
    assert tab.digest_of(domain, what) == expected
    assert keccak(tab.signed_message(domain, what)) == expected


@given(signed)
def test_json_is_read_back_as_it_was_written(what: Call | Receipt | Tally) -> None:
    assert type(what).model_validate_json(what.model_dump_json()) == what


@pytest.mark.parametrize(
    "broken",
    [
        {"count": "-1"},
        {"count": str(2**64)},
        {"count": 5},  # a number where a decimal string belongs
        {"amount": "1e3"},
        {"amount": "01"},
        {"root": "0x12"},
        {"tab": "ab" * 32},
        {"more": "1"},
    ],
)
def test_a_broken_tally_is_refused(broken: dict[str, object]) -> None:
    whole = {"tab": "0x" + "11" * 32, "count": "1", "amount": "5", "root": "0x" + "22" * 32}
    assert Tally.model_validate_json(json.dumps(whole)).count == 1
    with pytest.raises(ValidationError):
        Tally.model_validate_json(json.dumps(whole | broken))


def test_an_empty_tally_has_the_root_of_zeros() -> None:
    empty = Tally.empty("0x" + "11" * 32)
    assert (empty.count, empty.amount, empty.root) == (0, 0, "0x" + "00" * 32)
