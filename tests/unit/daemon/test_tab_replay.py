"""A tab's period gone through again from the store: what does not follow from the evidence is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from oracle.chain import tab_calls
from oracle.daemon.replayed import Replayed, ReplayError
from oracle.daemon.tab_evaluation import UndecidedPeriod
from oracle.daemon.tab_replay import replay_tab
from oracle.decide.due import Purpose
from oracle.decide.tabs import HandedOver, When
from oracle.domain import events
from oracle.domain.canonical import canonical_bytes, keccak_hex
from oracle.domain.tab import Tally, tabs_domain
from oracle.domain.tab_events import (
    PeriodDisputed,
    PeriodJudged,
    PeriodRuled,
    PeriodSettled,
    Presented,
    TabEvent,
    TabOpened,
)
from oracle.domain.tab_terms import TabAgreement, TabOpening, TabTerms, tab_id, tab_opening_hash
from oracle.domain.types import Outcome
from oracle.evaluation.tab_record import StandingSection, TabRecord
from oracle.incident.derive import IncidentError
from oracle.incident.reading import read_case
from oracle.signing.journal import attest_all
from oracle.store import chain as chain_store
from oracle.store import outbox, tabs, work
from oracle.store.database import Database
from oracle.store.events import save_events
from oracle.store.journal import StoredJournal
from oracle.store.tabs import TabHappened, save_tab_events
from oracle.store.work import StoredAttestation
from tests.databases import Databases
from tests.unit.daemon.peer_nodes import ACCOUNTS, COMMITTEE, DOMAIN, SIGNERS, Chain, committee, signed
from tests.unit.tabs.periods import (
    BAD,
    BUYER,
    GOOD,
    PROVIDER,
    TAB,
    WINDOW_ENDS,
    PeriodCase,
    as_json,
    make_period,
)
from tests.unit.tabs.test_tab_steps import TERMS

TABS, SENDER, HASH = "0x" + "ee" * 20, "0x" + "5e" * 20, "0x" + "11" * 32
PRESENTED_IN = 3  # the block
THE_TERMS: TabTerms = replace(TERMS, buyer=BUYER, provider=PROVIDER, committee=COMMITTEE)
CALLS, PRICE, FAILED = 40, 10, 4


@dataclass
class Told:
    """What the store is told; each field may be something else than what follows from the evidence."""

    record: TabRecord
    outcome: Outcome = Outcome.PASS
    voted: int = 0
    others_voted: int | None = None
    verdict: tuple[Outcome, int] = (Outcome.PASS, 0)
    settled: tuple[Outcome, int] = (Outcome.PASS, 0)
    signers: int = 0b011
    ceiling: int = PRICE
    pact: str = ""
    members: int = 0b111
    number: int = 1
    evaluated: bool = True
    anchor: int = PRESENTED_IN
    posted: bytes | None = None
    ruled: tuple[Outcome, int] | None = None
    others: tuple[TabEvent, ...] = ()
    notice: UndecidedPeriod | None = None


class Kept:
    """A database, a content store, and a period that three evaluators judged."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.case: PeriodCase = make_period(folder, [*[GOOD] * 9, BAD] * 4, sampling=CALLS)
        self.chain = Chain()
        rules = self.case.task.methodology
        self.chain.block(
            10_000,
            events.CommitteeCreated(COMMITTEE, replace(committee(), methodology=rules.hash())),
            *(events.Joined(COMMITTEE, index, signer.address, 1) for index, signer in enumerate(SIGNERS)),
        )
        for number in range(2, 9):
            self.chain.block(WINDOW_ENDS - 100 + number)
        subject = self.case.task.subject
        anchor = subject.anchor.model_copy(
            update={"block_number": PRESENTED_IN, "block_hash": self.chain.headers[PRESENTED_IN - 1].hash}
        )
        mine = subject.model_copy(
            update={
                "committee": COMMITTEE,
                "anchor": anchor,
                "standing": StandingSection(provider_periods=0, disputes=0, pair_periods=0),
            }
        )
        self.case.task = replace(self.case.task, subject=mine, evaluator=SIGNERS[0].address)
        self.deliverable = subject.deliverable

    def told(self) -> Told:
        record = self.case.judge()
        payable = int(record.estimate.payable)
        assert payable == (CALLS - FAILED) * PRICE
        return Told(
            record,
            voted=payable,
            verdict=(Outcome.PASS, payable),
            settled=(Outcome.PASS, payable),
            pact=record.pact,
        )

    def write(self, told: Told) -> None:
        """Store it all, as the daemon and the watcher do."""
        document = told.notice or told.record
        evidence = self.case.store.put(document.canonical())
        votes = self._votes(told, document)
        terms = replace(THE_TERMS, ceiling=told.ceiling)
        agreement = TabAgreement(terms, TabOpening(told.pact, HASH, 0, 1, 1))
        period = self.case.task.subject.period
        behind = tuple(vote.attestation.evidence for vote in votes if told.signers >> vote.evaluator & 1)
        happened: list[TabEvent] = [
            TabOpened(TAB, BUYER, PROVIDER, agreement, told.members),
            Presented(
                TAB, told.number, period.count, int(period.amount), period.root, WINDOW_ENDS, last=False
            ),
            PeriodJudged(TAB, told.number, *told.verdict, told.signers, WINDOW_ENDS + 500, behind),
        ]
        if told.ruled is not None:
            happened += [
                PeriodDisputed(TAB, told.number, BUYER, *told.ruled, 10, WINDOW_ENDS + 900, HASH),
                PeriodRuled(TAB, told.number, HASH[:42], *told.ruled, 1),
            ]
        happened.append(PeriodSettled(TAB, told.number, *told.settled, told.settled[1], 0, 0, 5, 7))
        tally = Tally(tab=TAB, count=period.count, amount=int(period.amount), root=period.root)
        opening = tab_opening_hash(agreement.opening)
        signers = [vote for vote in votes if told.signers >> vote.evaluator & 1]
        verdict = tab_calls.TabVerdict(
            told.outcome,
            signers[-1].attestation.payable,
            told.signers,
            tuple(vote.attested for vote in signers),
        )
        calls = [
            (Purpose.JUDGE, told.posted or tab_calls.judge(terms, opening, tally, verdict)),
            (Purpose.SETTLE, tab_calls.settle(terms, opening)),
        ]
        with self.database.write() as session:
            tabs.follow(session, TABS)
            chain_store.save_blocks(session, self.chain.headers)
            save_events(session, self.chain.happened)
            save_tab_events(
                session,
                [
                    *(
                        TabHappened(event, HASH, block, 0, WINDOW_ENDS - 100 + block)
                        for block, event in enumerate(happened, start=PRESENTED_IN - 1)
                    ),
                    *(
                        TabHappened(event, HASH, 2, 1 + place, WINDOW_ENDS - 98)
                        for place, event in enumerate(told.others)
                    ),
                ],
            )
            work.save_attestations(session, votes)
            for purpose, data in calls:
                outbox.enqueue(session, SENDER, outbox.Call(purpose, self.deliverable, TABS, data))
            if told.evaluated:
                anchor = self.chain.headers[told.anchor - 1].hash
                work.begin_evaluations(session, [(TAB, self.deliverable, anchor)])
                work.finish_evaluations(
                    session,
                    [work.Finished(TAB, self.deliverable, anchor, told.outcome, evidence, "as it was")],
                )

    def _votes(self, told: Told, document: TabRecord | UndecidedPeriod) -> list[StoredAttestation]:
        """Of evaluator 0, whose key is held here, and of two others."""
        votes = [
            signed(
                index,
                TAB,
                told.outcome,
                evidence=keccak_hex(
                    document.model_copy(update={"evaluator": SIGNERS[index].address}).canonical()
                ),
                deliverable=self.deliverable,
                payable=told.others_voted if index and told.others_voted is not None else told.voted,
            )
            for index in range(len(ACCOUNTS))
        ]
        attest_all(StoredJournal(self.database), DOMAIN, [(SIGNERS[0], votes[0].attestation)])
        return votes

    def replay(self, period: int | None = 1, handed: tuple[HandedOver, ...] | None = None) -> list[Replayed]:
        store, opens = self.case.store, self.case.open
        with self.database.read() as session:
            return replay_tab(session, store, opens, DOMAIN, TAB, period=period, handed=handed)

    def differs(self, period: int | None = 1, handed: tuple[HandedOver, ...] | None = None) -> list[str]:
        return [step.what for step in self.replay(period, handed) if not step.holds]


