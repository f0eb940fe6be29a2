"""The record of a period gone through again: what was handed over, the draw, what was drawn, the estimate."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Protocol

from sqlalchemy.orm import Session

from oracle.daemon.replayed import Replayed, compared
from oracle.daemon.tab_evaluation import UndecidedPeriod, draw_moment
from oracle.daemon.tab_past import Past
from oracle.decide.tabs import Pending, handed_before
from oracle.domain.errors import EarnestError
from oracle.domain.typed import Domain
from oracle.domain.types import ZERO_HASH, Hash, Outcome
from oracle.evaluation.tab_intake import OpenExport
from oracle.evaluation.tab_record import (
    MAX_TAB_RECORD_BYTES,
    Handed,
    PeriodAnchor,
    PeriodSubject,
    StandingSection,
    TabRecord,
    parse_tab_record,
)
from oracle.evaluation.verify import Difference
from oracle.evaluation.verify_tab import verify_period
from oracle.evidence.store import ContentStore
from oracle.history.tab import PeriodLife
from oracle.jury.room import replayer
from oracle.pact.methodology import Methodology
from oracle.store import jobs, work

_DOCUMENT_BYTES = 1_048_576
_RECORDS_WORD = (
    "which documents were handed over is the record's word (their logs are not stored; --chain asks)"
)
_CHAINS_WORD = "which documents were handed over was asked of the chain"
_INTAKE: Final = "what was handed over"
_PARTS: Final = (
    (_INTAKE, re.compile(r"/(subject|intake)(/|$)")),
    (
        "outcomes of what was drawn",
        re.compile(r"/(interactions|records|strata/\d+/drawn/\d+/(state|reason|record))"),
    ),
    ("draw", re.compile(r"/(size|draw|strata)(/|$)")),
    ("estimate", re.compile(r"/estimate(/|$)")),
)


class Verdict(Protocol):
    """Anything that says an outcome and what is payable."""

    @property
    def outcome(self) -> Outcome:
        """Pass, Fail or Lapse."""

    @property
    def payable(self) -> int:
        """Base units."""


def words(outcome: Outcome, payable: int) -> str:
    """An outcome and a sum, for people and to be compared."""
    return f"{outcome.word}, {payable} base units payable"


def said(one: Verdict) -> str:
    """What an attestation, a verdict or a ruling says."""
    return words(one.outcome, one.payable)


@dataclass(frozen=True, slots=True)
class Judged:
    """What the evidence comes to. `payable` in base units."""

    document: TabRecord | UndecidedPeriod
    outcome: Outcome
    payable: int

    @property
    def said(self) -> str:
        """As `said` puts it."""
        return words(self.outcome, self.payable)


def go_through(
    session: Session,
    store: ContentStore,
    open_export: OpenExport,
    domain: Domain,
    past: Past,
    life: PeriodLife,
) -> tuple[Judged | None, list[Replayed]]:
    """The record of a period, recomputed.

    Where this process has evaluated the period, its own record; else the first of those behind the verdict
    that the store has.
    """
    number, pending = life.number, past.pending[life.number]
    evaluation = work.get_evaluation(session, past.listed.tab, pending.period.deliverable())
    steps: list[Replayed] = []
    if evaluation is not None and evaluation.evidence is not None:
        evidence, note = evaluation.evidence, ""
        if pending.at.block_hash != ZERO_HASH:
            what = f"block that period {number} was evaluated for"
            steps.append(compared(what, evaluation.anchor_hash, pending.at.block_hash))
    else:
        named = () if life.judged is None else life.judged.evidence
        kept = [one for one in named if _has(store, one)]
        if not kept:
            note = "this process has not evaluated it, and has no record of who did"
            return None, [Replayed(f"evaluation of period {number}", True, note=note)]
        evidence, note = kept[0], "this process has not evaluated it: the record is one behind the verdict"
    what = f"record {evidence} of period {number}"
    try:
        data = store.get(evidence, max_bytes=MAX_TAB_RECORD_BYTES)
        document = _document(data)
        if isinstance(document, TabRecord):
            judged = Judged(document, _OUTCOMES[document.outcome], int(document.estimate.payable))
            steps += _record(session, store, open_export, domain, past, pending, document, data, evidence)
        else:
            judged = Judged(document, Outcome.LAPSE, 0)
            expected = (past.listed.tab, pending.period.deliverable())
            steps.append(compared(f"subject of the {what}", (document.tab, document.deliverable), expected))
            note = "it says why nothing could be decided; there is nothing to recompute"
    except EarnestError as error:
        return None, [*steps, Replayed(what, False, evidence, error.message)]
    if evaluation is not None and evaluation.evidence is not None:
        steps.append(compared(f"outcome of the {what}", evaluation.outcome.word, judged.outcome.word))
    if note:
        steps.append(Replayed(what, True, note=note))
    return judged, steps


_OUTCOMES: Final = {"pass": Outcome.PASS, "fail": Outcome.FAIL, "lapse": Outcome.LAPSE}


def _has(store: ContentStore, evidence: Hash) -> bool:
    try:
        store.get(evidence, max_bytes=MAX_TAB_RECORD_BYTES)
    except EarnestError:
        return False
    return True


def _document(data: bytes) -> TabRecord | UndecidedPeriod:
    try:
        return parse_tab_record(data)
    except EarnestError:
        return UndecidedPeriod.parse(data)


def _record(
    session: Session,
    store: ContentStore,
    open_export: OpenExport,
    domain: Domain,
    past: Past,
    pending: Pending,
    record: TabRecord,
    data: bytes,
    evidence: Hash,
) -> Iterator[Replayed]:
    """Each part of it, with what differs in it.

    Raises:
        EarnestError: a document it names cannot be had.
    """
    number = pending.period.number
    yield compared(f"pact of period {number}", record.pact, past.listed.agreement.opening.pact)
    committee = jobs.get_committee(session, past.listed.agreement.terms.committee)
    if committee is not None:
        yield compared(f"methodology of period {number}", record.methodology, committee.methodology)
    verified = verify_period(
        data,
        store,
        open_export,
        expected_hash=evidence,
        subject=_subject(store, domain, past, pending, record),
        replayer=replayer,
    )
    left = list(verified.differences)
    for name, pointer in _PARTS:
        differing = [one for one in left if pointer.match(one.pointer)]
        left = [one for one in left if one not in differing]
        what = f"{name} of period {number}"
        yield from (_differs(what, one) for one in differing)
        if not differing and not any(one.pointer == "" for one in verified.differences):
            note = _sources(record, past) if name == _INTAKE else ""
            yield Replayed(f"{what}: {_summary(name, record)}", True, note=note)
    what = f"record {evidence} of period {number}"
    yield from (_differs(what, one) for one in left)
    if not left:
        yield Replayed(what, True, note="; ".join(verified.notes))


def _differs(what: str, one: Difference) -> Replayed:
    return Replayed(f"{what} at {one.pointer or '(whole record)'}", False, one.recorded, one.recomputed)


def _summary(name: str, record: TabRecord) -> str:
    found, intake = record.estimate, record.intake
    match name:
        case _ if name == _INTAKE:
            return f"{intake.interactions} interactions, {intake.left_out} of them left out"
        case "draw":
            return f"{found.drawn} interactions in {len(record.strata)} strata"
        case "estimate":
            return f"{found.withheld} of {found.presented} base units withheld: {record.outcome}"
        case _:
            return f"{found.drawn_failed} failed, {found.drawn_undecided} undecided"


def _sources(record: TabRecord, past: Past) -> str:
    """Who says which documents there were, and where their bytes come from."""
    intake = record.intake
    read = f"{len(intake.exports)} exports and {len(intake.complaints)} complaints"
    said = [_RECORDS_WORD if past.handed is None else _CHAINS_WORD]
    said.append(f"{read} were read from the evidence store, whose bytes hash to the names handed over")
    if intake.troubles:
        said.append(f"{len(intake.troubles)} documents are of no use, as the record says")
    return "; ".join(said)


def _subject(
    store: ContentStore, domain: Domain, past: Past, pending: Pending, record: TabRecord
) -> PeriodSubject:
    """What the events say was judged. Of a chain that was not asked, the record says what was handed over."""
    terms = past.listed.agreement.terms
    rules = Methodology.parse(store.get(record.methodology, max_bytes=_DOCUMENT_BYTES))
    days = 0 if rules.tabs is None else rules.tabs.rises.dispute_days
    standing = past.ledger.standing(past.ledger.tabs[past.listed.tab], pending, days)
    handed = record.subject.handed
    if past.handed is not None:
        told = replace(past.ledger.tabs[past.listed.tab], handed=past.handed)
        counting = handed_before(told, draw_moment(rules.period_draw, pending))
        handed = tuple(Handed(by=each.by, document=each.document) for each in counting)
    known = pending.at.block_hash != ZERO_HASH
    return PeriodSubject(
        period=pending.period,
        deliverable=pending.period.deliverable(),
        committee=terms.committee,
        buyer=terms.buyer,
        provider=terms.provider,
        anchor=PeriodAnchor(
            chain_id=domain.chain_id,
            contract=past.contract,
            block_number=pending.at.block,
            block_hash=pending.at.block_hash if known else record.subject.anchor.block_hash,
            window_ends=pending.window_ends,
        ),
        handed=handed,
        standing=StandingSection(
            provider_periods=standing.provider_periods,
            disputes=standing.disputes,
            pair_periods=standing.pair_periods,
        ),
    )
