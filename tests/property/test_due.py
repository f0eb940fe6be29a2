"""What the daemon decides for a job, over all that can be known of one: no verdict that is refused, no
signature that costs a stake, no silence that could have been avoided."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from oracle.decide.due import (
    DuePolicy,
    Evaluate,
    Evaluated,
    EvaluationState,
    JobFacts,
    Purpose,
    Send,
    SignFor,
    due,
)
from oracle.decide.jobs import JobRecord
from oracle.decide.reorg import Heights, Level
from oracle.domain.terms import Terms
from oracle.domain.types import Outcome, State, members_of

JOB, DELIVERABLE, ANCHOR = ("0x" + pair * 32 for pair in ("01", "d1", "ab"))
ACCOUNT = "0x" + "aa" * 20
DELIVER_BY, JUDGE_BY = 1_000, 2_000
SETS = st.integers(0, 31)  # of five evaluators
OUTCOMES = st.sampled_from([Outcome.PASS, Outcome.FAIL, Outcome.LAPSE])


@st.composite
def situations(draw: st.DrawFn) -> tuple[JobFacts, Heights, DuePolicy]:
    """Anything that can be known of a job of a committee of five with a threshold of three."""
    delivered = draw(st.booleans())
    state = draw(st.sampled_from(list(State)[1:]))
    record = JobRecord(
        state=state,
        members=draw(SETS),
        epoch=0,
        opened_at=500,
        deliverable=DELIVERABLE if delivered else None,
        anchor_block=draw(st.integers(1, 12)) if delivered else 0,
        anchor_hash=ANCHOR if delivered else None,
        posted=draw(SETS),
        deadline=draw(st.integers(0, 4_000)),
    )
    evaluated = draw(
        st.none()
        | st.builds(
            Evaluated,
            state=st.sampled_from(EvaluationState),
            anchor_hash=st.sampled_from([ANCHOR, "0x" + "cd" * 32]),
            outcome=OUTCOMES,
            retry_at=st.sampled_from([0.0, 100.0]),
        )
    )
    facts = JobFacts(
        job=JOB,
        terms=Terms(ACCOUNT, ACCOUNT, JOB, 1, 0, 0, JUDGE_BY, 10, 10),
        deliver_by=DELIVER_BY,
        record=record,
        threshold=3,
        held=frozenset(members_of(draw(SETS))),
        expelled=frozenset(members_of(draw(SETS))),
        evaluated=evaluated,
        attested=draw(st.dictionaries(st.integers(0, 4), st.tuples(OUTCOMES, st.just(0)))),
        pending=draw(st.frozensets(st.sampled_from(Purpose))),
    )
    safe = draw(st.integers(0, 12))
    heights = Heights(12, safe, draw(st.integers(0, safe)), draw(st.integers(900, 4_500)))
    policy = DuePolicy(
        sign_at=draw(st.sampled_from(Level)),
        abstain=draw(st.booleans()),
        attest_before=draw(st.sampled_from([0, 120])),
        close=draw(st.booleans()),
    )
    return facts, heights, policy


@given(situations())
def test_a_verdict_is_one_the_contract_takes(situation: tuple[JobFacts, Heights, DuePolicy]) -> None:
    facts, heights, policy = situation
    for step in due(facts, heights, policy, 50.0):
        if not isinstance(step, Send) or step.purpose not in (Purpose.JUDGE, Purpose.ATTEST):
            continue
        signers = members_of(step.signers)
        assert facts.record.state is State.OPEN
        assert facts.record.deliverable is not None
        assert heights.timestamp < JUDGE_BY
        assert signers
        assert step.signers & ~facts.record.members == 0, "by members only"
        assert not facts.expelled & set(signers)
        assert {facts.attested[index][0] for index in signers} == {step.outcome}, "all of one outcome"
        if step.purpose is Purpose.JUDGE:
            assert len(signers) == facts.threshold, "exactly k, none twice"


@given(situations())
def test_a_signature_is_for_what_was_evaluated_and_settled_enough(
    situation: tuple[JobFacts, Heights, DuePolicy],
) -> None:
    facts, heights, policy = situation
    for step in due(facts, heights, policy, 50.0):
        if isinstance(step, Evaluate | SignFor):
            assert not policy.abstain
            assert facts.record.state is State.OPEN
        if isinstance(step, SignFor):
            assert step.index in facts.held - facts.expelled
            assert facts.record.members >> step.index & 1
            assert step.index not in facts.attested, "signed once"
            assert facts.evaluated is not None
            assert facts.evaluated.state is EvaluationState.DONE
            assert facts.evaluated.anchor_hash == facts.record.anchor_hash, "of this very delivery"
            assert facts.record.anchor_block <= heights.at(policy.sign_at)


@given(situations())
def test_nothing_is_sent_before_or_after_its_time_or_twice(
    situation: tuple[JobFacts, Heights, DuePolicy],
) -> None:
    facts, heights, policy = situation
    steps = due(facts, heights, policy, 50.0)
    sent = [step for step in steps if isinstance(step, Send)]
    assert len(sent) <= 1
    for step in sent:
        assert step.purpose not in facts.pending
        if step.purpose is Purpose.LAPSE:
            limit = JUDGE_BY if facts.record.deliverable else DELIVER_BY
            assert facts.record.state is State.OPEN
            assert heights.timestamp >= limit
        if step.purpose is Purpose.SETTLE:
            assert facts.record.state in (State.JUDGED, State.DISPUTED)
            assert heights.timestamp >= facts.record.deadline


@given(situations())
def test_who_signed_and_found_no_quorum_is_posted_before_the_limit(
    situation: tuple[JobFacts, Heights, DuePolicy],
) -> None:
    facts, heights, policy = situation
    open_ = facts.record.state is State.OPEN and facts.record.deliverable is not None
    near = JUDGE_BY - 120 <= heights.timestamp < JUDGE_BY
    if not (open_ and near) or policy.attest_before == 0 or policy.abstain:
        return
    if facts.pending & {Purpose.JUDGE, Purpose.ATTEST}:
        return
    unposted = {
        index
        for index in facts.attested
        if facts.record.members >> index & 1
        and index not in facts.expelled
        and not facts.record.posted >> index & 1
    }
    steps = [step for step in due(facts, heights, policy, 50.0) if isinstance(step, Send)]
    assert bool(unposted) <= bool(steps)


@given(st.sampled_from([1.0, 20.0, 3_600.0]))
def test_an_evaluation_waits_no_longer_than_any_wait(ahead: float) -> None:
    """A try put off by a clock that stood an hour ahead is made now."""
    facts = JobFacts(
        job=JOB,
        terms=Terms(ACCOUNT, ACCOUNT, JOB, 1, 0, 0, JUDGE_BY, 10, 10),
        deliver_by=DELIVER_BY,
        record=JobRecord(
            state=State.OPEN, members=1, epoch=0, opened_at=500, deliverable=DELIVERABLE,
            anchor_block=1, anchor_hash=ANCHOR,
        ),
        threshold=3,
        held=frozenset({0}),
        expelled=frozenset(),
        evaluated=Evaluated(EvaluationState.WAITING, ANCHOR, retry_at=5_000.0 + ahead),
        attested={},
        pending=frozenset(),
    )  # fmt: skip
    steps = due(facts, Heights(12, 12, 12, 1_500), DuePolicy(), 5_000.0)
    assert any(isinstance(step, Evaluate) for step in steps) is (ahead > 30)