@pytest.fixture
def kept(databases: Databases, tmp_path: Path) -> Iterator[Kept]:
    database = Database(databases.made())
    yield Kept(database, tmp_path)
    database.close()


def test_what_was_done__follows_in_every_step(kept: Kept) -> None:
    kept.write(kept.told())
    steps = kept.replay()
    assert [step for step in steps if not step.holds] == []
    words = " | ".join(step.what for step in steps)
    for expected in (
        "tally of period 1", "what was handed over of period 1: 40 interactions, 0 of them left out",
        "draw of period 1: 40 interactions in 1 strata",
        "outcomes of what was drawn of period 1: 4 failed, 0 undecided",
        "estimate of period 1: 40 of 400 base units withheld: pass", f"vote of {SIGNERS[0].address}",
        "journal of 0x", "signer of the attestation of evaluator 2 (pass)", "verdict on period 1",
        "evidence of evaluator 1 behind the verdict", "settlement of period 1",
        "amount withheld from period 1", "judge (entry", "settle (entry",
    ):  # fmt: skip
        assert expected in words


def handed_over(by: str, document: str, time: int, log_index: int) -> HandedOver:
    return HandedOver(by, document, When(1, HASH, time, log_index))


EXPORT = handed_over(PROVIDER, "0x" + "ab" * 32, WINDOW_ENDS + 29, 0)
OF_NO_ACCOUNT = (
    handed_over("0x" + "77" * 20, "0x" + "01" * 32, WINDOW_ENDS, 1),  # a stranger's
    handed_over(BUYER, "0x" + "02" * 32, WINDOW_ENDS + 30, 2),  # the draw is known by then
)


