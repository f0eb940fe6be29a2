"""What is remembered of running jobs: gathered again where something happened, and all of it now and then."""

from __future__ import annotations

import pytest
from sqlalchemy import event, update

from oracle.daemon.facts import REVEAL_BEFORE, gather_all
from oracle.daemon.running import ANEW, Running
from oracle.domain.types import Hash, Outcome
from oracle.store import work
from oracle.store.changes import OVERLAP
from oracle.store.rollback import roll_back
from oracle.store.tables import AttestationRow
from tests.unit.daemon.peer_nodes import DELIVERABLE, LIMIT, SIGNERS, Chain, Node, signed


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def node(trio: list[Node]) -> Node:
    return trio[0]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def running(clock: Clock) -> Running:
    return Running([SIGNERS[0].address], (), reveal_before=REVEAL_BEFORE, clock=clock)


def looked(node: Node, running: Running) -> set[Hash]:
    """Jobs that a look finds may have changed; what it remembers is what is stored."""
    with node.database.read() as session:
        found = {each.facts.job for each in running.look(session, every=False)}
        remembered = {each.facts.job: each for each in running.look(session, every=True)}
        assert remembered == gather_all(session, [SIGNERS[0].address])
    return found


def test_look__only_what_something_happened_to(
    chain: Chain, node: Node, running: Running, clock: Clock
) -> None:
    first, second = chain.job(1), chain.job(2)
    node.sync()
    assert looked(node, running) == {first, second}
    clock.now += 2 * OVERLAP  # the first look is over, and what it told of is not told again
    assert looked(node, running) == {first, second}, "after a while everything"
    assert looked(node, running) == set()
    node.attest(first)
    assert looked(node, running) == {first}
    third = chain.job(3)
    node.sync()
    assert looked(node, running) == {third}


def test_look__follows_an_evaluation_to_its_end(chain: Chain, node: Node, running: Running) -> None:
    job = chain.job()
    node.sync()
    looked(node, running)
    anchor = chain.headers[-1].hash
    with node.database.write() as session:
        work.begin_evaluations(session, [(job, DELIVERABLE, anchor)])
    assert looked(node, running) == {job}
    assert looked(node, running) == set()
    with node.database.write() as session:
        work.postpone_evaluation(session, job, DELIVERABLE, anchor, 99.0, "not now")
    assert looked(node, running) == {job}
    assert looked(node, running) == {job}, "what waits may be put forward at any time"
    with node.database.write() as session:
        work.finish_evaluations(
            session, [work.Finished(job, DELIVERABLE, anchor, Outcome.PASS, "0x" + "ee" * 32, "it holds")]
        )
    assert looked(node, running) == {job}
    assert looked(node, running) == set()


def test_look__notices_a_rollback_to_an_earlier_record(chain: Chain, node: Node, running: Running) -> None:
    job = chain.job()
    node.sync()
    assert looked(node, running) == {job}
    with node.database.write() as session:
        roll_back(session, len(chain.headers) - 1)
    assert looked(node, running) == {job}


def test_look__at_the_reveal_limit__counts_what_opens_nothing(
    chain: Chain, node: Node, running: Running
) -> None:
    job = chain.job()
    node.sync()
    with node.database.write() as session:
        work.save_attestations(session, [signed(1, job, Outcome.FAIL)])
        session.execute(update(AttestationRow).values(opens=False))
    looked(node, running)
    assert node.attested(job) == {}
    chain.block(LIMIT)
    node.sync()
    assert looked(node, running) == {job}
    assert node.attested(job) == {1: Outcome.FAIL}


def test_look__everything_after_a_while__whatever_the_marks_say(
    chain: Chain, node: Node, running: Running, clock: Clock
) -> None:
    job = chain.job()
    node.sync()
    looked(node, running)
    assert looked(node, running) == set()
    clock.now += ANEW
    assert looked(node, running) == {job}


def test_look__after_a_turn_that_was_cut_short__gathers_everything(
    chain: Chain, node: Node, running: Running
) -> None:
    job = chain.job()
    node.sync()
    looked(node, running)
    assert looked(node, running) == set()
    running.forget()
    assert looked(node, running) == {job}


def test_look__asks_nothing_about_single_jobs_where_nothing_happened(
    chain: Chain, node: Node, running: Running
) -> None:
    job = chain.job()
    node.sync()
    with node.database.write() as session:
        begun = (job, DELIVERABLE, chain.headers[-1].hash)
        work.begin_evaluations(session, [begun])
        work.finish_evaluations(session, [work.Finished(*begun, Outcome.PASS, "0x" + "ee" * 32, "it holds")])
    looked(node, running)
    asked: list[str] = []
    event.listen(node.database.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    with node.database.read() as session:
        assert running.look(session, every=False) == []
    looks = [statement for statement in asked if statement.startswith("SELECT")]
    assert len(looks) == 3, "the head, what is on its way, and what is new"
