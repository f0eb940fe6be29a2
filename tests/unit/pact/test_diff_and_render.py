"""Reading a pact, and what changed from one version to the next."""

from __future__ import annotations

import json

import pytest

from oracle.pact.diff import diff, lineage
from oracle.pact.document import Pact
from oracle.pact.reading import reading, uses
from oracle.pact.render import render
from oracle.pact.templates import TEMPLATES, from_template
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
        assert one.statement in text
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
    assert text.count("## When it is kept") == 2
    assert text.count("\n## When it is kept\n") == 1
    assert "\n# Pact" not in text
    assert "\u202e" not in text
    assert "[U+202E]" in text
    assert "(a / b)" in text


def test_render__threshold__says_weights_and_share() -> None:
    text = render(pact(conditions=[condition(), condition("b", "major"), condition("c", "minor")]))
    assert "All 1 critical conditions hold" in text
    assert "80 % of their weight" in text
    assert "together 4" in text