def test_what_was_handed_over__is_the_records_word__or_asked_of_the_chain(kept: Kept) -> None:
    kept.write(kept.told())
    for handed, words in ((None, "is the record's word"), ((EXPORT, *OF_NO_ACCOUNT), "asked of the chain")):
        steps = kept.replay(handed=handed)
        assert [step for step in steps if not step.holds] == []
        (intake,) = [step for step in steps if step.what.startswith("what was handed over")]
        assert words in intake.note
        assert "1 exports and 0 complaints were read from the evidence store" in intake.note


@pytest.mark.parametrize(
    ("handed", "where"),
    [
        ((), ["/subject/handed/0"]),
        ((handed_over(PROVIDER, "0x" + "cd" * 32, WINDOW_ENDS, 0),), ["/subject/handed/0/document"]),
        ((EXPORT, handed_over(BUYER, "0x" + "02" * 32, WINDOW_ENDS, 1)), ["/subject/handed/1"]),
    ],
    ids=["never named", "another document", "one that was passed over"],
)
def test_a_record_of_other_documents_than_the_chain_says__differs(
    kept: Kept, handed: tuple[HandedOver, ...], where: list[str]
) -> None:
    kept.write(kept.told())
    assert kept.differs(handed=handed) == [f"what was handed over of period 1 at {each}" for each in where]


def changed(record: TabRecord, change: Callable[[dict[str, Any]], None]) -> TabRecord:
    """The record, rewritten by somebody who also names it as the evidence."""
    value = as_json(record)
    change(value)
    return TabRecord.parse(canonical_bytes(value))


def say(pointer: str, value: Any) -> Callable[[Told], None]:
    """Rewrites one value of the record."""

    def change(told: Told) -> None:
        def into(document: dict[str, Any]) -> None:
            *steps, last = pointer.split("/")
            inner: Any = document
            for step in steps:
                inner = inner[int(step) if step.isdigit() else step]
            inner[last] = value

        told.record = changed(told.record, into)

    return change


