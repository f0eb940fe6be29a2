"""Imports point one way: docs/architecture.md says which."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ORACLE = Path(__file__).parents[2] / "oracle"
LAYERS = (
    ("domain",),
    ("decide", "chain", "pact", "evidence", "signing", "durable", "peers", "web", "periodic"),
    ("configuration", "evaluation", "score", "tabs"),
    ("config", "history", "jury"),
    ("opening", "policy"),
    ("store",),
    ("incident", "registry"),
    ("report",),
    ("api",),
    ("pages", "preflight", "webhooks"),
    ("daemon",),
    ("cli",),
)
"""Each imports of ours only what stands in rows before its own."""

HEIGHT = {name: height for height, row in enumerate(LAYERS) for name in row}


def imported(path: Path) -> set[str]:
    """Modules of ours that a file imports, also where it does so in a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.startswith("oracle.")}


def owner(path: Path) -> str:
    """The package a file belongs to, or the module it is."""
    return path.relative_to(ORACLE).parts[0].removesuffix(".py")


def test_every_package_has_its_layer() -> None:
    there = {
        path.name.removesuffix(".py") for path in ORACLE.iterdir() if not path.name.startswith(("_", "py."))
    }
    assert there == set(HEIGHT)


def test_nothing_imports_what_stands_beside_or_above_it() -> None:
    wrong = []
    for path in ORACLE.rglob("*.py"):
        for module in imported(path):
            package = module.split(".")[1]
            if package in HEIGHT and package != owner(path) and HEIGHT[package] >= HEIGHT[owner(path)]:
                wrong.append(f"{path.relative_to(ORACLE)} imports {module}")
    assert wrong == []


@pytest.mark.parametrize(
    ("package", "other", "modules"),
    [
        # What the store keeps for others it knows as documents, and by what makes them of rows.
        ("store", "policy", {"oracle.policy.event"}),
        ("store", "signing", {"oracle.signing.journal"}),
    ],
)
def test_only_documents_are_known_of_it(package: str, other: str, modules: set[str]) -> None:
    found = {
        module
        for path in (ORACLE / package).rglob("*.py")
        for module in imported(path)
        if module.split(".")[1] == other and (ORACLE / other / f"{module.split('.')[2]}.py").exists()
    }
    assert {".".join(module.split(".")[:3]) for module in found} == modules
