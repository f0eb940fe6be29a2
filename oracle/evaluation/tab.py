"""A tab's period from export to record: take in, draw, evaluate each interaction drawn, estimate.

What is the same for whoever evaluates and whoever verifies is in `plan` and `conclude`; only how an
interaction drawn comes to its state differs.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from oracle.decide.estimate import FailRule, Sampled, State, estimate
from oracle.decide.sampling import Rises, Row, SampleSize, Standing, Stratum, draw_sample, sample_size
from oracle.domain.errors import EarnestError
from oracle.domain.tab import Receipt
from oracle.evaluation.interaction import Parties, delivery_of
from oracle.evaluation.pipeline import (
    EvidenceStore,
    JuryFactory,
    NotYetError,
    RandomnessSource,
    Task,
    evaluate,
    keep,
)
from oracle.evaluation.randomness import DrawSection, PublicRandomness, make_draw
from oracle.evaluation.record import EvaluationRecord, this_software
from oracle.evaluation.tab_intake import (
    NoTabRulesError,
    OpenExport,
    PeriodTask,
    TakenIn,
    open_interaction,
    take_in,
)
from oracle.evaluation.tab_record import (
    DrawnEntry,
    PeriodSubject,
    SizeSection,
    StratumSection,
    TabRecord,
    bundle,
    estimate_section,
)
from oracle.evaluation.working import WorkingStore
from oracle.evidence.errors import StoreUnreachableError

_STATES: dict[str, State] = {"pass": "passed", "fail": "failed", "lapse": "undecided"}


@dataclass(frozen=True)
class Plan:
    """What is drawn."""

    size: SampleSize
    draw: DrawSection
    strata: tuple[Stratum, ...]

    @property
    def drawn(self) -> tuple[int, ...]:
        """All indices drawn, ascending."""
        return tuple(sorted(index for each in self.strata for index in each.drawn))


def plan(task: PeriodTask, taken: TakenIn, randomness: PublicRandomness) -> Plan:
    """Draw.

    Raises:
        RandomnessError: it is not the value this period must use.
        NoTabRulesError: the methodology draws from no tab.
    """
    rules, subject = task.rules, task.subject
    draw = make_draw(
        randomness,
        subject=subject.period.tab,
        deliverable=subject.deliverable,
        anchored_at=subject.anchor.window_ends,
        rules=task.methodology.period_draw,
    )
    rows = [
        Row(
            None if row.value_up_to is None else int(row.value_up_to),
            row.interactions,
            row.at_least_share_bps,
        )
        for row in task.methodology.sampling
    ]
    rises = Rises(**rules.rises.model_dump(exclude={"dispute_days"}))
    standing = Standing(**subject.standing.model_dump())
    size = sample_size(len(taken.receipts), subject.period.presented, rows, rises, standing)
    strata = draw_sample(
        ((index, taken.receipts[index].price) for index in sorted(taken.receipts)),
        complained=taken.complained,
        complaints_at_most=rules.complaints_at_most,
        wanted=size.wanted,
        draw=draw.draw().sub("tab"),
    )
    return Plan(size, draw, strata)


def conclude(
    task: PeriodTask,
    taken: TakenIn,
    planned: Plan,
    entries: Mapping[int, DrawnEntry],
    records: str,
    *,
    started_at: int,
    finished_at: int,
) -> TabRecord:
    """The record, from what became of each interaction drawn; `records` names the file of their own ones."""
    sampled = [
        Sampled(
            each.population,
            each.amount,
            tuple((int(entries[index].price), entries[index].state) for index in each.drawn),
        )
        for each in planned.strata
    ]
    rule = FailRule(task.rules.fail_share_bps, task.rules.fail_level_bps)
    found = estimate(task.subject.period.presented, sampled, rule, out_of_reach=taken.section.is_partial)
    size = planned.size
    return TabRecord(
        software=this_software(),
        evaluator=task.evaluator,
        subject=task.subject,
        pact=task.pact.hash(),
        methodology=task.methodology.hash(),
        intake=taken.section,
        size=SizeSection(base=size.base, times_bps=size.times_bps, reasons=size.reasons, wanted=size.wanted),
        draw=planned.draw,
        strata=tuple(
            StratumSection(
                name=each.name,
                population=each.population,
                amount=str(each.amount),
                drawn=tuple(entries[index] for index in each.drawn),
            )
            for each in planned.strata
        ),
        records=records,
        estimate=estimate_section(found),
        started_at=started_at,
        finished_at=finished_at,
    )


async def evaluate_period(
    task: PeriodTask,
    store: EvidenceStore,
    open_export: OpenExport,
    randomness: RandomnessSource,
    *,
    jury: JuryFactory | None = None,
    last_chance: bool = False,
    clock: Callable[[], float] = time.time,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> TabRecord:
    """Judge a period.

    Args:
        open_export: Opens what was handed over.
        randomness: Gives the public random value of the draw.
        last_chance: What cannot be had now is recorded as undecided, instead of raising NotYetError.
        progress: Told how many interactions of those drawn are done.

    Raises:
        NotYetError: something is out of reach; try again before the limit.
        NoTabRulesError: the methodology has no rules for tabs.
    """
    started = int(clock())
    store.put(task.pact.canonical())
    store.put(task.methodology.canonical())
    try:
        taken = take_in(task, store, open_export, last_chance=last_chance)
        value = await randomness()
        planned = plan(task, taken, value)
    except NoTabRulesError:
        raise
    except EarnestError as error:
        raise NotYetError(f"the period cannot be drawn from now: {error.message}") from error

    async def known() -> PublicRandomness:
        return value

    entries: dict[int, DrawnEntry] = {}
    judged: dict[str, tuple[EvaluationRecord, str]] = {}
    working = WorkingStore(store)  # an interaction's files are in the export already
    for done, index in enumerate(planned.drawn, start=1):
        entries[index] = await _judge(
            task, working, taken, index, known, jury, judged, last_chance=last_chance
        )
        progress(done, len(planned.drawn))
    records = store.put(bundle(record.canonical() for record, _ in judged.values()))
    return conclude(
        task, taken, planned, entries, records, started_at=started, finished_at=max(started, int(clock()))
    )


def put(record: TabRecord, store: EvidenceStore) -> str:
    """Keep a record; its hash is the attestation's evidence."""
    return store.put(record.canonical())


