"""What a header's filter shows of logs that two endpoints tell differently."""

from __future__ import annotations

from dataclasses import replace

from eth_hash.auto import keccak

from oracle.chain import bloom
from oracle.chain.logcheck import Blame, blame, made_up, suspicious
from oracle.chain.quantities import Block, RawLog

ESCROW = "0x" + "e5" * 20
OPENED, DELIVERED = "0x" + "01" * 32, "0x" + "02" * 32
JOB, OTHER = "0x" + "aa" * 32, "0x" + "bb" * 32
HASH = "0x" + "77" * 32
FULL = (1 << 2048) - 1


def a_log(*topics: str, index: int = 0, data: str = "0x", address: str = ESCROW) -> RawLog:
    return RawLog(address, topics, data, 7, HASH, "0x" + "99" * 32, 0, index)


def filter_of(*logs: RawLog) -> int:
    """The filter as the Yellow Paper builds it, from the definition again."""
    made = 0
    for log in logs:
        for item in (log.address, *log.topics):
            digest = keccak(bytes.fromhex(item[2:]))
            for i in (0, 2, 4):
                made |= 1 << (((digest[i] << 8) + digest[i + 1]) & 2047)
    return made


def header(*logs: RawLog, bloom: int | None = None) -> dict[int, Block]:
    return {7: Block(7, HASH, HASH, 1, 1, filter_of(*logs) if bloom is None else bloom)}


TRUE = a_log(DELIVERED, JOB)


def test_the_filter_holds_what_was_put_in() -> None:
    assert bloom.may_hold_log(filter_of(TRUE), TRUE)
    assert not bloom.may_hold_log(filter_of(TRUE), a_log(DELIVERED, OTHER))
    assert not bloom.may_hold(0, ESCROW)


def test_a_log_that_the_header_rules_out_is_made_up() -> None:
    false = a_log(DELIVERED, OTHER, index=1)
    assert made_up([TRUE, false], header(TRUE)) == false
    assert made_up([TRUE], header(TRUE)) is None
    assert made_up([false], {}) is None, "without a header nothing is known"
    reorged = replace(header(TRUE)[7], hash="0x" + "66" * 32)
    assert made_up([false], {7: reorged}) is None, "a reorg between both answers is no lie"


def test_a_block_whose_header_suggests_logs_that_did_not_come_is_suspicious() -> None:
    assert suspicious([], header(TRUE), ESCROW, [DELIVERED]) == [7]
    assert suspicious([TRUE], header(TRUE), ESCROW, [DELIVERED]) == []
    assert suspicious([], header(), ESCROW, [DELIVERED]) == []
    assert suspicious([], header(TRUE), "0x" + "11" * 20, [DELIVERED]) == []
    assert suspicious([], header(TRUE), ESCROW, [OPENED]) == [], "the escrow, but none of its events"
    assert suspicious([], header(bloom=FULL), ESCROW, [DELIVERED]) == [], "a full filter says nothing"


def test_blame__who_left_out_what_the_header_holds() -> None:
    assert blame([TRUE], [], header(TRUE)) == Blame(ours=False, theirs=True)
    assert blame([], [TRUE], header(TRUE)) == Blame(ours=True, theirs=False)


def test_blame__who_returns_what_the_header_rules_out() -> None:
    false = a_log(DELIVERED, OTHER, index=1)
    assert blame([TRUE, false], [TRUE], header(TRUE)) == Blame(ours=True, theirs=False)
    assert blame([TRUE], [TRUE, false], header(TRUE)) == Blame(ours=False, theirs=True)


def test_blame__a_log_like_another_of_its_block_proves_nothing() -> None:
    forged = a_log(DELIVERED, JOB, index=1, data="0xff")
    assert blame([TRUE, forged], [TRUE], header(TRUE)) == Blame(ours=False, theirs=False)
    changed = a_log(DELIVERED, JOB, data="0xff")
    assert blame([changed], [TRUE], header(TRUE)) == Blame(ours=False, theirs=False)


def test_blame__a_full_filter_or_no_header_shows_nothing() -> None:
    assert blame([TRUE], [], header(bloom=FULL)) == Blame(ours=False, theirs=False)
    assert blame([TRUE], [], {}) == Blame(ours=False, theirs=False)
    assert blame([TRUE], [], {7: replace(header()[7], bloom=None)}) == Blame(ours=False, theirs=False)
