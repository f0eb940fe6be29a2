"""The desk for tabs: what was cut off begins again, and what is due goes into the outbox."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from oracle.chain import tab_calls
from oracle.chain.calls import statement_of
from oracle.daemon.cases import TabCases
from oracle.daemon.ports import NotNowError
from oracle.daemon.tab_desk import TabDesk, TabParts
from oracle.daemon.tab_evaluation import PeriodResult, TabEvaluation
from oracle.daemon.tab_reader import OpeningFacts, Seen, TabReader
from oracle.daemon.tab_signing import TabAttester
from oracle.decide.due import DuePolicy, EvaluationState, Purpose
from oracle.decide.tabs import Ledger, When
from oracle.domain.tab_events import NoticeGiven, PeriodSettled, Presented, TabClosed, TabEvent, TabOpened
from oracle.domain.tab_terms import TabAgreement, TabEnding, TabOpening, TabTerms
from oracle.domain.types import Outcome
from oracle.store import chain as chain_store
from oracle.store import outbox as outbox_store
from oracle.store import peers as peer_store
from oracle.store import work
from oracle.store.database import Database
from oracle.store.events import save_events
from oracle.store.journal import StoredJournal
from oracle.store.tabs import TabHappened, save_tab_events
from tests.databases import Databases
from tests.unit.daemon.peer_nodes import COMMITTEE, DOMAIN, SIGNERS, Chain, signed
from tests.unit.tabs.test_tab_steps import BUYER, HASH, OTHER, PROVIDER, TAB, TERMS

TABS, SENDER = "0x" + "7a" * 20, "0x" + "5e" * 20
OPENING = OpeningFacts("0x" + "0f" * 32, HASH)
THE_TERMS: TabTerms = replace(TERMS, committee=COMMITTEE, verdict=9_000)
OPENED = TabOpened(TAB, BUYER, PROVIDER, TabAgreement(THE_TERMS, TabOpening(HASH, HASH, 0, 1, 1)), 0b111)
PRESENTED = Presented(TAB, 1, 100, 1_000, HASH, 10_000, False)


class Evaluation:
    """Says what it is told to, and remembers how it was asked."""

    def __init__(self) -> None:
        self.ends: list[PeriodResult | BaseException] = []
        self.asked: list[dict[str, bool]] = []
        self.draw = 10_000

    def draw_from(self, _methodology: str, _pending: object) -> int:
        return self.draw

    def evaluate(self, *_arguments: object, **how: bool) -> PeriodResult:
        self.asked.append(how)
        end = self.ends.pop(0)
        if isinstance(end, BaseException):
            raise end
        return end

    def evidence_for(self, evidence: str, _key: str) -> tuple[str, int]:
        return evidence, 900


class Reader:
    """A chain that logged some events."""

    def __init__(self) -> None:
        self.openings = {TAB: OPENING}
        self.now, self.behind = 10_100, 0
        self.events: list[TabEvent] = [OPENED]

    def look(self) -> Seen:
        made = Ledger()
        for block, event in enumerate(self.events, start=1):
            made.apply(event, When(block, HASH, 10_000, 0))
        return Seen(made, self.now, self.now - self.behind)


class Case:
    """A desk that holds the key of evaluator 0."""

    def __init__(self, database: Database) -> None:
        self.database, self.evaluation, self.reader = database, Evaluation(), Reader()
        self.presented = True
        self.told: list[str] = []
        chain = Chain()
        chain.begin()
        with database.write() as session:
            chain_store.save_blocks(session, chain.headers)
            save_events(session, chain.happened)

    def desk(self, *, leads: bool = True, wait: float = 0.0, **policy: Any) -> TabDesk:
        signer = SIGNERS[0]
        evaluation = cast("TabEvaluation", self.evaluation)
        attester = TabAttester(
            self.database,
            StoredJournal(self.database),
            evaluation,
            {signer.address: signer},
            DOMAIN,
            is_presented=lambda _pending: self.presented,
        )
        parts = TabParts(
            database=self.database,
            reader=cast("TabReader", self.reader),
            cases=TabCases(),
            evaluation=evaluation,
            attester=attester,
            keys=[signer.address],
            contract=TABS,
            sender=SENDER,
        )
        return TabDesk(
            parts,
            policies={},
            default=DuePolicy(**policy),
            tries=2,
            wait=wait,
            poll=1.0,
            leads=lambda: leads,
            on_signed=lambda: self.told.append("signed"),
        )

    def queued(self) -> list[tuple[Purpose, str | None, bytes]]:
        with self.database.read() as session:
            return [
                (entry.call.purpose, entry.call.subject, entry.call.data)
                for entry, _ in outbox_store.list_entries(session, limit=10)
            ]

    def attested(self) -> list[int]:
        with self.database.read() as session:
            return [item.attestation.payable for item in work.attestations_of(session, [TAB])]


@pytest.fixture
def case(databases: Databases) -> Iterator[Case]:
    database = Database(databases.made())
    yield Case(database)
    database.close()


def result(store_hash: str = HASH) -> PeriodResult:
    return PeriodResult(Outcome.PASS, 900, store_hash, "all well")


def test_a_period_is_evaluated_and_signed_once(case: Case) -> None:
    case.reader.events.append(PRESENTED)
    case.evaluation.ends = [result()]
    desk = case.desk()
    for _ in range(3):
        desk.step()
    assert (len(case.evaluation.asked), case.attested(), case.told) == (1, [900], ["signed"])


def test_what_was_cut_off__begins_again_and_was_no_try(case: Case) -> None:
    """A process that is killed while it evaluates must not make receipts count as left out sooner."""
    case.reader.events.append(PRESENTED)
    for _ in range(3):
        case.evaluation.ends = [KeyboardInterrupt()]
        with pytest.raises(KeyboardInterrupt):
            case.desk().step()
    case.evaluation.ends = [NotNowError("receipts are missing"), NotNowError("still"), result()]
    desk = case.desk()
    desk.step()
    assert [how["last_try"] for how in case.evaluation.asked] == [False] * 4
    desk.step()
    assert case.evaluation.asked[-1]["last_try"]
    desk.step()
    desk.step()
    assert case.attested() == [900]


def test_what_goes_wrong_about_one_tab__does_not_stop_the_others(case: Case) -> None:
    """A party must not silence an evaluator on every tab by what it does on its own."""
    case.reader.events = [replace(OPENED, tab=OTHER), OPENED, replace(PRESENTED, tab=OTHER), PRESENTED]
    case.evaluation.ends = [result()]  # nobody says what to make of OTHER: its opening is not known
    desk = case.desk()
    with capture_logs() as logs:
        desk.step()
        desk.step()
    assert case.attested() == [900]
    crashed = [line for line in logs if line["event"] == "tabs_crashed"]
    assert {line["tab"] for line in crashed} == {OTHER}
    assert all(line["exc_info"] for line in crashed)


def test_shortly_before_the_end__it_is_decided_whatever_was_read(case: Case) -> None:
    case.reader.events.append(PRESENTED)
    case.reader.now, case.reader.behind = 18_399, 8_400  # read up to 9,999; the draw is at 10,000
    case.evaluation.ends = [PeriodResult(Outcome.LAPSE, 0, HASH, "not all was read")]
    desk = case.desk()
    desk.step()
    assert case.evaluation.asked == []
    case.reader.now = 18_400
    desk.step()
    assert case.evaluation.asked == [{"settled": 10_000, "last_try": False, "last_chance": True}]


def test_a_draw_after_the_time_for_a_verdict__is_decided_before_it_ends(case: Case) -> None:
    """A committee's shortest time for a verdict may be shorter than its own draw needs."""
    case.reader.events.append(PRESENTED)
    case.evaluation.draw = 30_000
    case.evaluation.ends = [PeriodResult(Outcome.LAPSE, 0, HASH, "the draw comes later")]
    desk = case.desk()
    case.reader.now = 18_399
    desk.step()
    assert case.evaluation.asked == []
    case.reader.now = 18_400
    desk.step()
    desk.step()
    assert [how["last_chance"] for how in case.evaluation.asked] == [True]
    with case.database.read() as session:
        assert [item.attestation.outcome for item in work.attestations_of(session, [TAB])] == [Outcome.LAPSE]


