"""A delivery that is not as agreed: each way, by its own rule."""

from __future__ import annotations

from typing import Any

import pytest

from oracle.domain.document import DocumentError
from oracle.pact.handover import check_handover
from tests.unit.pact.builders import HASH, condition, delivery, pact

EVIDENCE = [
    {"path": "out.json", "max_bytes": 10},
    {"path": "src/", "max_bytes": 100, "max_files": 2},
    {"path": "notes.md", "required": False},
]
MODEL = {"family": "f", "model": "m"}


def problems(*paths: str, declares: dict[str, Any] | None = None, **changes: Any) -> list[tuple[str, str]]:
    promise = pact(evidence=EVIDENCE, conditions=[condition()], declares=declares or {})
    manifest = delivery(*paths, **({"pact": promise.hash()} | changes))
    return [(problem.rule, problem.field) for problem in check_handover(promise, manifest).problems]


def test_check_handover__as_agreed__has_no_problems() -> None:
    assert problems("out.json", "src/a.py", "src/b.py") == []


def test_check_handover__unasked_files__are_listed_and_not_asked() -> None:
    promise = pact(evidence=EVIDENCE)
    found = check_handover(
        promise, delivery("out.json", "src/a", "conftest.py", "src2/x", pact=promise.hash())
    )
    assert found.as_agreed
    assert found.asked == ("out.json", "src/a")
    assert found.unasked == ("conftest.py", "src2/x")


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["src/a"], ("missing", "out.json")),
        (["out.json"], ("missing", "src/")),
        (["out.json", "src/a", "src/b", "src/c"], ("too-many", "src/")),
    ],
)
def test_check_handover__wrong_files__are_named(paths: list[str], expected: tuple[str, str]) -> None:
    assert problems(*paths) == [expected]


def test_check_handover__too_large__names_the_file() -> None:
    big = {"path": "out.json", "bytes": 11, "keccak256": HASH}
    small = {"path": "src/a", "bytes": 100, "keccak256": HASH}
    assert problems(files=[big, small]) == [("too-large", "out.json")]


def test_check_handover__for_another_pact__is_said() -> None:
    assert problems("out.json", "src/a", pact=HASH) == [("other-pact", "pact")]


@pytest.mark.parametrize(
    ("declares", "declared", "expected"),
    [
        ({}, {}, ["not-declared", "not-declared", "not-declared"]),
        ({"models": "free", "human_help": "free", "rescue_work": "free"}, {}, []),
        ({"human_help": "forbidden", "rescue_work": "forbidden"}, {"models": []}, []),
        (
            {"models": "free", "human_help": "forbidden", "rescue_work_minutes_max": 5},
            {"human_help": {"minutes": 0, "what": "none"}, "rescue_work": {"minutes": 5, "what": "x"}},
            [],
        ),
        ({"models_max": 1, "human_help": "free", "rescue_work": "free"}, {"models": [MODEL, MODEL]}, []),
        (
            {"models_max": 1, "human_help": "free", "rescue_work": "free"},
            {"models": [MODEL, MODEL | {"model": "n"}]},
            ["over-limit"],
        ),
        (
            {"models": "free", "human_help": "forbidden", "rescue_work": "free"},
            {"human_help": {"minutes": 1, "what": "x"}},
            ["forbidden"],
        ),
        (
            {"models": "free", "human_help": "free", "rescue_work_minutes_max": 5},
            {"rescue_work": {"minutes": 6, "what": "x"}},
            ["over-limit"],
        ),
    ],
)
def test_check_handover__declarations(
    declares: dict[str, Any], declared: dict[str, Any], expected: list[str]
) -> None:
    found = problems("out.json", "src/a", declares=declares, declared=declared)
    assert [rule for rule, _ in found] == expected


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"files": []}, "files"),
        ({"verdict": "pass"}, "verdict"),
        ({"pact": "0x12"}, "pact"),
        (
            {"files": [{"path": "a", "bytes": 1, "keccak256": HASH, "url": "file:///etc/passwd"}]},
            "files.0.url",
        ),
        (
            {"files": [{"path": "a", "bytes": 1, "keccak256": HASH, "media_type": "text/html; x"}]},
            "files.0.media_type",
        ),
        (
            {"declared": {"models": [], "human_help": {"minutes": -1, "what": "x"}}},
            "declared.human_help.minutes",
        ),
    ],
)
def test_delivery__malformed__names_the_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(DocumentError) as caught:
        delivery(**changes)
    assert caught.value.field == field
