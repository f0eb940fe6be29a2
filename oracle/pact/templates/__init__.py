"""Pacts to start from, one for each common kind of work."""

from __future__ import annotations

from importlib.resources import files

from oracle.domain.errors import EarnestError
from oracle.pact.document import Pact

TEMPLATES: dict[str, str] = {
    "api": "a service, by its signed receipts",
    "code": "a change to a program, by hidden tests",
    "extraction": "documents to JSON, by schema and totals",
    "prose": "a text, by its form and one reader's criterion",
    "research": "a report, by its quotations from given sources",
}
"""Name of each template, and what it is for."""


class TemplateError(EarnestError):
    """There is no such template."""


def from_template(name: str) -> Pact:
    """The pact a template holds.

    Raises:
        TemplateError: no template has this name.
    """
    if name not in TEMPLATES:
        raise TemplateError(
            f"there is no template {name[:60]!r}",
            field="template",
            next_step=f"choose one of {', '.join(TEMPLATES)}",
        )
    return Pact.parse((files(__package__) / f"{name}.json").read_bytes(), what=f"template {name}")
