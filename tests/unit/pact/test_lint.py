"""The linter: each rule has the pact that breaks it, and a sound pact is left alone."""

from __future__ import annotations

from typing import Any

import pytest

from oracle.pact.lint import lint
from oracle.pact.templates import TEMPLATES, TemplateError, from_template
from tests.unit.pact.builders import HASH, condition, pact

OUT = {"path": "out.json", "media_type": "application/json"}
TEXT = {"path": "out.md", "media_type": "text/markdown"}
MATERIAL = {"path": "ref.json", "bytes": 1, "keccak256": HASH}


def rules(**changes: Any) -> set[tuple[str, str]]:
    return {(finding.level, finding.rule) for finding in lint(pact(**changes))}


def measured(evidence: dict[str, Any] = OUT, **measure: Any) -> dict[str, Any]:
    return {"conditions": [condition(**measure)], "evidence": [evidence]}


def cel(expression: str, name: str = "out") -> dict[str, Any]:
    return measured(method="cel", expression=expression, facts=[{"name": name, "path": "out.json"}])


def pattern(text: str, must: str = "match") -> dict[str, Any]:
    return measured(TEXT, method="pattern", file="out.md", pattern=text, must=must)


def schema(value: dict[str, Any]) -> dict[str, Any]:
    return measured(method="json_schema", file="out.json", schema=value)


def receipts(**changes: Any) -> dict[str, Any]:
    count: dict[str, Any] = {"metric": "count", "operator": ">=", "threshold": 1, "unit": "receipts"}
    return measured(method="receipts", file="out.json", **(count | changes))


def jury(criterion: str, **changes: Any) -> dict[str, Any]:
    return measured(TEXT, method="jury", criterion=criterion, files=["out.md"], **changes)


def numeric(relative: str, expected: str) -> dict[str, Any]:
    value = {"source": "value", "value": expected}
    return measured(
        method="numeric", file="out.json", pointer="/a", expected=value, relative_tolerance=relative
    )


TESTS = {
    "method": "tests",
    "runner": "python",
    "suite": "hidden/",
    "delivered": "src/",
    "expected": ["t.py::a"],
}


