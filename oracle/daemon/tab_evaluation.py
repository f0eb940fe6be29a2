"""The evaluation of a period as the daemon runs it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog
from pydantic import Field

from oracle.daemon.evaluation import PipelineEvaluation
from oracle.daemon.ports import NotNowError
from oracle.daemon.tab_reader import OpeningFacts
from oracle.decide.draw import quicknet_round, quicknet_time
from oracle.decide.tabs import Ledger, Pending, Tab, handed_before
from oracle.domain.document import Document
from oracle.domain.errors import EarnestError
from oracle.domain.types import Address, Hash, Outcome
from oracle.evaluation.pipeline import JuryFactory, NotYetError
from oracle.evaluation.randomness import PublicRandomness
from oracle.evaluation.tab import evaluate_period, put
from oracle.evaluation.tab_intake import NoTabRulesError, PeriodTask
from oracle.evaluation.tab_record import (
    MAX_TAB_RECORD_BYTES,
    Handed,
    PeriodAnchor,
    PeriodSubject,
    StandingSection,
    TabRecord,
    parse_tab_record,
)
from oracle.evidence.store import ContentStore
from oracle.pact.document import Pact
from oracle.pact.methodology import DrawRules, Methodology
from oracle.tabs.export import exports_in

log = structlog.get_logger(__name__)


class UndecidedPeriod(Document):
    """Evidence where a period could not be evaluated: why the committee could not decide."""

    schema_: str = Field(alias="schema", default="earnest/undecided-period/1")
    evaluator: str
    tab: str
    deliverable: str
    reason: str


@dataclass(frozen=True, slots=True)
class PeriodResult:
    """What a period came to. `evidence` is the stored record's hash."""

    outcome: Outcome
    payable: int
    evidence: Hash
    reason: str


_OUTCOMES = {"pass": Outcome.PASS, "fail": Outcome.FAIL, "lapse": Outcome.LAPSE}


class TabEvaluation:
    """Evaluates periods with the documents, the store and the draw of `PipelineEvaluation`.

    Args:
        contract: Of the tabs.
    """

    def __init__(
        self,
        documents: PipelineEvaluation,
        store: ContentStore,
        *,
        chain_id: int,
        contract: Address,
        jury: JuryFactory | None = None,
    ) -> None:
        self._documents = documents
        self._store = store
        self._chain_id = chain_id
        self._contract = contract
        self._jury = jury

    def draw_from(self, methodology: Hash, pending: Pending) -> int:
        """Unix seconds from which the period's public random value is made.

        Raises:
            EarnestError: the methodology cannot be had or read.
        """
        return draw_moment(self._documents.methodology(methodology).period_draw, pending)

    def evaluate(
        self,
        ledger: Ledger,
        tab: Tab,
        pending: Pending,
        opening: OpeningFacts,
        methodology: Hash,
        evaluator: Address,
        *,
        settled: int,
        last_try: bool,
        last_chance: bool,
    ) -> PeriodResult:
        """Evaluate a period and store its record.

        Args:
            settled: How far the chain was read, Unix seconds: documents handed over later are not known.
            last_try: What nobody has now counts as left out.
            last_chance: The time for a verdict is nearly over: better undecided, with reasons, than silent.
                That holds for a defect here, too: nobody is slashed for what a party handed over.

        Raises:
            NotNowError: it cannot be done now; try again.
        """
        try:
            pact: Pact = self._documents.pact(opening.pact)
            rules: Methodology = self._documents.methodology(methodology)
            subject = self._subject(ledger, tab, pending, rules, settled)
            task = PeriodTask(subject, pact, rules, evaluator)
            record = self._documents.run(self._record(task, last_chance=last_chance))
            evidence = put(record, self._store)
        except NoTabRulesError as error:
            return self._undecided(pending, evaluator, error.message)
        except EarnestError as error:
            if last_chance:
                return self._undecided(pending, evaluator, error.message)
            raise NotNowError(error.message) from error
        except Exception as error:
            log.exception("evaluation_crashed", tab=tab.tab, period=pending.period.number)
            reason = f"{type(error).__name__} in the evaluation"
            if last_chance:
                return self._undecided(pending, evaluator, reason)
            raise NotNowError(reason) from error
        if record.intake.left_out and not last_try and not last_chance:
            raise NotNowError(f"{record.intake.left_out} receipts are in no export that can be had")
        return PeriodResult(
            _OUTCOMES[record.outcome],
            int(record.estimate.payable),
            evidence,
            record.estimate.reason,
        )

    def evidence_for(self, evidence: Hash, evaluator: Address) -> tuple[Hash, int]:
        """The evidence of another key behind the same evaluation, and what it says is payable."""
        data = self._store.get(evidence, max_bytes=MAX_TAB_RECORD_BYTES)
        try:
            record = parse_tab_record(data)
        except EarnestError:
            notice = UndecidedPeriod.parse(data).model_copy(update={"evaluator": evaluator})
            return self._store.put(notice.canonical()), 0
        mine = record.model_copy(update={"evaluator": evaluator})
        return self._store.put(mine.canonical()), int(record.estimate.payable)

    async def _record(self, task: PeriodTask, *, last_chance: bool) -> TabRecord:
        async def randomness() -> PublicRandomness:
            anchor = task.subject.anchor
            return await asyncio.to_thread(
                self._documents.value_after,
                anchor.block_number,
                anchor.window_ends,
                task.methodology.period_draw,
            )

        try:
            return await evaluate_period(
                task,
                self._store,
                exports_in(self._store),
                randomness,
                jury=self._jury,
                last_chance=last_chance,
            )
        except NotYetError as error:
            raise NotNowError(error.message) from error

    def _subject(
        self, ledger: Ledger, tab: Tab, pending: Pending, rules: Methodology, settled: int
    ) -> PeriodSubject:
        """What is judged.

        Raises:
            NotNowError: not all that counts was read.
        """
        moment = draw_moment(rules.period_draw, pending)
        if settled < moment:
            raise NotNowError(f"what is handed over counts until {moment}; it is read up to {settled}")
        days = 0 if rules.tabs is None else rules.tabs.rises.dispute_days
        standing = ledger.standing(tab, pending, days)
        return PeriodSubject(
            period=pending.period,
            deliverable=pending.period.deliverable(),
            committee=tab.terms.committee,
            buyer=tab.terms.buyer,
            provider=tab.terms.provider,
            anchor=PeriodAnchor(
                chain_id=self._chain_id,
                contract=self._contract,
                block_number=pending.at.block,
                block_hash=pending.at.block_hash,
                window_ends=pending.window_ends,
            ),
            handed=tuple(Handed(by=each.by, document=each.document) for each in handed_before(tab, moment)),
            standing=StandingSection(
                provider_periods=standing.provider_periods,
                disputes=standing.disputes,
                pair_periods=standing.pair_periods,
            ),
        )

    def _undecided(self, pending: Pending, evaluator: Address, reason: str) -> PeriodResult:
        period = pending.period
        notice = UndecidedPeriod(
            evaluator=evaluator, tab=period.tab, deliverable=period.deliverable(), reason=reason[:2_000]
        )
        return PeriodResult(Outcome.LAPSE, 0, self._store.put(notice.canonical()), reason)


def draw_moment(rules: DrawRules, pending: Pending) -> int:
    """When the public random value of a period is made, Unix seconds: no document counts from then on."""
    moment = pending.window_ends + rules.delay_seconds
    if rules.source == "drand-quicknet":
        return quicknet_time(quicknet_round(pending.window_ends, rules.delay_seconds))
    return moment
