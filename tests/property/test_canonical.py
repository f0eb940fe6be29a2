"""The fast way to canonical bytes gives those of RFC 8785; the short way through text finds the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from oracle.domain.canonical import MAX_SAFE_INTEGER, JsonError, canonical_bytes, parse_json
from oracle.domain.unicode_facts import HiddenText, inspect_text

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_canonical_bytes__are_those_of_rfc_8785(value: Any) -> None:
    assert canonical_bytes(value) == rfc8785.dumps(value)


@given(st.text(st.characters(max_codepoint=0x7F)))
def test_canonical_bytes__control_characters_as_rfc_8785_writes_them(text: str) -> None:
    assert canonical_bytes({"a": text}) == rfc8785.dumps({"a": text})


@pytest.mark.parametrize(
    "value", [2**53, -(2**53), "\ud800", {"a": "\udfff"}, float("nan"), object(), {1: 2}]
)
def test_canonical_bytes__what_has_no_canonical_form__is_refused(value: Any) -> None:
    with pytest.raises(JsonError):
        canonical_bytes(value)


@given(TEXT)
def test_parse_json__text_survives(text: str) -> None:
    assert parse_json(json.dumps([text]).encode()) == [text]


@given(st.text(st.characters(max_codepoint=0x7F)))
def test_inspect_text__ascii__as_the_long_way_finds(text: str) -> None:
    # A character beyond ASCII that hides nothing makes the text go the long way.
    short, found = inspect_text("a", text)
    long, expected = inspect_text("a", text + " é")
    assert short == long.removesuffix(" é")
    assert found.model_dump(exclude={"mixed_words"}) == expected.model_dump(exclude={"mixed_words"})
    assert isinstance(found, HiddenText)
    assert found.mixed_words == ()
