"""The draw is a function of the seed, uniform, and of the one round that is due."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.decide.draw import (
    QUICKNET_GENESIS,
    Draw,
    DrawError,
    job_seed,
    quicknet_round,
    quicknet_time,
)

SEED = bytes(range(32))
JOB, DELIVERABLE = "0x" + "11" * 32, "0x" + "22" * 32


def test_values_are_pinned() -> None:
    """Anyone must be able to recompute a record of today with the software of tomorrow."""
    draw = Draw(SEED)
    assert draw.nonce("case") == "adb74c3e428cdfbb749abcd2a22fd532"
    assert draw.order("jurors", "abcdef") == ("f", "b", "c", "d", "a", "e")
    assert draw.integer("template", 1000) == 984


@given(st.binary(min_size=32, max_size=32), st.text(max_size=20), st.integers(1, 2**64))
def test_integer_lies_below_and_depends_on_the_label_only(seed: bytes, label: str, below: int) -> None:
    value = Draw(seed).integer(label, below)
    assert 0 <= value < below
    assert value == Draw(seed).integer(label, below)


def test_order_is_a_permutation_and_each_first_is_as_likely() -> None:
    firsts: Counter[str] = Counter()
    for number in range(3000):
        drawn = Draw(number.to_bytes(32, "big")).order("x", "abc")
        assert sorted(drawn) == ["a", "b", "c"]
        firsts[drawn[0]] += 1
    assert all(900 < count < 1100 for count in firsts.values()), firsts


def test_labels_and_subs_are_independent() -> None:
    draw = Draw(SEED)
    values = {draw.bytes("a"), draw.bytes("b"), draw.sub("a").bytes("a"), draw.sub("a").seed, draw.bytes("")}
    assert len(values) == 5


@pytest.mark.parametrize("below", [0, -1, 2**64 + 1])
def test_senseless_ranges_are_refused(below: int) -> None:
    with pytest.raises(DrawError):
        Draw(SEED).integer("x", below)


def test_a_short_seed_is_refused() -> None:
    with pytest.raises(DrawError, match="31 bytes"):
        Draw(bytes(31))


@given(st.integers(QUICKNET_GENESIS, 2**40), st.integers(0, 86_400))
def test_the_round_is_the_first_after_the_delay(anchored_at: int, delay: int) -> None:
    number = quicknet_round(anchored_at, delay)
    assert quicknet_time(number) >= anchored_at + delay
    assert number == 1 or quicknet_time(number - 1) < anchored_at + delay


def test_no_round_before_the_network() -> None:
    with pytest.raises(DrawError, match="its first was"):
        quicknet_round(QUICKNET_GENESIS - 100, 30)


def test_the_seed_depends_on_source_value_job_and_delivery() -> None:
    other = "0x" + "33" * 32
    seeds = {
        job_seed("drand-quicknet", SEED, JOB, DELIVERABLE),
        job_seed("block-hash", SEED, JOB, DELIVERABLE),
        job_seed("drand-quicknet", bytes(32), JOB, DELIVERABLE),
        job_seed("drand-quicknet", SEED, other, DELIVERABLE),
        job_seed("drand-quicknet", SEED, JOB, other),
    }
    assert len(seeds) == 5
