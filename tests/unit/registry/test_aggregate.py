"""What is said of an agent for a period: of checked jobs, by id, and as everybody could compute it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from oracle.domain.canonical import keccak_hex
from oracle.registry.aggregate import Period, Place, aggregates, digest_of, ended
from oracle.score.evidence import Contest, Evidence, Finding, Kind
from oracle.store.closed import Closed

OURS, OTHERS = "0x" + "c0" * 32, "0x" + "c1" * 32
AGENT, RIVAL = "0x" + "a1" * 20, "0x" + "a2" * 20
WEEK = 604_800
PERIOD = Period(10 * WEEK, 11 * WEEK)
PLACE = Place(31_337, "0x" + "e5" * 20, "0x" + "84" * 20)


def closed(finding: Finding, *, agent_id: int = 7, provider: str = AGENT, **changed: Any) -> Closed:
    piece = Evidence(
        kind=Kind.JOB, subject="0x" + "11" * 32, period=0, block=1, log_index=1, at=PERIOD.start,
        counterparty="0x" + "b1" * 20, own=False, committee=OURS, finding=finding, contest=Contest.NONE,
        value=1, bond=1, secured=True, outlay=0,
    )  # fmt: skip
    return Closed(replace(piece, **changed), provider, agent_id)


def test_passes_and_failures__of_one_agent__are_counted_together() -> None:
    found = aggregates(
        [closed(Finding.PASS), closed(Finding.PASS), closed(Finding.FAIL), closed(Finding.LOST)],
        {OURS}, PERIOD,
    )  # fmt: skip
    assert [(one.agent_id, one.passes, one.failures, one.value) for one in found] == [(7, 2, 2, 5_000)]


def test_each_period_of_a_tab__counts_like_a_job() -> None:
    periods = [closed(Finding.FAIL, kind=Kind.TAB_PERIOD, period=number) for number in (1, 2)]
    (found,) = aggregates([closed(Finding.PASS), *periods], {OURS}, PERIOD)
    assert (found.passes, found.failures) == (1, 2)


@pytest.mark.parametrize(
    "changed",
    [
        {"finding": Finding.NOTHING}, {"committee": OTHERS}, {"secured": False}, {"own": True},
        {"at": PERIOD.end}, {"at": PERIOD.start - 1},
    ],
)  # fmt: skip
def test_what_says_nothing__is_left_out(changed: dict[str, Any]) -> None:
    one = closed(Finding.PASS)
    assert aggregates([replace(one, evidence=replace(one.evidence, **changed))], {OURS}, PERIOD) == []


def test_without_an_id__nothing_is_said() -> None:
    assert aggregates([closed(Finding.PASS, agent_id=0)], {OURS}, PERIOD) == []


def test_one_id_named_by_two_providers__is_two_aggregates() -> None:
    found = aggregates([closed(Finding.PASS), closed(Finding.FAIL, provider=RIVAL)], {OURS}, PERIOD)
    assert {(one.provider, one.value) for one in found} == {(AGENT, 10_000), (RIVAL, 0)}
    assert len({one.subject(PLACE, AGENT) for one in found}) == 2
    assert len({one.period.tag(one.provider) for one in found}) == 2  # else one would stand for the other


def test_document__is_canonical_and_says_no_evaluator() -> None:
    (one,) = aggregates([closed(Finding.PASS)], {OURS}, PERIOD)
    document = one.document(PLACE)
    assert digest_of(document) == keccak_hex(document)
    told = json.loads(document)
    assert told["registry"] == "eip155:31337:" + PLACE.registry
    assert (told["from"], told["to"], told["value"], told["decimals"]) == (*_bounds(), 10_000, 2)


def test_periods__are_the_last_that_ended() -> None:
    assert ended(11 * WEEK, length=WEEK, back=2) == [Period(9 * WEEK, 10 * WEEK), PERIOD]
    assert ended(11 * WEEK - 1, length=WEEK, back=1) == [Period(9 * WEEK, 10 * WEEK)]
    assert ended(0, length=WEEK, back=4) == []


def _bounds() -> tuple[int, int]:
    return PERIOD.start, PERIOD.end
