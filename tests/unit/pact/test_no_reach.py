"""No field of a pact reaches juror choice, rubric or rate: what would is refused at every place."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from oracle.domain.document import DocumentError
from oracle.pact.document import Pact
from oracle.pact.templates import TEMPLATES, from_template

STEERING_FIELDS = tuple(
    """
    juror jurors model family provider rubric template templates weight rate sampling probe probes controls
    draw seed nonce order minimum_jurors maximum_jurors release_certainty_bps fail_certainty_bps temperature
    prompt system methodology
""".split()  # noqa: SIM905 - one name a line would hide the list
)


def _objects(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where a field could be added; the inside of a JSON Schema is the buyer's own."""
    if isinstance(value, dict):
        yield path
        for key, child in value.items():
            if key != "schema":
                yield from _objects(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _objects(child, (*path, index))


@pytest.mark.parametrize("template", sorted(TEMPLATES))
def test_pact__field_that_would_steer_the_jury__is_refused_everywhere(template: str) -> None:
    document = from_template(template).as_json()
    places = list(_objects(document))
    assert len(places) > 5
    for place in places:
        for field in STEERING_FIELDS:
            changed = copy.deepcopy(document)
            target = changed
            for step in place:
                target = target[step]
            target[field] = "x"
            with pytest.raises(DocumentError):
                Pact.parse(json.dumps(changed).encode())
