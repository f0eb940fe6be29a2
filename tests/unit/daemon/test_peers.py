"""The exchange: honest evaluators come to a verdict, and nothing a peer says or leaves out stops them."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from starlette.testclient import TestClient

from oracle.daemon.peer_view import PASSED_ON_AFTER
from oracle.decide.due import DuePolicy, Purpose
from oracle.domain import events
from oracle.domain.typed import attestation_digest
from oracle.domain.types import Hash, Outcome, members_of
from oracle.peers.client import PeerClient, PeerError
from oracle.peers.limits import Breaker, Rates
from oracle.peers.messages import MAX_ANSWER_BYTES, ROUTE, ExchangeAnswer
from oracle.peers.router import peer_router
from oracle.store import peers as peer_store
from oracle.web.app import make_app
from oracle.web.limits import Limits
from tests.databases import Databases
from tests.unit.daemon.peer_nodes import (
    ACCOUNTS,
    COMMITTEE,
    DELIVERED_AT,
    DOMAIN,
    JUDGE_BY,
    OTHER_COMMITTEE,
    SIGNERS,
    STRANGER,
    Chain,
    Node,
    nodes,
    post,
    signed,
    statement,
    streamed,
)

LIMIT = JUDGE_BY - 300  # from here on everything is shown to all


@pytest.fixture
def chain() -> Chain:
    made = Chain()
    made.begin()
    return made


@pytest.fixture
def urls(databases: Databases) -> list[str]:
    return [databases.made() for _ in SIGNERS]


@pytest.fixture
def trio(urls: list[str], chain: Chain) -> Iterator[list[Node]]:
    with nodes(urls, chain) as made:
        yield made


def delivered(chain: Chain, trio: list[Node], salt: int = 1) -> Hash:
    job = chain.job(salt)
    for node in trio:
        node.sync()
    return job


def results(response: httpx.Response) -> tuple[str, ...]:
    assert response.status_code == 200, response.text
    return ExchangeAnswer.parse(response.content).results


# --- honest evaluators ---------------------------------------------------------------------------


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


# --- who may ask ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("named", "status"),
    [
        ({"signer": STRANGER}, 401),  # not the key of the evaluator it names
        ({"sender": 2, "signer": signed}, 401),
        ({"recipient": 2}, 404),  # meant for another: of no use here
        ({"committee": "0x" + "99" * 32}, 404),  # a committee nobody heard of
        ({"ahead": 3_600}, 401),
        ({"ahead": -3_600}, 401),
        ({"route": "/other"}, 401),  # signed for another purpose
        ({"change": lambda body: body.replace(b'"sender":1', b'"sender":2')}, 401),
        ({"change": lambda body: body[:-1]}, 400),
        ({"change": lambda body: b"[" * len(body)}, 400),
        ({"change": lambda body: body.replace(b"{", b'{"x":1,', 1)}, 400),
        ({"change": lambda body: b"{" + b" " * 300_000 + body[1:]}, 413),
    ],
)
def test_who_is_no_peer__is_refused_and_changes_nothing(
    chain: Chain, trio: list[Node], named: dict[str, object], status: int
) -> None:
    job = delivered(chain, trio)
    named = {name: SIGNERS[1] if value is signed else value for name, value in named.items()}
    refused = post(trio[0], statement(1, job), **named)  # type: ignore[arg-type]
    assert refused.status_code == status, refused.text
    assert not trio[0].committed(job)
    assert not trio[0].stored(job)


def test_a_request_seen_before__is_refused(chain: Chain, trio: list[Node]) -> None:
    job = delivered(chain, trio)
    same: dict[str, object] = {"nonce": "0x" + "11" * 16}
    assert post(trio[0], statement(1, job), **same).status_code == 200  # type: ignore[arg-type]
    again = post(trio[0], statement(1, job), **same)  # type: ignore[arg-type]
    assert again.status_code == 409
    assert trio[0].kinds(1) == {"replay"}


def test_a_key_that_was_replaced__opens_no_door(chain: Chain, trio: list[Node]) -> None:
    job = delivered(chain, trio)
    old = trio[1].signer
    chain.block(10_020, events.KeyRotated(COMMITTEE, 1, STRANGER.address, old.address))
    trio[0].sync()
    assert post(trio[0], statement(1, job), signer=old).status_code == 401
    fresh = post(trio[0], statement(1, job, signer=STRANGER, reveal=False), signer=STRANGER)
    assert results(fresh) == ("stored",)


def test_who_is_expelled__is_shut_out(chain: Chain, trio: list[Node]) -> None:
    job = delivered(chain, trio)
    chain.block(10_020, events.Expelled(COMMITTEE, 1, job, 1))
    trio[0].sync()
    assert post(trio[0], statement(1, job)).status_code == 403


def test_who_asks_too_often__is_told_to_wait__and_others_are_not(urls: list[str], chain: Chain) -> None:
    with nodes(urls, chain, requests_per_second=1.0) as trio:
        job = delivered(chain, trio)
        answers = [post(trio[0], statement(1, job)).status_code for _ in range(12)]
        assert answers[:5] == [200] * 5
        assert 429 in answers
        assert post(trio[0], statement(2, job), sender=2).status_code == 200
        assert trio[0].kinds(1) == {"too-many-requests"}


# --- what a peer may say -------------------------------------------------------------------------


def test_a_commitment_nobody_signed(chain: Chain, trio: list[Node]) -> None:
    job = delivered(chain, trio)
    answer = post(trio[0], statement(1, job, signer=STRANGER))
    assert results(answer)[0].startswith("later")
    assert not trio[0].committed(job)
    assert trio[0].kinds(1) == {"bad-commitment"}


def test_an_attestation_signed_by_another(chain: Chain, trio: list[Node]) -> None:
    job = delivered(chain, trio)
    answer = post(trio[0], statement(1, job, attester=2))
    assert results(answer) == ("the attestation is not signed by its evaluator",)
    assert not trio[0].stored(job)
    assert trio[0].kinds(1) == {"bad-attestation"}


def test_statements_about_other_jobs__other_deliveries__by_no_members(chain: Chain, trio: list[Node]) -> None:
    job = delivered(chain, trio)
    foreign = chain.job(2, committee=OTHER_COMMITTEE)
    narrow = chain.job(3, members=0b011)
    trio[0].sync()
    answer = post(
        trio[0],
        statement(1, "0x" + "77" * 32),
        statement(1, foreign),
        statement(1, job, deliverable="0x" + "d2" * 32),
        statement(2, narrow),
        statement(1, job),
    )
    said = results(answer)
    assert said[0] == "later: no such job or tab was read from the chain"
    assert said[1] == "it is another committee's"
    assert said[2] == "later: another deliverable is anchored"
    assert said[3] == "it is no member of this job or tab"
    assert said[4] == "stored", "one bad statement does not sink the others"
    assert not trio[0].stored(foreign)
    assert not trio[0].stored(narrow)
    assert trio[0].kinds(1) == {"other-committee", "no-member"}


def test_a_second_commitment__the_first_stands(chain: Chain, trio: list[Node]) -> None:
    a = trio[0]
    job = delivered(chain, trio)
    a.attest(job)
    assert results(post(a, statement(1, job, Outcome.FAIL, reveal=False))) == ("stored",)
    post(a, statement(1, job, Outcome.PASS))
    assert a.kinds(1) == {"second-commitment", "broken-commitment"}
    assert a.attested(job) == {0: Outcome.PASS}, "it does not count while there is time"
    assert len(a.stored(job)) == 2, "but it is kept"
    chain.block(LIMIT)
    a.sync()
    assert a.attested(job) == {0: Outcome.PASS, 1: Outcome.PASS}, "a verdict is not lost to it"


def test_an_attestation_that_is_not_what_was_committed_to(chain: Chain, trio: list[Node]) -> None:
    a = trio[0]
    job = delivered(chain, trio)
    post(a, statement(1, job, Outcome.PASS, committed=Outcome.FAIL))
    assert a.kinds(1) == {"broken-commitment"}
    assert not a.attested(job)


def test_two_faces__become_a_proof__and_count_for_nothing(chain: Chain, trio: list[Node]) -> None:
    a, b, c = trio
    job = delivered(chain, trio)
    a.attest(job)
    c.attest(job)
    # b tells a Pass and c Fail.
    post(a, statement(1, job, Outcome.PASS))
    post(c, statement(1, job, Outcome.FAIL))
    assert a.attested(job) == {0: Outcome.PASS, 1: Outcome.PASS}
    a.tell(2)
    c.tell(0)
    a.tell(2)
    for node in (a, c):
        with node.database.read() as session:
            proofs = peer_store.equivocations(session, [job])
        assert [proof.evaluator for proof in proofs] == [1]
        outcomes = {proofs[0].a.attestation.outcome, proofs[0].b.attestation.outcome}
        assert outcomes == {Outcome.PASS, Outcome.FAIL}
        for side in (proofs[0].a, proofs[0].b):
            assert side.digest == attestation_digest(DOMAIN, side.attestation)
        assert node.attested(job) == {0: Outcome.PASS, 2: Outcome.PASS}, "the honest two are a quorum"
        sent = node.sends(job, DuePolicy(prove=True))
        assert {step.purpose for step in sent} == {Purpose.PROVE, Purpose.JUDGE}
        assert [members_of(step.signers) for step in sent if step.purpose is Purpose.PROVE] == [[1]]
        assert "equivocation" in node.kinds(1)
    chain.block(10_050, events.Expelled(COMMITTEE, 1, job, 1))
    a.sync()
    assert {step.purpose for step in a.sends(job, DuePolicy(prove=True))} == {Purpose.JUDGE}
    assert not b.stored(job)


def test_our_own_key_used_elsewhere__is_seen__and_never_contradicted(chain: Chain, trio: list[Node]) -> None:
    a = trio[0]
    job = delivered(chain, trio)
    post(a, statement(0, job, Outcome.FAIL))
    assert a.kinds(0) == {"own-key-elsewhere"}
    assert a.attested(job) == {0: Outcome.FAIL}, "what our key signed stands: no second one is made"


def test_our_own_key_used_elsewhere__only_others_are_told__they_tell_us(
    chain: Chain, trio: list[Node]
) -> None:
    """A thief has no reason to tell the owner."""
    a, b, c = trio
    job = delivered(chain, trio)
    a.attest(job)
    b.attest(job)
    post(b, statement(0, job, Outcome.FAIL))
    for _ in range(2):
        a.tell(1)
        b.tell(0)
    assert a.kinds(0) >= {"own-key-elsewhere"}
    with a.database.read() as session:
        assert peer_store.equivocations(session, [job]), "the owner knows what it will lose its stake for"
    assert not c.kinds(0)


# --- peers that answer badly ---------------------------------------------------------------------


def client_for(answer: httpx.Response | Exception) -> PeerClient:
    def handle(_request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return PeerClient("http://peer", seconds=1.0, http=httpx.Client(transport=httpx.MockTransport(handle)))


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.ConnectError("refused"), "unreachable"),
        (httpx.ReadTimeout("slow"), "unreachable"),
        (streamed(500, b"x" * 500), "unreachable"),
        (streamed(302, b"", location="http://127.0.0.1:8545"), "unreachable"),
        (streamed(200, b"not JSON"), "bad-answer"),
        (streamed(200, b" " * (MAX_ANSWER_BYTES + 1)), "bad-answer"),
        (streamed(200, ExchangeAnswer(results=(), statements=()).canonical()), "bad-answer"),
    ],
)
def test_an_answer_that_is_none__is_recorded_and_waited_out(
    chain: Chain, trio: list[Node], answer: httpx.Response | Exception, kind: str
) -> None:
    a = trio[0]
    job = delivered(chain, trio)
    a.attest(job)
    link = next(link for link in a.peering.exchange.links if link.evaluator == ACCOUNTS[1])
    link.client = client_for(answer)
    with pytest.raises(PeerError):
        a.peering.exchange.step(link)
    assert a.kinds(1) == {kind}
    assert link.breaker.failures == 1
    a.tell(2)
    assert trio[2].committed(job) == {0}, "the other peer is told all the same"


def test_lies_in_an_answer__are_checked_like_requests(chain: Chain, trio: list[Node]) -> None:
    a = trio[0]
    job = delivered(chain, trio)
    a.attest(job)
    lies = ExchangeAnswer(
        results=("stored",),
        statements=(
            statement(1, job, attester=2),
            statement(1, job, signer=STRANGER, salt="0x" + "5b" * 32),
        ),
    )
    link = next(link for link in a.peering.exchange.links if link.evaluator == ACCOUNTS[1])
    link.client = client_for(streamed(200, lies.canonical()))
    a.peering.exchange.step(link)
    assert a.attested(job) == {0: Outcome.PASS}
    assert a.kinds(1) == {"bad-attestation", "bad-commitment"}


def test_the_breaker_waits_longer_each_time__and_closes_again() -> None:
    now = [0.0]
    breaker = Breaker(first=1.0, longest=8.0, clock=lambda: now[0])
    assert breaker.waits == 0
    assert [breaker.failed() for _ in range(5)] == [1.0, 2.0, 4.0, 8.0, 8.0]
    now[0] += 7.9
    assert breaker.waits > 0
    now[0] += 0.2
    assert breaker.waits == 0
    assert breaker.worked()
    assert not breaker.worked()


def test_rates_forget_the_longest_silent_and_refill() -> None:
    now = [0.0]
    rates = Rates(per_second=1.0, burst=2, most=2, clock=lambda: now[0])
    assert [rates.allows("a") for _ in range(3)] == [True, True, False]
    now[0] += 1
    assert rates.allows("a")
    assert not rates.allows("a")
    assert [rates.allows("b"), rates.allows("c")] == [True, True]
    assert rates.allows("a"), "forgotten: its bucket is full again, and memory is bounded"


def test_strangers_are_limited_before_anything_is_read(chain: Chain, trio: list[Node]) -> None:
    rates = Rates(per_second=0.001, burst=3)
    client = TestClient(make_app([peer_router(trio[0].peering.desk, rates)], limits=Limits()))
    assert [client.post(ROUTE, content=b"{}").status_code for _ in range(5)] == [400] * 3 + [429] * 2