def test_the_last_chance__waits_for_no_next_try(case: Case) -> None:
    case.reader.events.append(PRESENTED)
    case.evaluation.ends = [NotNowError("out of reach"), result()]
    desk = case.desk(wait=25.0)
    desk.step()
    desk.step()
    assert len(case.evaluation.asked) == 1
    case.reader.now = 18_990
    desk.step()
    assert len(case.evaluation.asked) == 2


def test_what_the_endpoints_do_not_agree_on__is_not_signed(case: Case) -> None:
    case.reader.events.append(PRESENTED)
    case.evaluation.ends = [result()]
    case.presented = False
    desk = case.desk()
    desk.step()
    desk.step()
    assert (case.attested(), case.told) == ([], [])
    case.presented = True
    desk.step()
    assert case.attested() == [900]


def test_a_vote_nobody_was_bound_to__counts_only_late(case: Case) -> None:
    case.reader.events.append(PRESENTED)
    case.evaluation.ends = [result()]
    desk = case.desk()
    desk.step()
    desk.step()
    deliverable = case.reader.look().ledger.tabs[TAB].pending
    assert deliverable is not None
    other = signed(1, TAB, Outcome.PASS, deliverable=deliverable.period.deliverable(), payable=900)
    with case.database.write() as session:
        work.save_attestations(session, [replace(other, opens=False)])
    desk.step()
    assert case.queued() == []
    case.reader.now = 18_990  # shortly before the time for a verdict ends
    desk.step()
    assert [purpose for purpose, _, _ in case.queued()] == [Purpose.JUDGE]