def be(**fields: Any) -> Callable[[Told], None]:
    """Tells something else."""

    def change(told: Told) -> None:
        for name, value in fields.items():
            setattr(told, name, value)

    return change


OTHER = "0x" + "7b" * 32
OTHERS = (
    TabOpened(OTHER, BUYER, PROVIDER, TabAgreement(THE_TERMS, TabOpening(HASH, HASH, 0, 1, 2)), 0b111),
    Presented(OTHER, 1, 1, 1, HASH, 5, last=False),
    PeriodJudged(OTHER, 1, Outcome.PASS, 1, 0b011, 6, ()),
    PeriodSettled(OTHER, 1, Outcome.PASS, 1, 1, 0, 0, 0, 7),
)

CHANGES: list[tuple[str, Callable[[Told], None], list[str]]] = [
    (
        "what is withheld",
        say("estimate/withheld", "39"),
        ["estimate of period 1 at /estimate/withheld"],
    ),
    (
        "the draw",
        say("size/wanted", 7),
        ["draw of period 1 at /size/wanted"],
    ),
    (
        "an outcome",
        say("strata/0/drawn/9/state", "passed"),
        ["outcomes of what was drawn of period 1 at /strata/0/drawn/9/state"],
    ),
    (
        "what was left out",
        say("intake/left_out", 1),
        ["what was handed over of period 1 at /intake/left_out"],
    ),
    (
        "what the provider had done before",
        be(others=OTHERS),
        [
            "what was handed over of period 1 at /subject/standing/pair_periods",
            "what was handed over of period 1 at /subject/standing/provider_periods",
        ],
    ),
    ("the pact", be(pact=HASH), ["pact of period 1"]),
    ("the block", be(anchor=2), ["block that period 1 was evaluated for"]),
    ("the verdict", be(verdict=(Outcome.PASS, 361), settled=(Outcome.PASS, 361)), ["verdict on period 1"]),
    (
        "the settlement",
        be(settled=(Outcome.PASS, 400)),
        ["settlement of period 1", "amount withheld from period 1"],
    ),
    ("too dear a tally", be(ceiling=PRICE - 1), ["tally of period 1"]),
    ("a number", be(number=2), ["number of period 2"]),
    ("a call", be(posted=b"\x00" * 36), ["judge (entry"]),
    ("too few signers", be(signers=0b001), ["number of evaluators behind the verdict on period 1"]),
    (
        "a vote",
        be(voted=359),
        [f"vote of {SIGNERS[0].address} on period 1", "evidence of evaluator 0 behind the verdict"],
    ),
]


@pytest.mark.parametrize(("name", "change", "expected"), CHANGES, ids=[one[0] for one in CHANGES])
def test_what_does_not_follow__is_named(
    kept: Kept, name: str, change: Callable[[Told], None], expected: list[str]
) -> None:
    told = kept.told()
    change(told)
    kept.write(told)
    found = kept.differs(told.number)
    for words in expected:
        assert any(what.startswith(words) for what in found), (name, found)


def test_another_verdict_than_ours__parts_at_the_verdict_alone(kept: Kept) -> None:
    """An evaluator that was outvoted sees where it parts; what was settled follows from the verdict."""
    told = kept.told()
    told.verdict = told.settled = (Outcome.PASS, 355)
    told.signers, told.others_voted = 0b110, 355
    kept.write(told)
    found = kept.replay()
    notes = [step.note for step in found if step.what == "vote of evaluator 2 on period 1"]
    said = "it says pass, 355 base units payable; what is recomputed here is pass, 360 base units payable"
    assert notes == [said]
    (verdict, withheld) = [step for step in found if not step.holds]
    assert (verdict.what, verdict.recorded) == ("verdict on period 1", "pass, 355 base units payable")
    assert verdict.recomputed == "pass, 360 base units payable"
    assert (withheld.what, withheld.recorded, withheld.recomputed) == (
        "amount withheld from period 1",
        "45",
        "40",
    )


