"""A period made from a few words: its receipts, an export in memory, and the task to judge it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from oracle.domain.canonical import keccak_hex
from oracle.domain.errors import EarnestError
from oracle.domain.period import Period
from oracle.domain.tab import Receipt
from oracle.evaluation.randomness import PublicRandomness
from oracle.evaluation.tab import evaluate_period
from oracle.evaluation.tab_intake import Export, PeriodTask
from oracle.evaluation.tab_record import (
    Complaints,
    Handed,
    PeriodAnchor,
    PeriodSubject,
    StandingSection,
    TabRecord,
)
from oracle.evidence.store import ContentStore
from oracle.tabs.tree import frontier_of
from tests.unit.pact.builders import condition, methodology, pact

BUYER, PROVIDER, EVALUATOR = "0x" + "b1" * 20, "0x" + "b2" * 20, "0x" + "e1" * 20
TAB, COMMITTEE = "0x" + "7a" * 32, "0x" + "cc" * 32
WINDOW_ENDS = 1_790_000_000
RANDOM = PublicRandomness(
    source="block-hash", block_number=12, block_hash="0x" + "5e" * 32, block_time=WINDOW_ENDS + 30
)
REQUEST = b"POST /add\ncontent-type: application/json\n\n[1,2]"
GOOD = b'200\ncontent-type: application/json\n\n{"total":3}'
BAD = b'200\ncontent-type: application/json\n\n{"total":4}'
FREE = {"models": "free", "human_help": "free", "rescue_work": "free"}
ADDS_UP = condition(
    "adds-up",
    method="exact",
    file="response/body",
    pointer="/total",
    expected={"source": "value", "value": 3},
)


@dataclass(frozen=True)
class Messages:
    """An interaction's request and response."""

    request: bytes
    response: bytes


@dataclass
class MemoryExport:
    """An export whose receipts and messages lie in memory; either may be left out."""

    leaves: list[bytes]
    receipts_: dict[int, Receipt]
    messages: dict[int, Messages]

    @property
    def count(self) -> int:
        return len(self.leaves)

    @property
    def root(self) -> str:
        return "0x" + frontier_of(self.leaves).root().hex()

    def receipts(self) -> Iterator[tuple[int, bytes, Receipt | None]]:
        for index, leaf in enumerate(self.leaves):
            yield index, leaf, self.receipts_.get(index)

    def opening(self, index: int) -> Messages:
        try:
            return self.messages[index]
        except KeyError:
            raise EarnestError(f"the messages of {index} are not there") from None


@dataclass
class PeriodCase:
    """A task, the store, and the exports by the hash they were handed over under."""

    task: PeriodTask
    store: ContentStore
    exports: dict[str, MemoryExport]
    value: PublicRandomness = RANDOM
    done: list[tuple[int, int]] = field(default_factory=list)

    def open(self, document: str, count: int) -> Export:
        """See `oracle.evaluation.tab_intake.OpenExport`."""
        if document not in self.exports:
            raise EarnestError(f"{document} is no export")
        whole = self.exports[document]
        return replace(whole, leaves=whole.leaves[:count])

    def judge(self, **more: Any) -> TabRecord:
        """The record of judging it."""

        async def randomness() -> PublicRandomness:
            return self.value

        return asyncio.run(
            evaluate_period(
                self.task,
                self.store,
                self.open,
                randomness,
                progress=lambda done, of: self.done.append((done, of)),
                **more,
            )
        )


def make_period(
    tmp_path: Path,
    responses: list[bytes],
    *,
    prices: list[int] | None = None,
    settled: int = 0,
    complained: tuple[int, ...] = (),
    sampling: int = 10,
    change: Callable[[MemoryExport], None] = lambda _export: None,
    extra: int = 0,
    later: int = 0,
    tabs: Mapping[str, Any] | None = None,
    conditions: list[dict[str, Any]] | None = None,
    evidence: tuple[str, ...] = ("response/body",),
) -> PeriodCase:
    """A presented period.

    Args:
        responses: Of every interaction since opening, in order.
        prices: Of each; 10 base units where not given.
        settled: How many of them earlier periods settled.
        complained: Indices the buyer complained of.
        sampling: Interactions drawn.
        change: Done to the provider's export after the root was presented.
        extra: Base units in the tally that no receipt accounts for.
        later: So many of the last are in the export, but not in the tally that stands on chain.
    """
    store = ContentStore(tmp_path / "evidence")
    costs = prices or [10] * len(responses)
    receipts = [
        Receipt(
            tab=TAB,
            index=index,
            request=keccak_hex(REQUEST),
            response=keccak_hex(response),
            price=price,
            time=WINDOW_ENDS - 100,
            status=200,
        )
        for index, (response, price) in enumerate(zip(responses, costs, strict=True))
    ]
    export = MemoryExport(
        [receipt.leaf() for receipt in receipts],
        dict(enumerate(receipts)),
        {index: Messages(REQUEST, response) for index, response in enumerate(responses)},
    )
    count = len(responses) - later
    period = Period(
        tab=TAB,
        number=2 if settled else 1,
        count=count,
        amount=str(sum(costs[:count]) + extra),
        root=replace(export, leaves=export.leaves[:count]).root,
        settled_count=settled,
        settled_amount=str(sum(costs[:settled])),
    )
    change(export)
    name = "0x" + "ab" * 32
    handed = [Handed(by=PROVIDER, document=name)]
    if complained:
        handed.append(
            Handed(by=BUYER, document=store.put(Complaints(tab=TAB, indices=complained).canonical()))
        )
    subject = PeriodSubject(
        period=period,
        deliverable=period.deliverable(),
        committee=COMMITTEE,
        buyer=BUYER,
        provider=PROVIDER,
        anchor=PeriodAnchor(
            chain_id=31337,
            contract="0x" + "ee" * 20,
            block_number=10,
            block_hash="0x" + "bb" * 32,
            window_ends=WINDOW_ENDS,
        ),
        handed=tuple(handed),
        standing=StandingSection(provider_periods=9, disputes=0, pair_periods=3),
    )
    promise = pact(
        conditions=conditions or [ADDS_UP],
        evidence=[{"path": path} for path in evidence],
        materials=[],
        declares=FREE,
    )
    rules = methodology(
        schema="earnest/methodology/2",
        draw={"source": "block-hash", "delay_seconds": 30},
        sampling=[{"value_up_to": None, "interactions": sampling}],
        tabs={"detection_bps": 9_000, "gain_bps": 5_000, "hand_over_seconds": 30} | dict(tabs or {}),
    )
    task = PeriodTask(subject, promise, rules, EVALUATOR)
    return PeriodCase(task, store, {name: export})


def as_json(record: TabRecord) -> dict[str, Any]:
    """The record as JSON to be changed."""
    value = json.loads(record.canonical())
    assert isinstance(value, dict)
    return value