def test_a_tab_whose_time_is_over__is_closed(case: Case) -> None:
    case.reader.events.append(NoticeGiven(TAB, BUYER, 10_050))
    desk = case.desk()
    desk.step()
    assert case.queued() == [(Purpose.CLOSE, TAB, tab_calls.close(THE_TERMS, OPENING.opening_hash))]
    assert kept(case, desk) == 1
    case.reader.events.append(TabClosed(TAB, TabEnding.LEFT, 0, 0, 0))
    desk.step()
    assert kept(case, desk) == 0


def test_what_is_owed__is_collected_after_the_grace_period(case: Case) -> None:
    case.reader.events += [PRESENTED, PeriodSettled(TAB, 1, Outcome.PASS, 900, 400, 0, 0, 0, 7)]
    case.reader.now = 10_000 + THE_TERMS.grace
    desk = case.desk()
    desk.step()
    assert case.queued() == [(Purpose.SETTLE, TAB, tab_calls.settle(THE_TERMS, OPENING.opening_hash))]
    assert kept(case, desk) == 1
    case.desk(close=False).step()


def test_a_contradiction_on_a_tab__is_shown_to_the_contract(case: Case) -> None:
    case.reader.events.append(PRESENTED)
    case.evaluation.ends = [NotNowError("not yet")] * 3
    period = case.reader.look().ledger.tabs[TAB].pending
    assert period is not None
    deliverable = period.period.deliverable()
    with case.database.write() as session:
        for payable in (900, 899):
            made = signed(1, TAB, Outcome.PASS, deliverable=deliverable, payable=payable)
            work.save_attestations(session, [made])
    case.desk().step()
    assert case.queued() == []  # the operator did not ask for it
    desk = case.desk(prove=True)
    desk.step()
    with case.database.read() as session:
        (proof,) = peer_store.equivocations(session, [TAB])
    shown = [statement_of(one.attestation, one.attested) for one in (proof.a, proof.b)]
    data = tab_calls.prove_equivocation(THE_TERMS, OPENING.opening_hash, deliverable, *shown)
    assert case.queued() == [(Purpose.PROVE, TAB, data)]
    assert kept(case, desk) == 1


def test_of_several_processes__one_acts(case: Case) -> None:
    case.reader.events.append(NoticeGiven(TAB, BUYER, 10_050))
    assert not case.desk(leads=False).step()
    assert case.queued() == []


def kept(case: Case, desk: TabDesk) -> int:
    """How many of what is queued still has a purpose."""
    with case.database.read() as session:
        entries = [entry for entry, _ in outbox_store.list_entries(session, limit=10)]
        return len(desk.wanted(session, entries))


def test_running_evaluations_of_tabs__are_not_taken_for_lost_ones_of_jobs(case: Case) -> None:
    with case.database.write() as session:
        save_tab_events(session, [TabHappened(OPENED, HASH, 1, 0, 10_000)])
        work.begin_evaluations(session, [(TAB, HASH, HASH)])
    with case.database.read() as session:
        assert work.running_evaluations(session, 10.0**12) == []
        evaluation = work.get_evaluation(session, TAB, HASH)
        assert evaluation is not None
        assert evaluation.state is EvaluationState.RUNNING
