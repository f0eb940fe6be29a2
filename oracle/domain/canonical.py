"""Canonical bytes and hashes of JSON documents, and a parser that refuses what cannot be hashed safely.

Bytes follow RFC 8785 (JSON Canonicalization Scheme); hashes are keccak-256 of those bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, NoReturn, TypeAlias

import orjson
import rfc8785
from pydantic import StringConstraints

from oracle.domain.errors import EarnestError
from oracle.domain.keccak import keccak

HashHex: TypeAlias = Annotated[str, StringConstraints(pattern=r"^0x[0-9a-f]{64}$")]
"""A keccak-256 hash as 0x and 64 lower-case hex digits."""

JsonValue: TypeAlias = Any
"""What a JSON text can hold: None, bool, int, float, str, list, dict."""

MAX_DOCUMENT_BYTES = 1_048_576  # bytes; a pact that does not fit in 1 MiB belongs in materials
MAX_DOCUMENT_DEPTH = 32  # levels of nesting
MAX_SAFE_INTEGER = 2**53 - 1  # RFC 8785 keeps to integers every JSON reader represents exactly

# What decides nesting: brackets, quotes, and what a backslash takes with it.
_STRUCTURE = re.compile(r'\\.|["\[\]{}]', re.DOTALL)


_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class JsonError(EarnestError):
    """A JSON text is malformed, ambiguous, or beyond the stated limits."""


def keccak_hex(data: bytes) -> str:
    """keccak-256 of `data` as 0x and 64 lower-case hex digits."""
    return "0x" + keccak(data).hex()


def canonical_bytes(value: JsonValue) -> bytes:
    """The RFC 8785 bytes of a JSON value.

    Raises:
        JsonError: a value has no canonical form (NaN, an integer beyond 2^53 - 1, a lone surrogate, a
            type JSON does not have).
    """
    if _is_plain(value):
        # Ten times as fast; only fractions and the order of keys beyond ASCII could come out otherwise.
        try:
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        except orjson.JSONEncodeError as error:  # a lone surrogate
            raise JsonError(f"the value has no canonical form: {error}") from error
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise JsonError(
            f"the value has no canonical form: {error}",
            next_step="write large numbers and amounts as decimal strings",
        ) from error


def _is_plain(value: JsonValue) -> bool:
    """Whether a value holds nothing but what every serializer of compact JSON writes alike."""
    pending = [value]
    while pending:
        item = pending.pop()
        kind = type(item)
        if kind is str or item is None or kind is bool:
            continue
        if kind is int:
            if not -MAX_SAFE_INTEGER <= item <= MAX_SAFE_INTEGER:
                return False
        elif kind is list or kind is tuple:
            pending.extend(item)
        elif kind is dict:
            if not all(type(key) is str and key.isascii() for key in item):
                return False
            pending.extend(item.values())
        else:
            return False
    return True


def canonical_hash(value: JsonValue) -> str:
    """keccak-256 of the canonical bytes of a JSON value, as 0x-hex."""
    return keccak_hex(canonical_bytes(value))


def parse_json(
    data: bytes,
    *,
    what: str = "document",
    max_bytes: int = MAX_DOCUMENT_BYTES,
    max_depth: int = MAX_DOCUMENT_DEPTH,
    allow_floats: bool = False,
) -> JsonValue:
    """Parse JSON strictly, so that two readers can never see two different documents.

    Args:
        data: UTF-8 bytes without a byte order mark.
        what: What the text is, for messages.
        max_bytes: Largest size accepted.
        max_depth: Deepest nesting of arrays and objects accepted.
        allow_floats: Whether numbers with a fraction or exponent are accepted. Documents that are hashed
            have none; deliveries may.

    Raises:
        JsonError: too large, not UTF-8, malformed, a key given twice, NaN or Infinity, a float where none
            is allowed, an integer beyond 2^53 - 1, nesting too deep, or a lone surrogate.
    """
    if len(data) > max_bytes:
        raise JsonError(f"{what} has {len(data)} bytes; the limit is {max_bytes}")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise JsonError(f"{what} is not UTF-8: byte {error.start} cannot be decoded") from error
    if text.startswith("\ufeff"):
        raise JsonError(f"{what} begins with a byte order mark", next_step="save it as UTF-8 without BOM")

    def refuse_constant(token: str) -> NoReturn:
        raise JsonError(f"{what} holds {token}, which is not JSON")

    def parse_float(token: str) -> float:
        if not allow_floats:
            raise JsonError(
                f"{what} holds the number {token[:40]}; only integers are allowed",
                next_step="write it as a decimal string, or as an integer of a smaller unit",
            )
        number = float(token)
        if number in (float("inf"), float("-inf")):
            raise JsonError(f"{what} holds the number {token[:40]}, which is too large")
        return number

    def parse_int(token: str) -> int:
        if len(token) > 17 or abs(int(token)) > MAX_SAFE_INTEGER:
            raise JsonError(
                f"{what} holds the integer {token[:40]}, beyond 2^53 - 1",
                next_step="write it as a decimal string",
            )
        return int(token)

    def refuse_duplicates(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
        found: dict[str, JsonValue] = {}
        for key, value in pairs:
            if key in found:
                raise JsonError(f"{what} gives the key {key[:80]!r} twice", field=key[:80])
            found[key] = value
        return found

    _refuse_deep_nesting(text, what, max_depth)
    try:
        value = json.loads(
            text,
            object_pairs_hook=refuse_duplicates,
            parse_constant=refuse_constant,
            parse_float=parse_float,
            parse_int=parse_int,
        )
    except json.JSONDecodeError as error:
        raise JsonError(
            f"{what} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from error
    if _ESCAPED_SURROGATE.search(text) is not None:  # as they are, decoding has refused them
        _refuse_surrogates(value, what)
    return value


def _refuse_deep_nesting(text: str, what: str, max_depth: int) -> None:
    """Bound the parser's recursion before it starts.

    The interpreter's own limit is no guard: libraries raise it (py_ecc does), and the parser, written in C,
    then overflows the stack and takes the process with it.
    """
    depth = 0
    in_string = False
    for token in _STRUCTURE.finditer(text):
        mark = token[0]
        if mark == '"':
            in_string = not in_string
        elif in_string or mark[0] == "\\":
            continue
        elif mark in "[{":
            depth += 1
            if depth > max_depth:
                raise JsonError(f"{what} is nested deeper than {max_depth} levels")
        else:
            depth -= 1


def _refuse_surrogates(value: JsonValue, what: str) -> None:
    """Refuse strings that UTF-8 cannot carry."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            _check_text(item, what)
        elif isinstance(item, Mapping):
            pending.extend(item)
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)


def _check_text(text: str, what: str) -> None:
    if not text.isascii() and _SURROGATE.search(text) is not None:
        raise JsonError(f"{what} holds a lone surrogate (\\ud800 to \\udfff), which is not text")
