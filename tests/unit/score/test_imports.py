"""The formula reads evidence, and nothing that is made with it."""

from __future__ import annotations

import ast
from pathlib import Path

SCORE = Path(__file__).parents[3] / "oracle" / "score"


def test_score_imports_only_words_and_decisions() -> None:
    named = {
        node.module
        for path in SCORE.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module is not None
    }
    ours = {module.split(".")[1] for module in named if module.startswith("oracle.")}
    assert ours == {"domain", "decide", "score"}
