"""What a closed job says of its provider."""

from __future__ import annotations

from dataclasses import replace

import pytest

from oracle.decide.jobs import JobRecord
from oracle.domain.terms import Agreement, Opening, Terms
from oracle.domain.types import Ending, Outcome, State
from oracle.score.evidence import Contest, Finding, contest_of, finding_of, outlay_of

BUYER, PROVIDER = "0x" + "aa" * 20, "0x" + "bb" * 20
HASH = "0x" + "11" * 32
AGREEMENT = Agreement(
    Terms(BUYER, PROVIDER, HASH, 73_000_000, 10_000_000, 2_000_000, 0, 86_400, 86_400),
    Opening(HASH, HASH, 0, 0, 0, 0, 0),
)
CLOSED = JobRecord(State.CLOSED, 31, 1, 0, closed_at=86_400 * 10, to_evaluators=2_000_000)
NONE, PASS, FAIL, LAPSE = Outcome.NONE, Outcome.PASS, Outcome.FAIL, Outcome.LAPSE


@pytest.mark.parametrize(
    ("before", "outcome", "ending", "disputant", "finding", "contest"),
    [
        pytest.param(PASS, PASS, Ending.SETTLED, None, Finding.PASS, Contest.NONE, id="pass"),
        pytest.param(FAIL, FAIL, Ending.SETTLED, None, Finding.FAIL, Contest.NONE, id="fail"),
        pytest.param(LAPSE, LAPSE, Ending.SETTLED, None, Finding.NOTHING, Contest.NONE, id="lapse"),
        pytest.param(NONE, PASS, Ending.CONCEDED, None, Finding.NOTHING, Contest.NONE, id="unchecked pass"),
        pytest.param(NONE, FAIL, Ending.CONCEDED, None, Finding.FAIL, Contest.NONE, id="provider gives up"),
        pytest.param(FAIL, FAIL, Ending.CONCEDED, None, Finding.FAIL, Contest.NONE, id="fail conceded"),
        pytest.param(PASS, FAIL, Ending.RULED, BUYER, Finding.LOST, Contest.LOST, id="pass overturned"),
        pytest.param(PASS, PASS, Ending.RULED, BUYER, Finding.PASS, Contest.WON, id="pass upheld"),
        pytest.param(FAIL, FAIL, Ending.RULED, PROVIDER, Finding.LOST, Contest.LOST, id="fail upheld"),
        pytest.param(FAIL, PASS, Ending.RULED, PROVIDER, Finding.PASS, Contest.WON, id="fail overturned"),
        pytest.param(FAIL, LAPSE, Ending.RULED, PROVIDER, Finding.NOTHING, Contest.WON, id="fail to lapse"),
        pytest.param(PASS, PASS, Ending.CONCEDED, BUYER, Finding.PASS, Contest.WON, id="buyer gives way"),
        pytest.param(FAIL, FAIL, Ending.CONCEDED, PROVIDER, Finding.LOST, Contest.LOST, id="gives way"),
        pytest.param(FAIL, FAIL, Ending.RULING_OVER, PROVIDER, Finding.FAIL, Contest.UNDECIDED, id="silent"),
        pytest.param(FAIL, NONE, Ending.AGREED, None, Finding.FAIL, Contest.NONE, id="failure bought back"),
        pytest.param(FAIL, NONE, Ending.AGREED, PROVIDER, Finding.FAIL, Contest.UNDECIDED, id="and disputed"),
        pytest.param(PASS, NONE, Ending.AGREED, BUYER, Finding.NOTHING, Contest.UNDECIDED, id="split"),
        pytest.param(LAPSE, PASS, Ending.RULED, PROVIDER, Finding.PASS, Contest.WON, id="lapse to pass"),
        pytest.param(LAPSE, LAPSE, Ending.RULED, PROVIDER, Finding.NOTHING, Contest.LOST, id="lapse stays"),
        pytest.param(LAPSE, LAPSE, Ending.RULED, BUYER, Finding.NOTHING, Contest.WON, id="buyer lost"),
        pytest.param(LAPSE, FAIL, Ending.RULED, BUYER, Finding.LOST, Contest.LOST, id="lapse to fail"),
    ],
)
def test_closed_job__says(
    before: Outcome,
    outcome: Outcome,
    ending: Ending,
    disputant: str | None,
    finding: Finding,
    contest: Contest,
) -> None:
    record = replace(CLOSED, outcome=outcome, ending=ending, disputant=disputant)
    assert finding_of(record, before) is finding
    assert contest_of(AGREEMENT, record, before) is contest


def test_outlay__of_ten_days__is_what_the_money_could_have_earned() -> None:
    # 73 USDC for 10 days at 5 % a year: 0.1 USDC, in millionths of a base unit.
    assert outlay_of(AGREEMENT, CLOSED, counted_fee=False) == 100_000 * 10**6
    assert outlay_of(AGREEMENT, CLOSED, counted_fee=True) == 2_100_000 * 10**6


def test_outlay__fee_given_back__does_not_count() -> None:
    assert outlay_of(AGREEMENT, replace(CLOSED, to_evaluators=0), counted_fee=True) == 100_000 * 10**6


def test_outlay__unsecured__is_nothing() -> None:
    unsecured = replace(AGREEMENT, terms=replace(AGREEMENT.terms, challenge=0))
    assert outlay_of(unsecured, CLOSED, counted_fee=True) == 0