def entry_of(index: int, receipt: Receipt, record: EvaluationRecord, record_hash: str) -> DrawnEntry:
    """What the evaluation of an interaction makes of it."""
    return DrawnEntry(
        index=index,
        price=str(receipt.price),
        state=_STATES[record.outcome],
        record=record_hash,
        reason=record.aggregation.reason,
    )


def unopened(index: int, receipt: Receipt, state: State, reason: str) -> DrawnEntry:
    """An interaction that could not be evaluated."""
    return DrawnEntry(index=index, price=str(receipt.price), state=state, record=None, reason=reason[:500])


def parties_of(subject: PeriodSubject) -> Parties:
    """What an interaction's own evaluation says of the tab."""
    anchor = subject.anchor
    return Parties(
        tab=subject.period.tab,
        committee=subject.committee,
        buyer=subject.buyer,
        provider=subject.provider,
        chain_id=anchor.chain_id,
        contract=anchor.contract,
        block_number=anchor.block_number,
        block_hash=anchor.block_hash,
        timestamp=anchor.window_ends,
    )


async def _judge(
    task: PeriodTask,
    store: WorkingStore,
    taken: TakenIn,
    index: int,
    randomness: Callable[[], Awaitable[PublicRandomness]],
    jury: JuryFactory | None,
    judged: dict[str, tuple[EvaluationRecord, str]],
    *,
    last_chance: bool,
) -> DrawnEntry:
    """Evaluate one interaction; `judged` has what came of equal ones."""
    receipt = taken.receipts[index]
    try:
        opened = open_interaction(taken, index)
        files = delivery_of(receipt, opened.request, opened.response, task.pact)
    except StoreUnreachableError as error:
        if not last_chance:
            raise NotYetError(f"interaction {index} cannot be opened now: {error.message}") from error
        return unopened(index, receipt, "undecided", error.message)
    except EarnestError as error:
        return unopened(index, receipt, "failed", f"it cannot be opened: {error.message}")
    deliverable = files.manifest.hash()
    if deliverable not in judged:
        for data in files.contents:
            store.put(data)
        store.put(files.manifest.canonical())
        subject = parties_of(task.subject).subject(deliverable)
        record = await evaluate(
            Task(subject, task.pact, task.methodology, task.evaluator),
            store,
            randomness=randomness,
            jury=jury,
            last_chance=last_chance,
        )
        judged[deliverable] = record, keep(record, store)
    return entry_of(index, receipt, *judged[deliverable])
