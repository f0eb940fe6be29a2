"""Words of tab events that hold several fields: only what the contract can have said is read from them."""

from __future__ import annotations

import pytest

from oracle.chain.errors import DecodeError
from oracle.chain.quantities import RawLog
from oracle.chain.tab_decoder import TAB_TOPICS, decode_tab_logs
from oracle.domain.tab_events import AttestationsPosted, PeriodJudged, PeriodSettled, TabEvent
from oracle.domain.types import Outcome

_TABS = "0x" + "77" * 20
_TAB = "0x" + "ab" * 32
_EVIDENCE = "0x" + "cd" * 32
_VERDICT = 2 | 7 << 8 | 1_767_312_000 << 40 | 80_000_000 << 80 | 3 << 144
_SETTLED = 1 | 7 << 8 | 65_535 << 40 | 80_000_000 << 56 | 79_000_000 << 120
_ON_TOP = 1 | 2 << 80 | 3 << 160


def _log(name: str, *words: int, evidence: bool = False) -> RawLog:
    data = "".join(f"{word:064x}" for word in words)
    if evidence:
        data += f"{64:064x}{1:064x}" + _EVIDENCE[2:]
    where = {"block_number": 1, "block_hash": "0x" + "01" * 32, "transaction_hash": "0x" + "02" * 32}
    return RawLog(
        address=_TABS,
        topics=(TAB_TOPICS[name], _TAB),
        data="0x" + data,
        transaction_index=0,
        log_index=0,
        **where,  # type: ignore[arg-type]
    )


def _read(log: RawLog) -> TabEvent:
    return decode_tab_logs([log], _TABS)[0].event


def test_each_field_is_read_from_its_bits() -> None:
    judged = PeriodJudged(_TAB, 3, Outcome.FAIL, 80_000_000, 7, 1_767_312_000, (_EVIDENCE,))
    assert _read(_log("PeriodJudged", _VERDICT, evidence=True)) == judged
    posted = _VERDICT & ~(((1 << 40) - 1) << 40)
    assert _read(_log("AttestationsPosted", posted, evidence=True)) == AttestationsPosted(
        _TAB, 3, Outcome.FAIL, 80_000_000, 7, (_EVIDENCE,)
    )
    assert _read(_log("PeriodSettled", _SETTLED, _ON_TOP)) == PeriodSettled(
        _TAB, 65_535, Outcome.PASS, 80_000_000, 79_000_000, 1, 2, 3, 7
    )


@pytest.mark.parametrize(
    ("log", "why"),
    [
        (_log("PeriodJudged", _VERDICT | 1 << 160, evidence=True), "verdict has bits above 160"),
        (_log("PeriodJudged", _VERDICT | 4, evidence=True), "6 is not a valid Outcome"),
        (_log("AttestationsPosted", _VERDICT, evidence=True), "posted has an end of the challenge"),
        (_log("PeriodSettled", _SETTLED | 1 << 184, _ON_TOP), "settled has bits above 184"),
        (_log("PeriodSettled", _SETTLED, _ON_TOP | 1 << 240), "onTop has bits above 240"),
        (_log("PeriodSettled", _SETTLED | 0x80, _ON_TOP), "129 is not a valid Outcome"),
        (_log("PeriodSettled", _SETTLED), "the data has 32 bytes, not 64"),
    ],
)
def test_what_no_contract_says_is_refused(log: RawLog, why: str) -> None:
    with pytest.raises(DecodeError, match=why):
        _read(log)