@pytest.mark.parametrize(
    ("changes", "level", "rule"),
    [
        ({"evidence": [TEXT]}, "error", "file-not-handed-over"),
        ({"evidence": [OUT, TEXT]}, "warning", "evidence-not-measured"),
        ({"evidence": [OUT | {"required": False}]}, "warning", "critical-file-optional"),
        ({"conditions": [condition(severity="major")]}, "warning", "no-critical-condition"),
        (
            {"conditions": [condition(severity="major")], "threshold": {"pass_share_bps": 0}},
            "error",
            "no-critical-condition",
        ),
        (
            {"conditions": [condition(), condition("b", "minor")], "threshold": {"pass_share_bps": 0}},
            "error",
            "threshold-without-effect",
        ),
        ({"title": "Pay\u202e100"}, "error", "hidden-text"),
        ({"conditions": [condition() | {"statement": "a\u200bb"}]}, "error", "hidden-text"),
        ({"materials": [MATERIAL | {"disclosed": "evaluators"}]}, "warning", "material-without-use"),
        (measured({"path": "src/"}, **TESTS), "error", "material-not-given"),
        (
            measured({"path": "src/"}, **TESTS) | {"materials": [MATERIAL | {"path": "hidden/t.py"}]},
            "warning",
            "tests-shown",
        ),
        (measured({"path": "src/"}, **(TESTS | {"expected": ["test_a"]})), "error", "test-name-form"),
        (jury("It rhymes.") | {"evidence": [{"path": "out.md"}]}, "warning", "reader-cannot-read"),
        (schema({"type": "nonsense"}), "error", "schema-invalid"),
        (schema({"$ref": "https://example.org/s.json"}), "error", "schema-refers-outside"),
        (schema({"items": [{"$ref": "file:///etc/passwd"}]}), "error", "schema-invalid"),
        (schema({"title": "anything"}), "error", "schema-empty"),
        (schema({"$ref": "#/$defs/none", "$defs": {}}), "error", "schema-refers-nowhere"),
        (schema({"$ref": "#"}), "error", "schema-circular"),
        (schema({"properties": {"a": {"pattern": "("}}}), "error", "schema-invalid"),
        (schema({"patternProperties": {"(?P<": {}}}), "error", "schema-invalid"),
        (cel("out.a ="), "error", "cel-does-not-parse"),
        (cel("(" * 500 + "out" + ")" * 500), "error", "cel-does-not-parse"),
        (cel("out.a == other"), "error", "cel-unknown-name"),
        (cel("launch(out)"), "error", "cel-unknown-function"),
        (cel("1 == 1"), "warning", "fact-without-use"),
        (pattern(r"(a)\1"), "error", "pattern-refused"),
        (pattern(r"(?=a)b"), "error", "pattern-refused"),
        (pattern(r"a{2000}"), "error", "pattern-refused"),
        (pattern(r"a*"), "warning", "pattern-trivial"),
        (pattern(r"a*", "not_match"), "error", "threshold-unreachable"),
        (receipts(operator="<", threshold=0), "error", "threshold-unreachable"),
        (receipts(operator=">=", threshold=0), "error", "threshold-without-effect"),
        (
            receipts(operator=">=", metric="latency", percentile=95, unit="ms", threshold=10),
            "warning",
            "operator-odd",
        ),
        (numeric("1", "5"), "warning", "tolerance-wide"),
        (numeric("0.01", "0"), "warning", "tolerance-without-effect"),
        (jury("The text is good and professional."), "warning", "criterion-vague"),
        (jury("It is short. It is blue. It rhymes. It ends."), "warning", "criterion-compound"),
        (
            {
                "evidence": [TEXT],
                "conditions": [
                    condition("a", method="pattern", file="out.md", pattern="x", must="match"),
                    condition("b", method="pattern", file="out.md", pattern="x", must="not_match"),
                ],
            },
            "error",
            "threshold-unreachable",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_lint__rule_broken__is_said(changes: dict[str, Any], level: str, rule: str) -> None:
    assert (level, rule) in rules(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {
            "evidence": [OUT, TEXT | {"required": False}],
            "conditions": [
                condition(),
                condition("b", "minor", method="pattern", file="out.md", pattern="x", must="match"),
            ],
        },
        cel("out.items.all(item, sum(item.parts.map(part, part.n)) == item.total)"),
        cel("has(out.a) && size(out.a) > 2 && out.a.matches('x') && !(1 in out.b)"),
        pattern(r"(?i)\bcause\b"),
        schema(
            {"type": "object", "$defs": {"a": {"type": "string"}}, "properties": {"x": {"$ref": "#/$defs/a"}}}
        ),
        schema({"properties": {"pattern": {"type": "string"}, "next": {"$ref": "#"}}}),
        receipts(),
        jury("The text is good.", standard="Pass: it names the price. Fail: it does not."),
        jury("The text names the price."),
        numeric("0.01", "5"),
    ],
)
def test_lint__sound_pact__has_nothing_to_say(changes: dict[str, Any]) -> None:
    assert lint(pact(**changes)) == ()


def test_lint__errors_come_first_and_name_field_and_condition() -> None:
    findings = lint(pact(evidence=[TEXT]))
    assert [finding.level for finding in findings] == ["error", "warning"]
    assert findings[0].field == "conditions.0.measure"
    assert "'form'" in findings[0].message
    assert "add 'out.json' to evidence" in findings[0].next_step


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_template__wants_only_the_buyers_own_files(name: str) -> None:
    assert {finding.rule for finding in lint(from_template(name))} <= {"material-not-given"}


def test_template__unknown__lists_those_there_are() -> None:
    with pytest.raises(TemplateError, match="no template 'poem'") as caught:
        from_template("poem")
    assert "extraction" in (caught.value.next_step or "")