def test_a_ruling__is_what_a_settlement_follows_from(kept: Kept) -> None:
    told = kept.told()
    told.ruled = told.settled = (Outcome.FAIL, 300)
    kept.write(told)
    assert kept.differs() == []
    (withheld,) = [step for step in kept.replay() if step.what.startswith("amount withheld")]
    assert (withheld.what, withheld.note) == (
        "amount withheld from period 1: 100 base units",
        "it follows from the ruling",
    )


def test_who_did_not_evaluate__goes_through_a_record_behind_the_verdict(kept: Kept) -> None:
    told = kept.told()
    told.evaluated = False
    kept.write(told)
    assert kept.differs() == []
    assert any("one behind the verdict" in step.note for step in kept.replay())


def test_without_any_record__it_says_so(kept: Kept) -> None:
    told = kept.told()
    told.evaluated = False
    told.signers = 0b110  # their records are not here
    kept.write(told)
    assert kept.differs() == []
    assert any("no record of who did" in step.note for step in kept.replay())


def test_undecided__is_a_lapse_for_which_there_is_nothing_to_recompute(kept: Kept) -> None:
    told = kept.told()
    told.notice = UndecidedPeriod(
        evaluator=SIGNERS[0].address, tab=TAB, deliverable=kept.deliverable, reason="no draw"
    )
    told.outcome, told.voted = Outcome.LAPSE, 0
    told.verdict = told.settled = (Outcome.LAPSE, 0)
    kept.write(told)
    assert kept.differs() == []
    assert any("nothing to recompute" in step.note for step in kept.replay())


def test_undecided__about_another_period__differs(kept: Kept) -> None:
    told = kept.told()
    told.notice = UndecidedPeriod(evaluator=SIGNERS[0].address, tab=TAB, deliverable=HASH, reason="no draw")
    told.outcome, told.voted = Outcome.LAPSE, 0
    told.verdict = told.settled = (Outcome.LAPSE, 0)
    kept.write(told)
    assert len(kept.differs()) == 1
    assert kept.differs()[0].startswith("subject of the record")


def test_the_whole_tab__its_id_does_not_follow_from_other_terms(kept: Kept) -> None:
    kept.write(kept.told())  # the id of the tests' periods is made up
    assert kept.differs(None) == ["id of the tab from its terms"]


def test_a_tab_without_periods(kept: Kept) -> None:
    agreement = TabAgreement(THE_TERMS, TabOpening(HASH, HASH, 0, 1, 1))
    made = tab_id(tabs_domain(DOMAIN.chain_id, TABS), agreement)
    with kept.database.write() as session:
        tabs.follow(session, TABS)
        chain_store.save_blocks(session, kept.chain.headers)
        opened = TabOpened(made, BUYER, PROVIDER, agreement, 0b111)
        save_tab_events(session, [TabHappened(opened, HASH, 2, 0, 10_000)])
    with kept.database.read() as session:
        steps = replay_tab(session, kept.case.store, kept.case.open, DOMAIN, made)
        assert all(step.holds for step in steps)
        assert len(steps) == 3
        with pytest.raises(ReplayError, match="no period 1; 0 were presented"):
            replay_tab(session, kept.case.store, kept.case.open, DOMAIN, made, period=1)
        with pytest.raises(ReplayError, match="not in this store"):
            replay_tab(session, kept.case.store, kept.case.open, DOMAIN, TAB)


def test_an_incident_of_a_tab__is_refused_and_points_to_its_replay(kept: Kept) -> None:
    kept.write(kept.told())
    with kept.database.write() as session:
        chain_store.bind_deployment(session, DOMAIN.chain_id, DOMAIN.contract, 1)
    with kept.database.read() as session, pytest.raises(IncidentError, match="is a tab") as refused:
        read_case(session, lambda _hash: None, TAB, roots=())
    assert f"oracle replay {TAB}" in str(refused.value.next_step)


def test_events_that_cannot_follow_each_other__are_said_to(kept: Kept) -> None:
    told = kept.told()
    told.others = (PeriodJudged(TAB, 1, Outcome.PASS, 1, 0b011, 6, ()),)  # before anything was presented
    kept.write(told)
    assert kept.differs() == [f"events of tab {TAB}"]
