"""Properties of documents: one form, one hash, and no field that does not count."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.domain.amounts import MAX_AMOUNT, amount_text, format_usdc, parse_amount, parse_usdc
from oracle.domain.canonical import MAX_SAFE_INTEGER, canonical_bytes, canonical_hash, parse_json
from oracle.domain.document import Document
from oracle.domain.errors import EarnestError
from oracle.pact.delivery import DeliveryManifest
from oracle.pact.document import Pact
from oracle.pact.methodology import Methodology
from oracle.pact.paths import PathError, check_path
from oracle.pact.templates import TEMPLATES, from_template
from tests.unit.pact.builders import HASH, delivery, methodology

NO_DEADLINE = settings(deadline=None)  # a busy machine is no failure
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER) | TEXT,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(TEXT, children, max_size=4),
    max_leaves=20,
)


@NO_DEADLINE
@given(JSON)
def test_canonical__parse_of_canonical__is_the_value_and_has_one_form(value: Any) -> None:
    data = canonical_bytes(value)
    assert parse_json(data) == value
    assert canonical_bytes(parse_json(data)) == data
    shuffled = json.dumps(value, indent=3, ensure_ascii=True).encode()
    assert canonical_hash(parse_json(shuffled)) == canonical_hash(value)


@NO_DEADLINE
@given(st.binary(max_size=200))
def test_parse__any_bytes__is_a_document_or_a_clear_error(data: bytes) -> None:
    for kind in (Pact, DeliveryManifest, Methodology):
        with pytest.raises(EarnestError):
            kind.parse(data)


@NO_DEADLINE
@given(JSON)
def test_parse__any_json__is_a_document_or_a_clear_error(value: Any) -> None:
    for kind in (Pact, DeliveryManifest, Methodology):
        with pytest.raises(EarnestError):
            kind.parse(json.dumps(value).encode())


@NO_DEADLINE
@given(st.integers(0, MAX_AMOUNT))
def test_amounts__every_form__comes_back_as_it_went(units: int) -> None:
    assert parse_amount(amount_text(units)) == units
    assert parse_usdc(format_usdc(units)) == units


@NO_DEADLINE
@given(st.text(max_size=60))
def test_paths__accepted__stays_beneath_its_folder_and_is_printable(path: str) -> None:
    problem = _path_problem(path)
    if problem is not None:
        assert problem.isprintable()
        return
    assert path.isprintable()
    assert not path.startswith("/")
    assert not {"", ".", ".."} & set(path.split("/"))


def _path_problem(path: str) -> str | None:
    try:
        check_path(path)
    except PathError as error:
        return error.message
    return None


def _leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    found = False
    for key, child in children:
        found = True
        yield from _leaves(child, (*path, key))
    if not found:
        yield path


def _other_values(value: Any) -> list[Any]:
    """Values of the same kind that are not this one; some of them a document will accept."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1]
    if isinstance(value, str):
        digit = "1" if value[-1:] != "1" else "2"
        words = (
            "block-hash critical minor free forbidden evaluators text json match not_match < blockquote /a"
        )
        choices = (*words.split(), "node", f"x{value}")
        return [other for other in (value + "x", value + "1", value[:-1] + digit, *choices) if other != value]
    material = {"path": "m.txt", "bytes": 1, "keccak256": HASH}
    nothings = [
        [material],
        [{"family": "f", "model": "m"}],
        1,
        "1",
        "a",
        [],
        ["a"],
        {"type": "object"},
        {"minutes": 1, "what": "x"},
    ]
    return [other for other in nothings if other != value]


def _documents() -> list[Document]:
    tabs = {"detection_bps": 9_000, "gain_bps": 5_000}
    with_tabs = methodology(schema="earnest/methodology/2", tabs=tabs)
    return [
        methodology(),
        with_tabs,
        delivery("a/b.txt"),
        *(from_template(name) for name in sorted(TEMPLATES)),
    ]


# Fixed words, and fields that one other field fixes: no single change of them can be accepted.
FIXED = re.compile(
    r"^schema$|^parent$|^version$|sampling\.1\.value_up_to|\.(method|source|metric|unit|percentile|max_files|\w+_max)$"
)


@pytest.mark.parametrize("document", _documents(), ids=lambda document: type(document).__name__)
def test_hash__any_leaf_changed__is_another_hash_or_refused(document: Document) -> None:
    original = document.as_json()
    hashes, never_accepted = [document.hash()], []
    for path in _leaves(original):
        value = _at(original, path)
        made = None
        for other in _other_values(value):
            changed = copy.deepcopy(original)
            _at(changed, path[:-1])[path[-1]] = other
            if (made := _parsed(type(document), changed)) is not None:
                break
        if made is None:
            never_accepted.append(".".join(map(str, path)))
        else:
            hashes.append(made.hash())
    assert len(set(hashes)) == len(hashes)
    assert len(hashes) >= 8
    assert [name for name in never_accepted if not FIXED.search(name)] == []


def _parsed(kind: type[Document], value: Any) -> Document | None:
    try:
        return kind.parse(json.dumps(value).encode())
    except EarnestError:
        return None


def _at(value: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        value = value[step]
    return value
