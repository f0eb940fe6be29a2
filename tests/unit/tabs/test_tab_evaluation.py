"""The daemon takes what was handed over until the draw's value is made, and not a second longer."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from oracle.daemon.evaluation import PipelineEvaluation
from oracle.daemon.tab_evaluation import TabEvaluation
from oracle.daemon.tab_reader import OpeningFacts
from oracle.decide.tabs import Ledger, When
from oracle.domain.tab_events import Presented, TabOpened
from oracle.domain.tab_terms import TabAgreement, TabOpening
from oracle.evaluation.randomness import PublicRandomness
from oracle.evaluation.tab_record import parse_tab_record
from oracle.pact.document import Pact
from oracle.pact.methodology import DrawRules, Methodology
from tests.unit.tabs.periods import (
    BUYER,
    EVALUATOR,
    GOOD,
    PROVIDER,
    TAB,
    WINDOW_ENDS,
    PeriodCase,
    make_period,
)
from tests.unit.tabs.test_tab_steps import TERMS

HASH = "0x" + "11" * 32
HOUR = 3_600


class Documents:
    """The documents of one case, and a block as late as the draw wants it."""

    def __init__(self, case: PeriodCase) -> None:
        self._case = case

    def pact(self, _hash: str) -> Pact:
        return self._case.task.pact

    def methodology(self, _hash: str) -> Methodology:
        return self._case.task.methodology

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run(work)

    def value_after(self, block: int, anchored_at: int, rules: DrawRules) -> PublicRandomness:
        made = anchored_at + rules.delay_seconds
        return PublicRandomness(source="block-hash", block_number=block + 1, block_hash=HASH, block_time=made)


def test_what_is_handed_over_within_the_hour_counts(tmp_path: Path) -> None:
    case = make_period(tmp_path, [GOOD], tabs={"hand_over_seconds": HOUR})
    ledger = Ledger()
    agreement = TabAgreement(replace(TERMS, buyer=BUYER, provider=PROVIDER), TabOpening(HASH, HASH, 0, 1, 1))
    ledger.apply(TabOpened(TAB, BUYER, PROVIDER, agreement, 0b11111), When(1, HASH, 1, 0))
    presented = Presented(TAB, 1, 1, 10, case.task.subject.period.root, WINDOW_ENDS, False)
    ledger.apply(presented, When(2, HASH, WINDOW_ENDS - 5, 0))
    for second in (-10, HOUR - 1, HOUR):
        ledger.handed(TAB, PROVIDER, f"0x{second % 2**16:064x}", When(3, HASH, WINDOW_ENDS + second, 0))
    tab = ledger.tabs[TAB]
    assert tab.pending is not None
    evaluation = TabEvaluation(
        cast("PipelineEvaluation", Documents(case)), case.store, chain_id=1, contract="0x" + "ee" * 20
    )
    assert evaluation.draw_from(HASH, tab.pending) == WINDOW_ENDS + HOUR
    result = evaluation.evaluate(
        ledger, tab, tab.pending, OpeningFacts(HASH, HASH), HASH, EVALUATOR, last_try=True, last_chance=False
    )
    record = parse_tab_record(case.store.get(result.evidence, max_bytes=100_000))
    assert [int(each.document, 16) for each in record.subject.handed] == [2**16 - 10, HOUR - 1]
