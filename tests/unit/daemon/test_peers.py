"""The exchange: honest evaluators come to a verdict, and nothing a peer leaves out stops them."""

from __future__ import annotations

from oracle.daemon.peer_view import PASSED_ON_AFTER
from oracle.decide.due import Purpose
from oracle.domain.types import Outcome
from oracle.store import peers as peer_store
from tests.unit.daemon.peer_nodes import (
    DELIVERED_AT,
    JUDGE_BY,
    LIMIT,
    Chain,
    Node,
    delivered,
    nodes,
    post,
    statement,
)


def test_commitments_first__then_attestations__then_a_verdict(chain: Chain, trio: list[Node]) -> None:
    a, b, c = trio
    job = delivered(chain, trio)
    a.attest(job)
    a.tell()
    assert [node.committed(job) for node in trio] == [{0}, {0}, {0}]
    assert [len(node.stored(job)) for node in trio] == [1, 0, 0], "a vote alone is shown to nobody"
    b.attest(job)
    b.tell(0)
    # b's commitment made a quorum at a: the answer held a's attestation.
    assert b.attested(job) == {0: Outcome.PASS, 1: Outcome.PASS}
    assert b.woken
    a.tell(1)
    assert a.attested(job) == {0: Outcome.PASS, 1: Outcome.PASS}
    assert [step.purpose for step in a.sends(job)] == [Purpose.JUDGE]
    a.tell(2)
    assert not c.stored(job), "who is not bound sees no vote"
    c.attest(job)
    c.tell()
    assert set(c.attested(job)) == {0, 1, 2}
    assert not any(node.incidents() for node in trio)


def test_what_was_told_is_not_told_again(chain: Chain, trio: list[Node]) -> None:
    job = delivered(chain, trio)
    for node in trio:
        node.attest(job)
    for _ in range(3):
        for node in trio:
            node.tell()
    assert all(set(node.attested(job)) == {0, 1, 2} for node in trio)
    links = [link for node in trio for link in node.peering.exchange.links]
    assert not any(node.peering.exchange.step(link) for node in trio for link in node.peering.exchange.links)
    assert all(link.finished for link in links)


def test_a_restart_between_any_two_steps__tells_the_rest(
    chain: Chain, urls: list[str], trio: list[Node]
) -> None:
    job = delivered(chain, trio)
    trio[0].attest(job)
    trio[1].attest(job)
    for _ in range(4):  # every round with processes that remember only what is stored
        with nodes(urls, chain) as restarted:
            for node in restarted[:2]:
                node.tell()
    assert trio[0].attested(job) == trio[1].attested(job) == {0: Outcome.PASS, 1: Outcome.PASS}
    with trio[0].database.read() as session:
        commitments = peer_store.commitments_of(session, [job])
    assert len(commitments) == 2, "no second commitment after a restart"
    assert not trio[0].incidents()


def test_two_that_cannot_reach_each_other__are_joined_by_the_third(chain: Chain, trio: list[Node]) -> None:
    a, b, c = trio
    job = delivered(chain, trio)
    for node in trio:
        node.attest(job)
    for timestamp in (0, DELIVERED_AT + PASSED_ON_AFTER - 1, DELIVERED_AT + PASSED_ON_AFTER):
        assert set(a.attested(job)) <= {0, 2}, "what b says, b is given time to say itself"
        if timestamp:
            chain.block(timestamp)
            for node in trio:
                node.sync()
        for _ in range(2):
            a.tell(2)
            b.tell(2)
            c.tell()
    assert set(a.attested(job)) == set(b.attested(job)) == {0, 1, 2}


def test_what_agrees_is_not_passed_on__what_differs_is_at_once(chain: Chain, trio: list[Node]) -> None:
    a, b, c = trio
    for outcome, passed_on in ((Outcome.PASS, {0, 2}), (Outcome.FAIL, {0, 1, 2})):
        job = delivered(chain, trio, salt=int(outcome) + 7)
        a.attest(job)
        b.attest(job, outcome)
        c.attest(job)
        for _ in range(2):
            a.tell(2)
            b.tell(2)
            c.tell()
        assert {item.evaluator for item in a.stored(job)} == passed_on


def test_another_outcome_is_stored_and_shown__and_makes_no_quorum(chain: Chain, trio: list[Node]) -> None:
    a, b, _ = trio
    job = delivered(chain, trio)
    a.attest(job, Outcome.PASS)
    b.attest(job, Outcome.FAIL)
    for _ in range(2):
        a.tell(1)
        b.tell(0)
    assert a.attested(job) == {0: Outcome.PASS, 1: Outcome.FAIL}
    assert not a.sends(job)
    with a.database.read() as session:
        shown = peer_store.dissents(session, limit=10)
    assert [(new.attestation.outcome, old.attestation.outcome) for new, old in shown] == [
        (Outcome.FAIL, Outcome.PASS)
    ]


def test_a_peer_that_has_not_read_so_far__is_told_again(chain: Chain, trio: list[Node]) -> None:
    a, b, _ = trio
    b.sync()
    job = chain.job()
    a.sync()
    a.attest(job)
    a.tell(1)
    assert not b.committed(job)
    assert not b.incidents(), "to be behind is no fault"
    b.sync()
    a.tell(1)
    assert b.committed(job) == {0}


# --- what is left out ----------------------------------------------------------------------------


def test_commitments_without_attestations__stall_nothing(chain: Chain, trio: list[Node]) -> None:
    a, b, _ = trio
    job = delivered(chain, trio)
    a.attest(job)
    post(a, statement(1, job, reveal=False), sender=1)
    a.tell(1)
    assert len(b.stored(job)) == 1, "b was bound, so a showed its vote"
    assert a.attested(job) == {0: Outcome.PASS}
    chain.block(JUDGE_BY - 100)
    a.sync()
    posted = a.sends(job)
    assert [(step.purpose, step.signers) for step in posted] == [(Purpose.ATTEST, 0b1)], "a is not silent"
    a.tell(1)
    assert a.kinds(1) == {"late"}


def test_before_the_limit_nobody_unbound_sees_a_vote__from_it_on_everybody(
    chain: Chain, trio: list[Node]
) -> None:
    a, _, c = trio
    job = delivered(chain, trio)
    a.attest(job)
    chain.block(LIMIT - 1)
    for node in trio:
        node.sync()
    a.tell()
    assert not c.stored(job)
    chain.block(LIMIT)
    for node in trio:
        node.sync()
    a.tell()
    assert len(c.stored(job)) == 1
    assert c.attested(job) == {0: Outcome.PASS}
