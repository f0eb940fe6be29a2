"""Each method: what holds, what does not, and that whatever errs is undecided."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from oracle.domain.signatures import address_of, sign_digest
from oracle.evaluation.checks.child import macro_depth
from oracle.evaluation.checks.nursery import Sitting
from oracle.evaluation.checks.receipts import Receipt, percentile
from oracle.evaluation.checks.suites import judge
from oracle.evaluation.sandbox.suite import SuiteReport
from oracle.pact.expressions import EXTENSIONS, compile_expression, unknown_functions
from oracle.pact.methodology import CheckLimits, Limits
from tests.unit.evaluation.builders import JOB, checked


def as_json(value: Any) -> dict[str, bytes]:
    return {"out.json": json.dumps(value).encode()}


SCHEMA = {"method": "json_schema", "file": "out.json", "schema": {"required": ["a"], "type": "object"}}


def cel(expression: str) -> dict[str, Any]:
    return {"method": "cel", "expression": expression, "facts": [{"name": "out", "path": "out.json"}]}


def pattern(text: str, must: str = "match") -> dict[str, Any]:
    return {"method": "pattern", "file": "out.json", "pattern": text, "must": must}


def exact(expected: Any, pointer: str = "/a") -> dict[str, Any]:
    return {
        "method": "exact",
        "file": "out.json",
        "pointer": pointer,
        "expected": {"source": "value", "value": expected},
    }


def numeric(expected: str, absolute: str = "0", relative: str = "0") -> dict[str, Any]:
    return {
        "method": "numeric",
        "file": "out.json",
        "pointer": "/a",
        "expected": {"source": "value", "value": expected},
        "absolute_tolerance": absolute,
        "relative_tolerance": relative,
    }


@pytest.mark.parametrize(
    ("measure", "delivered", "state"),
    [
        pytest.param(SCHEMA, {"a": 1}, "passed", id="schema-holds"),
        pytest.param(SCHEMA, {"b": 1}, "failed", id="schema-broken"),
        pytest.param(cel("out.a > 1"), {"a": 2}, "passed", id="cel-true"),
        pytest.param(cel("out.a > 1"), {"a": 1}, "failed", id="cel-false"),
        pytest.param(cel("out.a > 1"), {}, "undecided", id="cel-missing-key"),
        pytest.param(cel("out.a"), {"a": 1}, "undecided", id="cel-not-a-boolean"),
        pytest.param(cel("sum(out) == 6"), [1, 2, 3], "passed", id="cel-extension"),
        pytest.param(pattern("^.{3}$"), "a", "passed", id="pattern-found"),
        pytest.param(pattern("zzz"), "a", "failed", id="pattern-not-found"),
        pytest.param(pattern("zzz", "not_match"), "a", "passed", id="pattern-absent-as-asked"),
        pytest.param(pattern("(unclosed"), "a", "undecided", id="pattern-malformed"),
        pytest.param(exact(1), {"a": 1.0}, "passed", id="exact-1-is-1.0"),
        pytest.param(exact(1), {"a": "1"}, "failed", id="exact-text-is-no-number"),
        pytest.param(exact(1), {"a": True}, "failed", id="exact-true-is-not-1"),
        pytest.param(exact(1), {}, "failed", id="exact-nothing-there"),
        pytest.param(numeric("0.3", "0.01"), {"a": 0.31}, "passed", id="numeric-on-the-edge"),
        pytest.param(numeric("0.3"), {"a": 0.30000000000000004}, "failed", id="numeric-in-decimals"),
        pytest.param(numeric("100", "0", "0.05"), {"a": "105"}, "passed", id="numeric-relative-text"),
        pytest.param(numeric("100", "0", "0.05"), {"a": 105.1}, "failed", id="numeric-beyond"),
        pytest.param(numeric("1"), {"a": True}, "failed", id="numeric-true-is-no-number"),
        pytest.param(numeric("1"), {"a": "1e0"}, "failed", id="numeric-exponent-is-no-decimal-text"),
    ],
)
def test_methods(measure: dict[str, Any], delivered: Any, state: str) -> None:
    result = checked(measure, as_json(delivered))
    assert result.state == state, result.reason
    assert result.tool
    assert result.version not in ("", "unknown")
    assert list(result.inputs) == ["delivery/out.json"]


@pytest.mark.parametrize("measure", [SCHEMA, cel("true || out"), pattern("a"), exact(1), numeric("1")])
def test_what_was_not_delivered_does_not_hold(measure: dict[str, Any]) -> None:
    result = checked(measure, {})
    assert (result.state, result.inputs) == ("failed", {})
    assert "out.json" in result.reason


@pytest.mark.parametrize(
    "data", [b"{", b"\xff\xfe", b'{"a": 1, "a": 2}', b'{"a": NaN}', b'{"a": 1e999}', b"[" * 5000]
)
def test_delivered_json_that_is_none_does_not_hold(data: bytes) -> None:
    assert checked(SCHEMA, {"out.json": data}).state == "failed"


def small(**changes: int) -> Limits:
    return Limits(checks=CheckLimits(**({"seconds": 2, "memory_bytes": 256 * 1024 * 1024} | changes)))


@pytest.mark.parametrize(
    ("measure", "delivered"),
    [
        pytest.param(
            {"method": "json_schema", "file": "out.json", "schema": {"pattern": "^(a+)+$"}},
            "a" * 40 + "!",
            id="schema-with-exploding-pattern",
        ),
        pytest.param(
            cel("out.all(a, out.all(b, out.all(c, out.all(d, a + b + c + d < 0 || true))))"),
            list(range(100)),
            id="cel-nested-macros",
        ),
    ],
)
def test_what_takes_too_long_is_stopped_and_undecided(measure: dict[str, Any], delivered: Any) -> None:
    started = time.monotonic()
    result = checked(measure, as_json(delivered), limits=small(cel_cost=10**12))
    assert result.state == "undecided", result.reason
    assert time.monotonic() - started < 120


EXTENDED = {
    "distinct": "distinct(['a', 'a']).size() == 1",
    "indexOf": "'abc'.indexOf('b') == 1",
    "join": "['a', 'b'].join('-') == 'a-b'",
    "lowerAscii": "'ABC'.lowerAscii() == 'abc'",
    "max": "max([1, 2]) == 2",
    "min": "min([1, 2]) == 1",
    "split": "'a,b'.split(',').size() == 2",
    "substring": "'abc'.substring(1) == 'bc'",
    "sum": "sum([1, 2]) == 3",
    "trim": "' a '.trim() == 'a'",
}


def test_every_function_the_linter_knows_is_known_where_cel_runs() -> None:
    assert sorted(EXTENDED) == sorted(EXTENSIONS)
    everything = " && ".join(EXTENDED.values())
    assert unknown_functions(compile_expression(everything)) == ()
    result = checked(cel(everything), as_json({}))
    assert result.state == "passed", result.reason


def test_a_function_of_cel_that_is_not_offered_is_undecided() -> None:
    expression = "upperAscii('a') == 'A'"
    assert unknown_functions(compile_expression(expression)) == ("upperAscii",)
    assert checked(cel(expression), as_json({})).state == "undecided"


def test_cel_cost_is_refused_before_it_is_paid() -> None:
    result = checked(cel("out.all(a, out.all(b, out.exists(c, a + b == c)))"), as_json(list(range(200))))
    assert result.state == "undecided"
    assert "8000000 steps" in result.reason
    assert result.duration_ms < 2000


@pytest.mark.parametrize(
    ("delivered", "words"),
    [
        pytest.param(list(range(101)), "101 items", id="long"),
        pytest.param([[[[[]]]]], "nested deeper", id="deep"),
    ],
)
def test_cel_facts_beyond_the_caps_are_undecided(delivered: Any, words: str) -> None:
    result = checked(cel("size(out) > 0"), as_json(delivered), limits=small(cel_list_items=100, cel_depth=3))
    assert (result.state, words in result.reason) == ("undecided", True), result.reason


def test_a_memory_hungry_check_is_stopped_before_it_has_it() -> None:
    result = checked(
        cel('size(out.l.map(x, out.t + "x")) > 0'),
        as_json({"l": list(range(2000)), "t": "x" * 1_000_000}),
        limits=small(memory_bytes=128 * 1024 * 1024, seconds=20),
    )
    assert result.state == "undecided"
    assert "beyond its limits" in result.reason or "Memory" in result.reason, result.reason


def test_schema_references_are_never_fetched() -> None:
    measure = {
        "method": "json_schema",
        "file": "out.json",
        "schema": {"$ref": "http://127.0.0.1:1/schema.json"},
    }
    result = checked(measure, as_json({}))
    assert result.state == "undecided"
    assert "Unresolvable" in result.reason or "Wrapped" in result.reason


def test_a_schema_is_looked_at_once_and_one_that_is_none_stays_undecided(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    ask = Sitting.ask

    def noted(self: Sitting, task: bytes, **limits: Any) -> dict[str, Any]:
        asked.append(json.loads(task)["method"])
        return ask(self, task, **limits)

    monkeypatch.setattr(Sitting, "ask", noted)
    schema = SCHEMA | {"schema": {"type": "object", "title": "looked at once"}}
    assert checked(schema, as_json({})).state == "passed"
    assert checked(schema, as_json([])).state == "failed"
    assert asked == ["schema_form", "json_schema", "json_schema"]
    none = SCHEMA | {"schema": {"type": "no such type"}}
    for _ in range(2):
        result = checked(none, as_json({}))
        assert (result.state, "SchemaError" in result.reason) == ("undecided", True)


@pytest.mark.parametrize(
    ("expression", "depth"),
    [
        ("a.all(x, x > 1)", 1),
        ("a.all(x, x > 1) && b.exists(y, y)", 1),
        ("a.all(x, b.map(y, c.filter(z, true)))", 3),
        ("size(a) + int(b)", 0),
        ("a == '.all(' || b.contains(\".map(.map(\")", 0),
        ("a . all (x, b.exists_one(y, y == x))", 2),
    ],
)
def test_macro_depth(expression: str, depth: int) -> None:
    assert macro_depth(expression) == depth


QUOTE = "nobody may be charged twice for one order"
SOURCE = {"policy.md": f"Article 4. In no case, {QUOTE},\nwhatever the cause.".encode()}


def quotes(form: str = "json", **changes: Any) -> dict[str, Any]:
    return {"method": "quotes", "file": "out.json", "form": form, "sources": ["policy.md"]} | changes


@pytest.mark.parametrize(
    ("delivered", "state"),
    [
        pytest.param([{"quote": QUOTE, "source": "policy.md"}], "passed", id="word-for-word"),
        pytest.param(
            [{"quote": QUOTE.replace(" for", "\n  for"), "source": "policy.md"}], "passed", id="white-space"
        ),
        pytest.param([{"quote": QUOTE.upper(), "source": "policy.md"}], "failed", id="another-case"),
        pytest.param([{"quote": QUOTE, "source": "other.md"}], "failed", id="no-such-source"),
        pytest.param([{"quote": "one order", "source": "policy.md"}], "failed", id="too-short"),
        pytest.param([], "failed", id="too-few"),
        pytest.param([{"quote": QUOTE}], "failed", id="no-source"),
        pytest.param({"quote": QUOTE}, "failed", id="no-array"),
    ],
)
def test_quotes(delivered: Any, state: str) -> None:
    assert checked(quotes(), as_json(delivered), materials=SOURCE).state == state


def test_block_quotes() -> None:
    text = f"It says:\n\n> {QUOTE[:21]}\n> {QUOTE[22:]}\n\nSo.".encode()
    assert checked(quotes("blockquote"), {"out.json": text}, materials=SOURCE).state == "passed"
    invented = b"> everybody may be charged as often as we like\n"
    assert checked(quotes("blockquote"), {"out.json": invented}, materials=SOURCE).state == "failed"


def test_a_missing_source_is_not_the_providers_fault() -> None:
    delivered = as_json([{"quote": QUOTE, "source": "policy.md"}])
    assert checked(quotes(), delivered, materials={}).state == "undecided"


def test_a_missing_reference_is_not_the_providers_fault() -> None:
    measure = exact(1) | {"expected": {"source": "material", "path": "truth.json", "pointer": "/a"}}
    assert checked(measure, as_json({"a": 1}), materials={}).state == "undecided"
    assert checked(measure, as_json({"a": 1}), materials={"truth.json": b'{"a": 1}'}).state == "passed"
    assert checked(measure, as_json({"a": 2}), materials={"truth.json": b'{"a": 1}'}).state == "failed"


BUYER_KEY, PROVIDER_KEY = b"\x01" * 32, b"\x02" * 32
PARTIES = {"buyer": address_of(BUYER_KEY), "provider": address_of(PROVIDER_KEY)}


def receipt(number: int, wait: int, buyer: bytes = BUYER_KEY, **changes: Any) -> dict[str, Any]:
    body = {
        "job": JOB,
        "number": number,
        "request": "0x" + "01" * 32,
        "response": "0x" + "02" * 32,
        "asked_at": 1000,
        "answered_at": 1000 + wait,
    } | changes
    unsigned = Receipt.model_validate(
        body | dict.fromkeys(("buyer_signature", "provider_signature"), "0x" + "00" * 65)
    )
    signed = {
        "buyer_signature": "0x" + sign_digest(buyer, unsigned.digest()).hex(),
        "provider_signature": "0x" + sign_digest(PROVIDER_KEY, unsigned.digest()).hex(),
    }
    return body | signed


LATENCY = {
    "method": "receipts",
    "file": "out.json",
    "metric": "latency",
    "percentile": 90,
    "operator": "<=",
    "threshold": 100,
    "unit": "ms",
}
COUNT = {
    "method": "receipts",
    "file": "out.json",
    "metric": "count",
    "operator": ">=",
    "threshold": 2,
    "unit": "receipts",
}


@pytest.mark.parametrize(
    ("measure", "delivered", "state"),
    [
        pytest.param(LATENCY, [receipt(n, 100) for n in range(10)], "passed", id="fast"),
        pytest.param(LATENCY, [receipt(n, 101) for n in range(10)], "failed", id="slow"),
        pytest.param(
            LATENCY, [receipt(n, 999 if n == 0 else 10) for n in range(10)], "passed", id="one-slow-of-ten"
        ),
        pytest.param(LATENCY, [], "failed", id="none"),
        pytest.param(COUNT, [receipt(0, 1), receipt(1, 1)], "passed", id="enough"),
        pytest.param(COUNT, [receipt(0, 1), receipt(0, 1)], "failed", id="the-same-twice"),
        pytest.param(COUNT, [receipt(0, 1), receipt(2, 1), receipt(3, 1)], "failed", id="a-gap"),
        pytest.param(
            COUNT, [receipt(0, 1), receipt(1, 1, buyer=PROVIDER_KEY)], "failed", id="not-the-buyers-signature"
        ),
        pytest.param(
            COUNT, [receipt(0, 1), receipt(1, 1) | {"answered_at": 5000}], "failed", id="changed-afterwards"
        ),
        pytest.param(COUNT, [receipt(0, 1), receipt(1, 1, job="0x" + "99" * 32)], "failed", id="another-job"),
        pytest.param(COUNT, [receipt(0, 1), receipt(1, -5)], "failed", id="answered-before-asked"),
        pytest.param(COUNT, [receipt(0, 1), "x"], "failed", id="not-a-receipt"),
        pytest.param(COUNT, {"receipts": []}, "failed", id="no-array"),
    ],
)
def test_receipts(measure: dict[str, Any], delivered: Any, state: str) -> None:
    result = checked(measure, as_json(delivered), **PARTIES)
    assert result.state == state, result.reason


@pytest.mark.parametrize(("percent", "value"), [(1, 1), (50, 5), (51, 6), (90, 9), (100, 10)])
def test_percentile_is_nearest_rank(percent: int, value: int) -> None:
    assert percentile([3, 1, 2, 5, 4, 9, 8, 7, 6, 10], percent) == value


def report(**changes: Any) -> SuiteReport:
    fields: dict[str, Any] = {
        "outcomes": {"t::a": "passed", "t::b": "passed"},
        "collected": ("t::a", "t::b"),
        "uncollected": (),
        "messages": {},
        "gone": None,
        "errors": 0,
        "ended": True,
        "worker": "exited",
        "harness": "exited, status 0",
        "log": "",
    }
    return SuiteReport(**(fields | changes))


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        pytest.param({}, "passed", id="all-passed"),
        pytest.param({"outcomes": {"t::a": "passed", "t::b": "failed"}}, "failed", id="one-failed"),
        pytest.param({"outcomes": {"t::a": "passed"}}, "undecided", id="suite-lacks-one"),
        pytest.param({"outcomes": {"t::a": "passed"}, "errors": 1}, "failed", id="delivery-broke-the-suite"),
        pytest.param({"outcomes": {"t::a": "passed", "t::b": "skipped"}}, "undecided", id="skipped"),
        pytest.param({"gone": "it hung"}, "failed", id="gone-though-all-passed"),
        pytest.param({"ended": False}, "undecided", id="suite-did-not-end"),
        pytest.param({"outcomes": {}, "ended": False, "gone": "it died"}, "failed", id="gone-before-any"),
        pytest.param(
            {"outcomes": {"t::a": "passed", "t::b": "passed", "t::c": "failed"}}, "passed", id="others"
        ),
    ],
)
def test_what_a_suite_report_says(changes: dict[str, Any], state: str) -> None:
    assert judge(("t::a", "t::b"), report(**changes)).state == state


@pytest.mark.parametrize(
    ("base", "delivered"), [("pkg/__init__.py", "src/pkg"), ("pkg", "src/pkg/__init__.py")]
)
def test_a_delivery_that_does_not_fit_the_base_fails(base: str, delivered: str) -> None:
    measure = {
        "method": "tests",
        "runner": "python",
        "suite": "hidden/",
        "base": "base/",
        "delivered": "src/",
        "expected": ["test_a.py::test_a"],
    }
    materials = {"hidden/test_a.py": b"def test_a(): pass", f"base/{base}": b""}
    result = checked(measure, {delivered: b""}, materials=materials)
    assert result.state == "failed"
    assert "does not fit the base" in result.reason


def test_without_a_sandbox_nothing_runs_and_it_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    from oracle.evaluation.sandbox import bwrap

    bwrap.require_working_sandbox.cache_clear()
    monkeypatch.setattr("shutil.which", lambda _name: None)
    measure = {
        "method": "tests",
        "runner": "python",
        "suite": "hidden/",
        "delivered": "src/",
        "expected": ["test_a.py::test_a"],
    }
    files = {"src/a.py": b"open('/tmp/earnest-was-here', 'w')"}
    result = checked(measure, files, materials={"hidden/test_a.py": b"def test_a(): pass"})
    bwrap.require_working_sandbox.cache_clear()
    assert result.state == "undecided"
    assert "apt-get install bubblewrap" in result.reason


def test_an_error_nobody_thought_of_is_undecided_with_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    from oracle.evaluation.checks import isolated

    def explode(*_: Any) -> None:
        raise ZeroDivisionError("no idea")

    monkeypatch.setattr(isolated, "_ask", explode)
    result = checked(SCHEMA, as_json({"a": 1}))
    assert (result.state, result.reason) == ("undecided", "ZeroDivisionError: no idea")
