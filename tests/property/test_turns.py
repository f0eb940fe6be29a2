"""Whose turn it is, and what may be shown: the same for everyone, nobody left out, nothing stalls."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from oracle.decide.due import DuePolicy, JobFacts, Purpose, Send, due
from oracle.decide.exchange import (
    Round,
    Sendable,
    Shown,
    acknowledged,
    is_open_to_all,
    may_reveal,
    reveal_limit,
    to_send,
)
from oracle.decide.jobs import JobRecord
from oracle.decide.reorg import Heights
from oracle.decide.turns import due_from, order_of, turn_of
from oracle.domain.terms import Terms
from oracle.domain.types import Outcome, State, bits_of

HASHES = st.binary(min_size=32, max_size=32).map(lambda data: "0x" + data.hex())
INDICES = st.sets(st.integers(0, 31), min_size=1)
ACCOUNT = "0x" + "aa" * 20
OPENED, JUDGE_BY = 1_000, 2_000


@given(job=HASHES, indices=INDICES, data=st.data())
def test_the_order_is_everybodys_and_names_each_once(
    job: str, indices: set[int], data: st.DataObject
) -> None:
    listed = data.draw(st.permutations(sorted(indices)))
    assert order_of(job, listed) == order_of(job, indices)
    assert sorted(order_of(job, listed)) == sorted(indices)


@given(job=HASHES, indices=INDICES)
def test_exactly_one_is_first__and_each_next_one_waits_longer(job: str, indices: set[int]) -> None:
    turns = [turn_of(job, indices, {index}) for index in indices]
    assert sorted(turns) == list(range(len(indices)))


def test_every_evaluator_is_first_for_some_jobs() -> None:
    firsts = [order_of("0x" + number.to_bytes(32, "big").hex(), range(3))[0] for number in range(300)]
    assert all(firsts.count(index) > 60 for index in range(3))


@given(
    since=st.integers(0, 2**40),
    room=st.integers(0, 10_000),
    stagger=st.integers(0, 3_600),
    size=st.integers(1, 32),
    data=st.data(),
)
def test_no_turn_comes_too_late(since: int, room: int, stagger: int, size: int, data: st.DataObject) -> None:
    turn = data.draw(st.integers(0, size - 1))
    at = due_from(since, turn, stagger, until=since + room, size=size)
    assert since <= at <= since + room // 2, "in the first half of the time there is"
    assert due_from(since, 0, stagger, until=since + room, size=size) == since


def facts(job: str, held: int, **known: object) -> JobFacts:
    """A delivered job of five evaluators, two of them agreeing, k = 2."""
    return JobFacts(
        job=job,
        terms=Terms(ACCOUNT, ACCOUNT, job, 1, 0, 0, JUDGE_BY, 10, 10),
        deliver_by=1_500,
        record=JobRecord(
            state=State.OPEN, members=0b11111, epoch=0, opened_at=OPENED, deliverable=job,
            delivered_at=OPENED, anchor_block=1, anchor_hash=job,
        ),
        threshold=2,
        held=frozenset({held}),
        attested={0: (Outcome.PASS, 0), 1: (Outcome.PASS, 0)},
        **known,  # type: ignore[arg-type]
    )  # fmt: skip


def sends(job_facts: JobFacts, timestamp: int, stagger: int) -> list[Send]:
    policy = DuePolicy(stagger=stagger, attest_before=0)
    steps = due(job_facts, Heights(9, 9, 9, timestamp), policy, 0.0)
    return [step for step in steps if isinstance(step, Send)]


@given(job=HASHES, first=st.integers(OPENED, 1_900), second=st.integers(OPENED, 1_900))
def test_a_verdict_is_posted_by_one_at_once__and_by_each_other_in_its_turn(
    job: str, first: int, second: int
) -> None:
    ready = max(first, second)
    order = order_of(job, range(5))
    waits = []
    for held in range(5):
        known = facts(job, held, seen={0: first, 1: second})
        waited = next(wait for wait in range(40) if sends(known, ready + wait, 6))
        assert sends(known, JUDGE_BY - 1, 6), "everyone covers for everyone, and goes on until it is done"
        waits.append((waited, order.index(held)))
    assert min(waits)[0] == 0, "one posts at once"
    for wait, turn in waits:
        assert wait == turn * min(6, (JUDGE_BY - ready) // 10)


@given(job=HASHES, dead=st.sets(st.integers(0, 4), max_size=4), timestamp=st.integers(JUDGE_BY, 2_100))
def test_whoever_is_dead__a_lapse_is_covered(job: str, dead: set[int], timestamp: int) -> None:
    living = [held for held in range(5) if held not in dead]
    acts = [held for held in living if sends(facts(job, held), timestamp, 6)]
    expected = [held for held in living if order_of(job, range(5)).index(held) * 6 <= timestamp - JUDGE_BY]
    assert acts == expected
    assert [held for held in living if sends(facts(job, held), JUDGE_BY + 24, 6)] == living
    for held in acts:
        assert sends(facts(job, held), timestamp, 6)[0].purpose is Purpose.LAPSE


@given(job=HASHES, held=st.integers(0, 4), liar=st.integers(0, 4), seen=st.integers(OPENED, 1_500))
def test_a_proof_is_sent_once_in_ones_turn_and_only_where_it_is_asked_for(
    job: str, held: int, liar: int, seen: int
) -> None:
    known = facts(job, held, unproven={liar: seen}, seen={0: JUDGE_BY, 1: JUDGE_BY})
    turn = order_of(job, range(5)).index(held)
    for timestamp in (seen + turn * 6 - 1, seen + turn * 6):
        steps = due(known, Heights(9, 9, 9, timestamp), DuePolicy(stagger=6, prove=True), 0.0)
        proofs = [s for s in steps if isinstance(s, Send) and s.purpose is Purpose.PROVE]
        assert proofs == (
            [Send(job, Purpose.PROVE, signers=1 << liar)] if timestamp >= seen + turn * 6 else []
        )
    assert not any(s.purpose is Purpose.PROVE for s in sends(known, 1_999, 6))


@st.composite
def rounds(draw: st.DrawFn) -> Round:
    return Round(
        members=bits_of(sorted(draw(st.sets(st.integers(0, 6))))),
        expelled=draw(st.frozensets(st.integers(0, 6))),
        threshold=draw(st.integers(1, 6)),
        committed=draw(st.frozensets(st.integers(0, 6))),
        delivered_at=OPENED,
        judge_by=draw(st.integers(OPENED, 3_000)),
    )


@given(round_=rounds(), to=st.integers(0, 6), timestamp=st.integers(900, 3_100), before=st.integers(1, 600))
def test_a_vote_is_shown_to_who_is_bound_when_a_quorum_is__or_when_time_is_up(
    round_: Round, to: int, timestamp: int, before: int
) -> None:
    bound = {i for i in round_.committed if round_.members >> i & 1 and i not in round_.expelled}
    late = timestamp >= round_.judge_by - min(before, (round_.judge_by - OPENED) // 4)
    assert may_reveal(round_, to, timestamp, before) == (
        late or (to in bound and len(bound) >= round_.threshold)
    )
    assert is_open_to_all(round_, timestamp, before) == late


@given(judge_by=st.integers(OPENED, 10_000), before=st.integers(1, 1_000))
def test_withholding_ends_before_the_time_for_a_verdict_does(judge_by: int, before: int) -> None:
    limit = reveal_limit(OPENED, judge_by, before)
    assert OPENED <= limit <= judge_by
    if judge_by - OPENED >= 4:
        assert limit < judge_by


@given(
    items=st.lists(
        st.builds(
            Sendable,
            key=st.tuples(HASHES, HASHES, st.integers(0, 4), HASHES),
            reveal=st.booleans(),
            answered=st.booleans(),
            mine=st.booleans(),
        ),
        max_size=20,
        unique_by=lambda item: item.key,
    ),
    taken=st.integers(0, 20),
    limit=st.integers(1, 8),
)
def test_everything_is_told__and_nothing_again_that_was_taken_and_answered(
    items: list[Sendable], taken: int, limit: int
) -> None:
    shown: dict[tuple[str, str, int, str], Shown] = {
        item.key: acknowledged(item, None, 0.0) for item in items[:taken]
    }
    for _ in range(len(items) + 1):
        batch = to_send(items, shown, 1.0, again_every=5.0, limit=limit)
        assert len(batch) <= limit
        for item in batch:
            assert item.key not in shown or (item.reveal and not shown[item.key].revealed)
            shown[item.key] = acknowledged(item, shown.get(item.key), 1.0)
    assert not to_send(items, shown, 1.0, again_every=5.0, limit=limit)
    again = to_send(items, shown, 100.0, again_every=5.0, limit=100)
    assert again == [item for item in items if item.mine and not item.answered]
