"""The price of a faked score is one that the formula itself confirms."""

from __future__ import annotations

import pytest

from oracle.domain.amounts import USDC_UNIT
from oracle.score import bounds, v1
from oracle.score.errors import ScoreError
from oracle.score.evidence import Contest, Evidence, Finding, Kind
from oracle.score.price import passes_needed, price_of, shown


def faked(buyers: int, jobs: int) -> v1.Score:
    standing = v1.Standing()
    for job in range(jobs):
        standing.add(
            Evidence(
                kind=Kind.JOB,
                subject="0x" + "11" * 32,
                period=0,
                block=job,
                log_index=0,
                at=1_767_225_600,
                counterparty=f"0x{job % buyers:040x}",
                own=False,
                committee="0x" + "cc" * 32,
                finding=Finding.PASS,
                contest=Contest.NONE,
                value=v1.FULL_VALUE,
                bond=0,
                secured=True,
                outlay=v1.PROVEN,
            )
        )
    return standing.score(1_767_225_600)


@pytest.mark.parametrize("target", [500, 750, 900])
def test_price__what_it_says__is_enough_and_one_job_less_is_not(target: int) -> None:
    price = price_of(target, lowest_fee=USDC_UNIT)
    assert (faked(price.buyers, price.jobs).value or 0) >= target
    assert (faked(price.buyers, price.jobs - 1).value or 0) < target
    assert (faked(price.buyers - 1, price.jobs).value or 0) < target


def test_price__of_750__is_printed() -> None:
    price = price_of(750, lowest_fee=USDC_UNIT)
    assert price.first >= price.buyers * 25 * USDC_UNIT
    assert f"{price.first / USDC_UNIT:,.2f} USDC" in shown(price)


def test_price__higher_score__costs_more() -> None:
    prices = [price_of(target, lowest_fee=USDC_UNIT).first for target in (400, 600, 750, 900, 950)]
    assert prices == sorted(set(prices))


def test_passes_needed__one_part_less__is_too_few() -> None:
    needed = passes_needed(750)
    assert bounds.lower(needed, 0, unit=v1.UNIT) == 750
    assert bounds.lower(needed - 1, 0, unit=v1.UNIT) == 749


@pytest.mark.parametrize("target", [0, 1_000, -5])
def test_passes_needed__out_of_reach__is_refused(target: int) -> None:
    with pytest.raises(ScoreError, match="1 to 999"):
        passes_needed(target)
