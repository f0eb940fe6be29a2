"""Strict JSON and canonical hashes: each refusal has the input that needs it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from oracle.domain.canonical import (
    MAX_SAFE_INTEGER,
    JsonError,
    canonical_bytes,
    canonical_hash,
    keccak_hex,
    parse_json,
)


def test_keccak_hex__empty__is_the_known_constant() -> None:
    assert keccak_hex(b"") == "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


def test_canonical_bytes__key_order_and_spaces__do_not_matter() -> None:
    assert canonical_bytes({"b": [1, True, None], "a": "é"}) == '{"a":"é","b":[1,true,null]}'.encode()
    assert canonical_hash({"b": 1, "a": 2}) == canonical_hash({"a": 2, "b": 1})


@pytest.mark.parametrize("value", [float("nan"), MAX_SAFE_INTEGER + 1, "\ud800", {1, 2}], ids=repr)
def test_canonical_bytes__no_canonical_form__is_refused(value: object) -> None:
    with pytest.raises(JsonError, match="no canonical form"):
        canonical_bytes(value)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"a": 1, "a": 2}', "gives the key 'a' twice"),
        (b'{"x": {"a": 1, "\\u0061": 2}}', "gives the key 'a' twice"),
        (b"[NaN]", "holds NaN"),
        (b"[-Infinity]", "holds -Infinity"),
        (b"[1.5]", "the number 1.5; only integers"),
        (b"[1e3]", "the number 1e3; only integers"),
        (b"[9007199254740992]", "beyond 2\\^53 - 1"),
        (b"[" + b"9" * 5000 + b"]", "beyond 2\\^53 - 1"),
        (b'["\\ud800"]', "lone surrogate"),
        (b'{"\\udfff": 1}', "lone surrogate"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b'"\xff"', "not UTF-8"),
        (b"{'a': 1}", "is not JSON"),
        (b"[1] []", "is not JSON"),
        (b"", "is not JSON"),
        (b"[" * 33 + b"]" * 33, "nested deeper than 32"),
        (b"[" * 100_000 + b"]" * 100_000, "nested deeper than 32"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "nested deeper than 32"),
        (b'["\\"", ' + b"[" * 32 + b"]" * 33, "nested deeper than 32"),
    ],
)
def test_parse_json__ambiguous_or_hostile__is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(JsonError, match=reason):
        parse_json(data)


def test_parse_json__nested_without_end__is_refused_whatever_the_recursion_limit() -> None:
    # Libraries raise the limit, py_ecc for one; then the parser would overflow the stack and end the process.
    code = (
        "import sys; sys.setrecursionlimit(10**6)\n"
        "from oracle.domain.canonical import JsonError, parse_json\n"
        "try: parse_json(b'[' * 500_000)\n"
        "except JsonError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=200, check=True
    )
    assert "nested deeper than 32" in done.stdout


def test_parse_json__brackets_in_strings__are_no_nesting() -> None:
    text = "[" * 40 + '\\"{'
    assert parse_json(json.dumps([text, [text]]).encode()) == [text, [text]]


def test_parse_json__too_large__is_refused_before_parsing() -> None:
    with pytest.raises(JsonError, match="has 11 bytes; the limit is 10"):
        parse_json(b"{" * 11, max_bytes=10)


def test_parse_json__floats_allowed__still_refuses_infinity() -> None:
    assert parse_json(b"[1.5, -2e3]", allow_floats=True) == [1.5, -2000.0]
    with pytest.raises(JsonError, match="too large"):
        parse_json(b"[1e999]", allow_floats=True)


def test_parse_json__at_the_limits__is_read() -> None:
    assert parse_json(b"[" * 32 + b"]" * 32) is not None
    assert parse_json(b"[-9007199254740991]") == [-MAX_SAFE_INTEGER]
