"""A methodology that contradicts itself is refused, and the message says how."""

from __future__ import annotations

from typing import Any

import pytest

from oracle.domain.document import DocumentError
from tests.unit.pact.builders import methodology, methodology_json

JURY = methodology_json()["jury"]
JUROR, TEMPLATE = JURY["jurors"][0], JURY["templates"][0]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"jury": JURY | {"minimum_jurors": 3}}, "minimum_jurors is more than maximum_jurors"),
        ({"jury": JURY | {"jurors": [JUROR, JUROR]}}, "same juror id"),
        ({"jury": JURY | {"templates": [TEMPLATE, TEMPLATE]}}, "same template id"),
        ({"jury": JURY | {"templates": []}}, "at least 1"),
        ({"jury": JURY | {"minimum_jurors": 0}}, "greater than or equal to 1"),
        ({"jury": JURY | {"release_certainty_bps": 5000}}, "greater than 5000"),
        ({"jury": JURY | {"fail_certainty_bps": 10_000}}, "less than 10000"),
        ({"probes": {"minimum": 5, "minimum_adversarial": 6}}, "minimum_adversarial is more than minimum"),
        ({"controls": {"negative": [], "manipulation": ["x"]}}, "at least 1"),
        ({"controls": {"negative": ["x"], "manipulation": []}}, "at least 1"),
        ({"draw": {"source": "provider-nonce"}}, "drand-quicknet"),
        ({"sampling": [{"value_up_to": "5", "interactions": 1}]}, "value_up_to null"),
        ({"sampling": [{"value_up_to": None, "interactions": 1}] * 2}, "value_up_to null"),
        (
            {
                "sampling": [
                    {"value_up_to": "5", "interactions": 1},
                    {"value_up_to": "5", "interactions": 2},
                    {"value_up_to": None, "interactions": 3},
                ]
            },
            "must rise",
        ),
        ({"limits": {"models": {"job_money": "1.5"}}}, "pattern"),
        ({"limits": {"checks": {"seconds": 0}}}, "greater than or equal to 1"),
    ],
)
def test_parse__contradiction__is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(DocumentError, match=reason):
        methodology(**changes)


def test_parse__no_jurors__is_a_methodology_without_a_jury() -> None:
    assert methodology(jury=JURY | {"jurors": []}).jury.jurors == ()
