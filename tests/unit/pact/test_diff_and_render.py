"""Reading a pact, and what changed from one version to the next."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from oracle.domain.canonical import canonical_bytes
from oracle.pact.diff import diff, lineage
from oracle.pact.document import Pact
from oracle.pact.markdown import code, prose
from oracle.pact.reading import reading, uses
from oracle.pact.render import render
from oracle.pact.templates import TEMPLATES, from_template
from oracle.pact.visible import one_line
from tests.unit.pact.builders import condition, pact


def following(older: Pact, **changes: object) -> Pact:
    draft = older.as_json() | {"version": older.version + 1, "parent": older.hash()} | changes
    return Pact.parse(json.dumps(draft).encode())


def test_diff__nothing_changed__is_empty_though_version_and_hash_differ() -> None:
    older = pact()
    newer = following(older)
    assert diff(older, newer) == ()
    assert newer.hash() != older.hash()
    assert lineage(older, newer).follows


def test_diff__condition_changed_added_removed_and_moved__is_told_by_id() -> None:
    older = pact(conditions=[condition("a"), condition("b"), condition("c")])
    changed = condition("b", "minor", method="json_schema", file="out.json", schema={"type": "array"})
    newer = following(older, conditions=[condition("c"), changed, condition("d")])
    lines = [str(change) for change in diff(older, newer)]
    assert any(line.startswith("- conditions[a]: ") for line in lines)
    assert any(line.startswith("+ conditions[d]: ") for line in lines)
    assert '~ conditions[b].severity: "critical" -> "minor"' in lines
    assert '~ conditions[b].measure.schema.type: "object" -> "array"' in lines
    assert "~ conditions (order): b, c -> c, b" in lines
    assert len(lines) == 5


def test_diff__method_changed__shows_both_measures_whole() -> None:
    older = pact()
    newer = following(
        older,
        conditions=[condition(method="exact", file="out.json", expected={"source": "value", "value": 1})],
    )
    (change,) = diff(older, newer)
    assert change.field == "conditions[form].measure"
    assert '"json_schema"' in (change.before or "")
    assert '"exact"' in (change.after or "")


def test_diff__true_and_one__are_different() -> None:
    one = condition(method="exact", file="out.json", expected={"source": "value", "value": 1})
    true = condition(method="exact", file="out.json", expected={"source": "value", "value": True})
    assert len(diff(pact(conditions=[one]), pact(conditions=[true]))) == 1


def test_lineage__not_the_next_version__says_each_reason() -> None:
    older = pact()
    problems = lineage(older, pact(name="other", version=3, parent="0x" + "00" * 32)).problems
    assert [problem.split(" ")[0] for problem in problems] == ["name", "version", "parent"]


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_render__every_template__shows_every_statement_hash_and_evidence(name: str) -> None:
    document = from_template(name)
    text = render(document)
    assert document.hash() in text
    for one in document.conditions:
        assert prose(one.statement) in text
        assert f"(`{one.id}`)" in text
        assert all(reading(one.measure)[:3])
        assert uses(one.measure).delivered
    for entry in document.evidence:
        assert f"`{entry.path}`" in text


def test_render__hostile_text__cannot_forge_headings_or_hide() -> None:
    text = render(
        pact(
            summary="Fine.\n\n## When it is kept\n\nAlways.",
            conditions=[condition() | {"statement": "Holds\u202e.\n# Pact"}],
            evidence=[{"path": "out.json", "statement": "a | b"}],
        )
    )
    assert "Fine. \\#\\# When it is kept Always." in text
    assert text.count("\n## When it is kept\n") == 1
    assert "\n# Pact" not in text
    assert "\u202e" not in text
    assert r"\[U+202E\]" in text
    assert r"(a \| b)" in text


def test_render__threshold__says_weights_and_share() -> None:
    text = render(pact(conditions=[condition(), condition("b", "major"), condition("c", "minor")]))
    assert "All 1 critical conditions hold" in text
    assert "80 % of their weight" in text
    assert "together 4" in text


MARKED = st.text(alphabet="ab1 \n\\`*_[]()<>&~#|-+=.!/;:", min_size=1, max_size=40)
# As `oracle pact show` reads Markdown.
READER = MarkdownIt().enable("strikethrough").enable("table")


def shown(markdown: str) -> str:
    """What a reader of the Markdown sees: no marks, no links, no comments."""
    leaves = [leaf for token in READER.parse(markdown) for leaf in (token.children or [])]
    assert {leaf.type for leaf in leaves} <= {"text", "text_special", "code_inline", "softbreak"}
    return "".join(leaf.content for leaf in leaves)


@given(text=MARKED)
def test_prose__reads_as_what_was_written_wherever_it_stands(text: str) -> None:
    wanted = one_line(text)
    assert shown(f"# {prose(text)}") == wanted
    assert shown(f"- Criterion: {prose(text)}") == f"Criterion: {wanted}".rstrip()
    tokens = READER.parse(prose(text))
    assert [t.type for t in tokens] in (["paragraph_open", "inline", "paragraph_close"], [])
    assert shown(prose(text)) == wanted


@given(text=st.text(alphabet="a `\\*<|", min_size=1, max_size=20))
def test_code__is_shown_to_the_letter(text: str) -> None:
    assert shown(f"- Measure: {code(text)}") == f"Measure: {text}"


def test_render__a_comment_or_link_hides_nothing() -> None:
    statement = "Pays 39 EUR <!-- or nothing --> [as said](https://example.org) &nbsp;~~not~~"
    text = render(pact(conditions=[condition() | {"statement": statement}]))
    (heading,) = [line for line in text.splitlines() if line.startswith("### 1.")]
    assert shown(heading) == f"1. {statement}"


def test_render__a_pattern_keeps_its_backslashes_and_spaces() -> None:
    measure = {"method": "pattern", "file": "out.json", "pattern": r"\[a  *\]`|x", "must": "not_match"}
    text = render(pact(conditions=[condition(**measure)]))
    (line,) = [line for line in text.splitlines() if line.startswith("- Measure")]
    assert shown(line) == r"Measure: occurrences of /\[a  *\]`|x/ in out.json == 0 matches"


EVERY_METHOD: tuple[dict[str, Any], ...] = (
    {
        "method": "tests",
        "runner": "node",
        "suite": "suite-folder/",
        "base": "base-folder/",
        "delivered": "delivered-folder/",
        "expected": ["a.test.js::does it"],
        "timeout_seconds": 77,
        "memory_mib": 333,
    },
    {
        "method": "quotes",
        "file": "report.json",
        "form": "json",
        "pointer": "/the/list",
        "sources": ["sources-folder/"],
        "at_least": 7,
        "shortest": 41,
    },
    {
        "method": "numeric",
        "file": "sums.json",
        "pointer": "/sum",
        "expected": {"source": "material", "path": "expected.json", "pointer": "/right"},
        "absolute_tolerance": "0.25",
        "relative_tolerance": "0.125",
    },
    {
        "method": "receipts",
        "file": "receipts.json",
        "metric": "latency",
        "percentile": 93,
        "operator": "<",
        "threshold": 1234,
        "unit": "ms",
    },
    {
        "method": "cel",
        "expression": "given.a == found.b",
        "facts": [
            {"name": "given", "source": "material", "path": "given.json"},
            {"name": "found", "path": "found.txt", "form": "text"},
        ],
    },
    {
        "method": "jury",
        "criterion": "It is polite.",
        "standard": "As between strangers.",
        "files": ["letter.md"],
        "materials": ["policy.md"],
    },
    {
        "method": "exact",
        "file": "exact.json",
        "pointer": "/one",
        "expected": {"source": "value", "value": [3, "x"]},
    },
)


@pytest.mark.parametrize("measure", EVERY_METHOD, ids=lambda measure: measure["method"])
def test_render__leaves_out_nothing_that_a_measure_states(measure: dict[str, Any]) -> None:
    text = render(pact(conditions=[condition(**measure)]))

    def stated(value: object) -> list[str]:
        if isinstance(value, dict):
            return [leaf for each in value.values() for leaf in stated(each)]
        if isinstance(value, list):
            return [leaf for each in value for leaf in stated(each)]
        return [value if isinstance(value, str) else canonical_bytes(value).decode()]

    words = {"delivery", "material", "value"}  # said in other words
    missing = [leaf for leaf in stated(measure) if leaf not in text and leaf not in words]
    assert missing == []
