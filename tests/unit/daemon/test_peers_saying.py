"""What a peer may say: each statement is checked alone, and what contradicts another is kept as proof."""

from __future__ import annotations

from oracle.decide.due import DuePolicy, Purpose
from oracle.domain import events
from oracle.domain.typed import attestation_digest
from oracle.domain.types import Outcome, members_of
from oracle.store import peers as peer_store
from tests.unit.daemon.peer_nodes import (
    COMMITTEE,
    DOMAIN,
    LIMIT,
    OTHER_COMMITTEE,
    STRANGER,
    Chain,
    Node,
    delivered,
    post,
    results,
    statement,
)


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
