"""A pact that is not well formed is refused, and the message names the field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from oracle.domain.canonical import JsonError
from oracle.domain.document import DocumentError, HashMismatchError
from oracle.pact.document import Pact
from tests.unit.pact.builders import HASH, condition, pact, pact_json

MATERIAL = {"path": "a.txt", "bytes": 1, "keccak256": HASH}


def test_parse__canonical_form__is_the_same_pact() -> None:
    first = pact()
    assert Pact.parse(first.canonical()) == first
    assert Pact.parse(first.canonical()).hash() == first.hash()


def test_hash__spelled_out_defaults__do_not_change_it() -> None:
    assert pact(threshold={"major_weight": 3}, materials=[]).hash() == pact().hash()


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"jurors": ["gpt"]}, "jurors", "unknown field"),
        ({"schema": "earnest/pact/2"}, "schema", "earnest/pact/1"),
        ({"name": "Two Words"}, "name", "pattern"),
        ({"version": 0}, "version", "greater than or equal to 1"),
        ({"version": "1"}, "version", "valid integer"),
        ({"version": True}, "version", "valid integer"),
        ({"version": 2}, "document", "names its parent"),
        ({"parent": HASH}, "document", "version 1 has no parent"),
        ({"version": 2, "parent": HASH.upper()}, "parent", "pattern"),
        ({"title": "a\nb"}, "title", "pattern"),
        ({"conditions": []}, "conditions", "at least 1"),
        ({"conditions": [condition(), condition()]}, "conditions", "'form' is used twice"),
        ({"conditions": [condition(f"c{n}") for n in range(65)]}, "conditions", "at most 64"),
        ({"conditions": [condition(severity="fatal")]}, "conditions.0.severity", "critical"),
        ({"conditions": [condition(method="vibes")]}, "conditions.0.measure", "vibes|expected tags"),
        ({"conditions": [condition() | {"weight": 3}]}, "conditions.0.weight", "unknown field"),
        ({"evidence": []}, "evidence", "at least 1"),
        ({"evidence": [{"path": "../x"}]}, "evidence.0.path", "points elsewhere"),
        ({"evidence": [{"path": "x", "max_files": 2}]}, "evidence.0", "end a folder with /"),
        ({"evidence": [{"path": "x"}, {"path": "X"}]}, "document", "given twice"),
        ({"materials": [MATERIAL, MATERIAL]}, "document", "given twice"),
        ({"materials": [MATERIAL | {"keccak256": "ab"}]}, "materials.0.keccak256", "pattern"),
        ({"materials": [MATERIAL | {"bytes": -1}]}, "materials.0.bytes", "greater than or equal"),
        ({"materials": [MATERIAL | {"disclosed": "nobody"}]}, "materials.0.disclosed", "all"),
        ({"threshold": {"pass_share_bps": 10_001}}, "threshold.pass_share_bps", "less than or equal"),
        ({"declares": {"models": "free", "models_max": 1}}, "declares", 'rule must be "declared"'),
        ({"declares": {"human_help": "forbidden", "human_help_minutes_max": 1}}, "declares", "human_help"),
    ],
)
def test_parse__one_field_wrong__names_it(changes: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(DocumentError, match=reason) as caught:
        pact(**changes)
    assert any(name.startswith(field) for name, _ in caught.value.problems), caught.value.problems


@pytest.mark.parametrize(
    ("measure", "reason"),
    [
        ({"method": "cel", "expression": "a", "facts": []}, "at least 1"),
        ({"method": "cel", "expression": "a", "facts": [{"name": "a", "path": "x"}] * 2}, "same name"),
        ({"method": "cel", "expression": "a", "facts": [{"name": "A b", "path": "x"}]}, "pattern"),
        ({"method": "pattern", "file": "/etc/passwd", "pattern": "x", "must": "match"}, "absolute"),
        ({"method": "pattern", "file": "x", "pattern": "x", "must": "maybe"}, "match"),
        ({"method": "tests", "runner": "sh", "suite": "s/", "delivered": "d/", "expected": ["a"]}, "python"),
        (
            {"method": "tests", "runner": "node", "suite": "s/", "delivered": "d/", "expected": []},
            "at least 1",
        ),
        (
            {"method": "tests", "runner": "node", "suite": "s/", "delivered": "d/", "expected": ["a", "a"]},
            "twice",
        ),
        (
            {
                "method": "receipts",
                "file": "r",
                "metric": "count",
                "operator": ">=",
                "threshold": 1,
                "unit": "ms",
            },
            "unit is",
        ),
        (
            {
                "method": "receipts",
                "file": "r",
                "metric": "latency",
                "operator": "<=",
                "threshold": 1,
                "unit": "ms",
            },
            "percentile",
        ),
        (
            {
                "method": "receipts",
                "file": "r",
                "metric": "count",
                "operator": "~",
                "threshold": 1,
                "unit": "receipts",
            },
            "'<='",
        ),
        (
            {"method": "exact", "file": "x", "pointer": "a", "expected": {"source": "value", "value": 1}},
            "RFC 6901",
        ),
        (
            {"method": "exact", "file": "x", "pointer": "/~2", "expected": {"source": "value", "value": 1}},
            "RFC 6901",
        ),
        (
            {
                "method": "numeric",
                "file": "x",
                "pointer": "",
                "expected": {"source": "value", "value": "1e3"},
            },
            "pattern",
        ),
        (
            {
                "method": "numeric",
                "file": "x",
                "pointer": "",
                "expected": {"source": "value", "value": "1"},
                "absolute_tolerance": "-1",
            },
            "pattern",
        ),
        ({"method": "quotes", "file": "x", "form": "json", "sources": []}, "at least 1"),
        ({"method": "jury", "criterion": "Good?", "files": []}, "at least 1"),
    ],
)
def test_parse__one_measure_wrong__says_why(measure: dict[str, Any], reason: str) -> None:
    with pytest.raises(DocumentError, match=reason):
        pact(conditions=[condition(**measure)])


def test_parse__float_in_a_schema__is_refused() -> None:
    with pytest.raises(JsonError, match="only integers"):
        pact(conditions=[condition(method="json_schema", file="x", schema={"minimum": 0.5})])


def test_parse__duplicate_key__is_refused() -> None:
    text = json.dumps(pact_json()).replace('"version": 1', '"version": 1, "version": 1')
    with pytest.raises(JsonError, match="'version' twice"):
        Pact.parse(text.encode())


def test_parse_named__another_hash__says_both() -> None:
    document = pact()
    assert Pact.parse_named(document.canonical(), document.hash()) == document
    with pytest.raises(HashMismatchError, match=f"{document.hash()}, not {HASH}"):
        Pact.parse_named(document.canonical(), HASH)


def test_parse__a_million_unknown_fields__gives_a_short_message() -> None:
    with pytest.raises(DocumentError) as caught:
        pact(**{f"field{n}": 1 for n in range(2000)})
    assert len(str(caught.value)) < 3000
    assert "more" in str(caught.value)


def test_frozen__a_pact_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(pact(), "version", 2)  # noqa: B010 - the type checker refuses it, too


def test_parse__field_of_a_measure__is_named_as_it_stands_in_the_file() -> None:
    with pytest.raises(DocumentError) as caught:
        pact(conditions=[condition(method="pattern", file="x", pattern="", must="maybe")])
    assert [field for field, _ in caught.value.problems] == [
        "conditions.0.measure.pattern",
        "conditions.0.measure.must",
    ]
    with pytest.raises(DocumentError) as caught:
        pact(conditions=[condition(method="exact", file="x", expected={"source": "value", "extra": 1})])
    assert [field for field, _ in caught.value.problems] == [
        "conditions.0.measure.expected.value",
        "conditions.0.measure.expected.extra",
    ]


def test_parse__unknown_field_with_control_characters__cannot_reach_the_terminal() -> None:
    with pytest.raises(DocumentError) as caught:
        pact(**{"a\x1b[2K\u202e": 1})
    assert caught.value.message.isprintable()
