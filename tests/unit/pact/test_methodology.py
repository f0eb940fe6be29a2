"""A methodology that contradicts itself is refused, and the message says how."""

from __future__ import annotations

from typing import Any

import pytest

from oracle.domain.document import DocumentError
from oracle.pact.methodology import Methodology
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


TABS = {"detection_bps": 9_000, "gain_bps": 5_000}


def test_version_2__has_the_rules_for_tabs() -> None:
    read = methodology(schema="earnest/methodology/2", tabs=TABS)
    assert read.tabs is not None
    assert read.tabs.deters
    assert Methodology.parse(read.canonical()) == read


def test_version_1__has_no_field_for_tabs_in_its_canonical_form() -> None:
    assert b'"tabs"' not in methodology().canonical()


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": "earnest/methodology/2"},
        {"tabs": TABS},
        {"schema": "earnest/methodology/2", "tabs": TABS | {"rises": {"new_pair_times_bps": 9_999}}},
        {"schema": "earnest/methodology/2", "tabs": {"gain_bps": 5_000}},
        {"schema": "earnest/methodology/2", "tabs": TABS | {"complaints_at_most": 0}},
    ],
)
def test_tabs__not_as_its_version_has_it__is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(DocumentError):
        methodology(**changes)


def test_tabs__with_a_real_draw__leave_an_hour_to_hand_over() -> None:
    drand = {"source": "drand-quicknet", "delay_seconds": 30}
    read = methodology(schema="earnest/methodology/2", draw=drand, tabs=TABS)
    assert read.period_draw.delay_seconds == 3_600
    assert read.draw.delay_seconds == 30  # of a job
    with pytest.raises(DocumentError, match="hand_over_seconds is 3599"):
        methodology(schema="earnest/methodology/2", draw=drand, tabs=TABS | {"hand_over_seconds": 3_599})


def test_tabs__the_longer_delay_counts() -> None:
    draw = {"source": "block-hash", "delay_seconds": 30}
    read = methodology(schema="earnest/methodology/2", draw=draw, tabs=TABS | {"hand_over_seconds": 5})
    assert read.period_draw.delay_seconds == 30


def test_tabs__detection_no_better_than_the_gain__does_not_deter() -> None:
    read = methodology(schema="earnest/methodology/2", tabs={"detection_bps": 5_000, "gain_bps": 5_000})
    assert read.tabs is not None
    assert not read.tabs.deters
