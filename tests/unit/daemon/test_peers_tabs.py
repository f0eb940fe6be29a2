"""Votes on a tab's period are exchanged as those on a job are: commitments first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from oracle.decide.tabs import Ledger, Tab, When
from oracle.domain.tab_events import PeriodJudged, Presented, TabClosed, TabEvent, TabOpened
from oracle.domain.tab_terms import TabAgreement, TabEnding, TabOpening
from oracle.domain.types import Hash, Outcome
from oracle.peers.messages import ExchangeAnswer
from oracle.store import chain as chain_store
from oracle.store import peers as peer_store
from oracle.store import work as work_store
from tests.databases import Databases
from tests.unit.daemon.peer_nodes import COMMITTEE, SIGNERS, Chain, Node, nodes, post, signed, statement
from tests.unit.tabs.test_tab_steps import BUYER, HASH, PROVIDER, TAB, TERMS

PRESENTED = 1_000  # base units
OPENED = TabOpened(
    TAB,
    BUYER,
    PROVIDER,
    TabAgreement(replace(TERMS, committee=COMMITTEE, verdict=9_000), TabOpening(HASH, HASH, 0, 1, 1)),
    0b111,
)
FIRST = Presented(TAB, 1, 100, PRESENTED, HASH, 10_010, False)
JUDGED = PeriodJudged(TAB, 1, Outcome.PASS, 900, 0b11, 20_000, ())


def tab_after(*events: TabEvent) -> Tab:
    made = Ledger()
    for block, event in enumerate((OPENED, *events), start=1):
        made.apply(event, When(block, HASH, 10_000, 0))
    return made.tabs[TAB]


@pytest.fixture
def trio(databases: Databases) -> Iterator[list[Node]]:
    chain = Chain()
    chain.begin()
    chain.block(10_020)
    with nodes([databases.made() for _ in SIGNERS], chain) as made:
        for node in made:
            node.sync()
            node.tabs.publish([tab_after(FIRST)])
        yield made


def deliverable(tab: Tab) -> Hash:
    assert tab.pending is not None
    return tab.pending.period.deliverable()


THE_PERIOD = deliverable(tab_after(FIRST))


def attest(node: Node, payable: int = 900) -> None:
    with node.database.write() as session:
        made = signed(
            node.index, TAB, Outcome.PASS, seen_at=chain_store.now(session), deliverable=THE_PERIOD,
            payable=payable,
        )  # fmt: skip
        work_store.save_attestations(session, [made])


def said(node: Node, **changes: int) -> list[str]:
    item = statement(1, TAB, deliverable=THE_PERIOD, **{"payable": 900, **changes})  # type: ignore[arg-type]
    answer = post(node, item)
    assert answer.status_code == 200, answer.text
    return list(ExchangeAnswer.parse(answer.content).results)


def test_who_is_not_bound_sees_no_vote(trio: list[Node]) -> None:
    """Otherwise an evaluator could copy what the others found."""
    a, b, c = trio
    attest(a)
    a.tell()
    assert [node.committed(TAB) for node in trio] == [{0}, {0}, {0}]
    assert [len(node.stored(TAB)) for node in trio] == [1, 0, 0]
    attest(b)
    b.tell(0)
    a.tell(1)
    assert [{item.evaluator for item in node.stored(TAB)} for node in trio] == [{0, 1}, {0, 1}, set()]
    assert all(item.opens and item.attestation.payable == 900 for item in a.stored(TAB))
    attest(c)
    c.tell()
    assert {item.evaluator for item in c.stored(TAB)} == {0, 1, 2}
    assert not any(node.incidents() for node in trio)


def test_payable_above_what_was_presented__is_refused(trio: list[Node]) -> None:
    assert said(trio[0], payable=PRESENTED + 1) == [f"payable is {PRESENTED + 1}, and at most {PRESENTED}"]
    assert trio[0].kinds(1) == {"bad-attestation"}
    assert said(trio[0], payable=PRESENTED) == ["stored"]


def test_another_payable_than_committed_to__is_known(trio: list[Node]) -> None:
    assert said(trio[0]) == ["stored"]
    assert said(trio[0], payable=899) == ["stored"]
    assert {"second-commitment", "equivocation", "broken-commitment"} <= trio[0].kinds(1)
    with trio[0].database.read() as session:
        (proof,) = peer_store.equivocations(session, [TAB])
    assert {proof.a.attestation.payable, proof.b.attestation.payable} == {900, 899}


@pytest.mark.parametrize(
    ("events", "why"),
    [
        ((), "later: another deliverable is anchored"),
        ((replace(FIRST, count=101),), "later: another deliverable is anchored"),
        ((FIRST, TabClosed(TAB, TabEnding.AGREED, 0, 0, 0)), "it is closed"),
    ],
)
def test_what_is_not_presented_now__is_not_taken(
    trio: list[Node], events: tuple[TabEvent, ...], why: str
) -> None:
    trio[0].tabs.publish([tab_after(*events)])
    assert said(trio[0]) == [why]


def test_once_judged__everything_is_shown(trio: list[Node]) -> None:
    a, b, _ = trio
    attest(a)
    a.tell()
    for node in trio:
        node.tabs.publish([tab_after(FIRST, JUDGED)])
    a.tell(1)
    assert {item.evaluator for item in b.stored(TAB)} == {0}


def test_the_next_period__is_exchanged_anew(trio: list[Node]) -> None:
    a, b, _ = trio
    attest(a)
    attest(b)
    for node in (a, b, a):
        node.tell()
    for node in trio:
        node.tabs.publish([tab_after(replace(FIRST, count=150))])
    assert not a.peering.exchange.step(a.peering.exchange.links[0]), "nothing was attested on it yet"
