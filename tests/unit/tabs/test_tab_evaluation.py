"""The daemon takes what was handed over until the draw's value is made, and not a second longer."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import orjson
import pytest
from structlog.testing import capture_logs

from oracle.daemon.evaluation import PipelineEvaluation
from oracle.daemon.ports import NotNowError
from oracle.daemon.tab_evaluation import PeriodResult, TabEvaluation, UndecidedPeriod
from oracle.daemon.tab_reader import OpeningFacts
from oracle.decide.tabs import Ledger, Pending, When
from oracle.domain.canonical import keccak_hex
from oracle.domain.tab import Tally
from oracle.domain.tab_events import Presented, TabOpened
from oracle.domain.tab_terms import TabAgreement, TabOpening
from oracle.domain.types import Outcome, Party
from oracle.evaluation.randomness import PublicRandomness
from oracle.evaluation.tab_record import parse_tab_record
from oracle.evidence.errors import MissingContentError, StoreUnreachableError
from oracle.evidence.store import ContentStore
from oracle.pact.document import Pact
from oracle.pact.methodology import DrawRules, Methodology
from oracle.tabs.manifest import Manifest, Pack
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


class Setting:
    """A period that was presented, the documents handed over for it, and who evaluates it."""

    def __init__(self, case: PeriodCase, documents: Documents | None = None) -> None:
        self.case, self.ledger = case, Ledger()
        terms = replace(TERMS, buyer=BUYER, provider=PROVIDER)
        agreement = TabAgreement(terms, TabOpening(HASH, HASH, 0, 1, 1))
        self.ledger.apply(TabOpened(TAB, BUYER, PROVIDER, agreement, 0b11111), When(1, HASH, 1, 0))
        presented = Presented(TAB, 1, 1, 10, case.task.subject.period.root, WINDOW_ENDS, False)
        self.ledger.apply(presented, When(2, HASH, WINDOW_ENDS - 5, 0))
        self.evaluation = TabEvaluation(
            cast("PipelineEvaluation", documents or Documents(case)),
            case.store,
            chain_id=1,
            contract="0x" + "ee" * 20,
        )

    @property
    def pending(self) -> Pending:
        pending = self.ledger.tabs[TAB].pending
        assert pending is not None
        return pending

    def hand(self, document: str, second: int) -> None:
        self.ledger.handed(TAB, PROVIDER, document, When(3, HASH, WINDOW_ENDS + second, 0))

    def judge(self, *, settled: int = HOUR, last_try: bool = True, last_chance: bool = False) -> PeriodResult:
        return self.evaluation.evaluate(
            self.ledger,
            self.ledger.tabs[TAB],
            self.pending,
            OpeningFacts(HASH, HASH),
            HASH,
            EVALUATOR,
            settled=WINDOW_ENDS + settled,
            last_try=last_try,
            last_chance=last_chance,
        )


@pytest.fixture
def case(tmp_path: Path) -> PeriodCase:
    return make_period(tmp_path, [GOOD], tabs={"hand_over_seconds": HOUR})


def test_what_is_handed_over_within_the_hour_counts(case: PeriodCase) -> None:
    setting = Setting(case)
    for second in (-10, HOUR - 1, HOUR):
        setting.hand(f"0x{second % 2**16:064x}", second)
    assert setting.evaluation.draw_from(HASH, setting.pending) == WINDOW_ENDS + HOUR
    record = parse_tab_record(case.store.get(setting.judge().evidence, max_bytes=100_000))
    assert [int(each.document, 16) for each in record.subject.handed] == [2**16 - 10, HOUR - 1]


def undecided(case: PeriodCase, result: PeriodResult) -> str:
    """Why it is so, as its evidence says."""
    assert (result.outcome, result.payable) == (Outcome.LAPSE, 0)
    return UndecidedPeriod.parse(case.store.get(result.evidence, max_bytes=10_000)).reason


def test_a_defect__is_tried_again_and_undecided_at_last(
    case: PeriodCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who provokes one must not have the evaluators slashed for silence."""

    def broken(*_arguments: object, **_more: object) -> None:
        raise AttributeError("'int' object has no attribute 'removeprefix'")

    monkeypatch.setattr("oracle.evaluation.tab.take_in", broken)
    setting = Setting(case)
    with capture_logs() as logs, pytest.raises(NotNowError, match="AttributeError in the evaluation"):
        setting.judge()
    assert [(line["event"], line["tab"]) for line in logs] == [("evaluation_crashed", TAB)]
    assert "AttributeError" in undecided(case, setting.judge(last_chance=True))


def test_as_long_as_not_all_handed_over_is_read__nothing_is_judged(case: PeriodCase) -> None:
    setting = Setting(case)
    with pytest.raises(NotNowError, match="handed over"):
        setting.judge(settled=HOUR - 1)
    assert "handed over" in undecided(case, setting.judge(settled=HOUR - 1, last_chance=True))


class Failing:
    """A place that does not answer while it is down."""

    name = "a place"

    def __init__(self, held: dict[str, bytes], down: set[str]) -> None:
        self.held, self.down = held, down

    def read(self, content_hash: str, **_limits: float) -> bytes:
        if content_hash in self.down:
            raise StoreUnreachableError("it does not answer")
        if content_hash not in self.held:
            raise MissingContentError("it is not there")
        return self.held[content_hash]


def handed_over(case: PeriodCase) -> tuple[Setting, Failing, str]:
    """An export of one good interaction, all of it elsewhere: its manifest, receipts and messages."""
    (export,) = case.exports.values()
    receipt, messages = export.receipts_[0], export.messages[0]
    held: dict[str, bytes] = {}

    def put(data: bytes) -> str:
        held[keccak_hex(data)] = data
        return keccak_hex(data)

    row = [0, receipt.request, receipt.response, str(receipt.price), receipt.time, receipt.status]
    packed = b"".join(struct.pack(">I", len(each)) + each for each in (messages.request, messages.response))
    chunk = put(orjson.dumps(row) + b"\n")
    manifest = Manifest(
        chain_id=1,
        contract="0x" + "ee" * 20,
        party=Party.PROVIDER,
        first=0,
        before=0,
        tally=Tally(tab=TAB, count=1, amount=10, root=export.root),
        chunks=(chunk,),
        packs=(Pack(first=0, hash=put(packed)),),
    )
    place = Failing(held, set())
    case.store = ContentStore(case.store.directory.root, [place])
    setting = Setting(case)
    setting.hand(put(manifest.canonical()), 0)
    return setting, place, chunk


def test_receipts_out_of_reach__are_asked_for_again_and_undecided_at_last(case: PeriodCase) -> None:
    """Five minutes in which a store is down must not cost an honest provider its bond."""
    setting, place, chunk = handed_over(case)
    place.down.add(chunk)
    with pytest.raises(NotNowError, match="does not answer"):
        setting.judge(last_try=True)
    assert (at_last := setting.judge(last_chance=True)).outcome is Outcome.LAPSE
    assert at_last.payable == 0
    place.down.clear()
    good = setting.judge()
    assert (good.outcome, good.payable) == (Outcome.PASS, 10)


def test_receipts_that_are_nowhere__are_left_out(case: PeriodCase) -> None:
    setting, place, chunk = handed_over(case)
    del place.held[chunk]
    assert setting.judge().outcome is Outcome.FAIL
