"""The documents name tests and files that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = "\n".join(
    path.read_text("utf-8")
    for path in (*(ROOT / "tests/contracts").rglob("*.t.sol"), *(ROOT / "tests").rglob("test_*.py"))
)


def test_threat_model_names_tests_that_exist() -> None:
    text = (ROOT / "docs/threat-model.md").read_text("utf-8")
    named = re.findall(r"(?<![/\w])(test(?:Fuzz)?_\w+)(\*?)", text)
    assert len(named) > 40
    missing = [
        name
        for name, star in named
        if not any(f"{word} {name}{'' if star else '('}" in TESTS for word in ("function", "def"))
    ]
    files = re.findall(r"`((?:unit|property|integration)/[\w/]+(?:\.py)?)`", text)
    missing += [path for path in files if not (ROOT / "tests" / path).exists()]
    assert not missing


def test_links_between_documents_lead_somewhere() -> None:
    documents = [ROOT / "README.md", ROOT / "SECURITY.md", *(ROOT / "docs").rglob("*.md")]
    links = [
        (document, target)
        for document in documents
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text("utf-8"))
    ]
    assert len(links) > 5
    assert not [(d.name, target) for d, target in links if not (d.parent / target).exists()]


def test_architecture_names_every_package() -> None:
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    rows = {
        name
        for line in text.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([a-z]+)`", line.split("|")[1])
    }
    packages = {path.parent.name for path in (ROOT / "oracle").glob("*/__init__.py")}
    assert len(packages) > 20
    assert packages <= rows


def test_readme_names_every_document() -> None:
    table = [line for line in (ROOT / "README.md").read_text("utf-8").splitlines() if line.startswith("| `")]
    named = set(re.findall(r"`docs/([\w-]+\.md)`", "\n".join(table)))
    assert {path.name for path in (ROOT / "docs").glob("*.md")} == named
