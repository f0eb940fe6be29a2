"""The guide names every method, function, field and template there is."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from oracle.pact.document import Pact
from oracle.pact.expressions import EXTENSIONS
from oracle.pact.measures import Measure
from oracle.pact.templates import TEMPLATES

GUIDE = (Path(__file__).resolve().parents[3] / "docs" / "pacts.md").read_text()
UNION = get_args(get_args(Measure)[0])


@pytest.mark.parametrize("measure", UNION, ids=lambda measure: measure.__name__)
def test_guide__method_and_its_fields__are_named(measure: type[Pact]) -> None:
    (method,) = get_args(measure.model_fields["method"].annotation)
    (row,) = [line for line in GUIDE.splitlines() if line.startswith(f"| `{method}` |")]
    for name, field in measure.model_fields.items():
        assert name == "method" or f"`{field.alias or name}`" in row, name


def test_guide__functions_templates_and_fields__are_named() -> None:
    words = [
        *EXTENSIONS,
        *(field.alias or name for name, field in Pact.model_fields.items() if name != "schema_"),
    ]
    assert [word for word in words if f"`{word}`" not in GUIDE] == []
    assert all(template in GUIDE for template in TEMPLATES)
