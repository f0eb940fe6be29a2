"""What must hold of every score, whatever the history."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.score import v1
from oracle.score.evidence import Contest, Evidence, Finding, Kind

DAY = 86_400
START = 1_767_225_600
PIECE = Evidence(
    kind=Kind.JOB,
    subject="0x" + "11" * 32,
    period=0,
    block=1,
    log_index=0,
    at=START,
    counterparty="0x" + "aa" * 20,
    own=False,
    committee="0x" + "cc" * 32,
    finding=Finding.PASS,
    contest=Contest.NONE,
    value=v1.FULL_VALUE,
    bond=0,
    secured=True,
    outlay=v1.PROVEN,
)


def buyer(number: int) -> str:
    return f"0x{number:040x}"


def pieces(changes: list[dict[str, object]]) -> list[Evidence]:
    """Evidence in order: a block each; `days` is the wait before it."""
    made, at = [], START
    for block, change in enumerate(changes, 1):
        at += int(str(change.pop("days", 0))) * DAY
        made.append(replace(PIECE, block=block, at=at, **change))  # type: ignore[arg-type]
    return made


@st.composite
def histories(draw: st.DrawFn, max_size: int = 40) -> list[Evidence]:
    number = draw(st.integers(0, max_size))
    # Mostly good and new: bad histories are unknown or zero, where little can be seen.
    good = draw(st.booleans())
    changes = [
        {
            "days": draw(st.integers(0, 3 if good else 60)),
            "counterparty": buyer(draw(st.integers(1, 30))),
            "finding": draw(st.sampled_from([Finding.PASS] * 12 + list(Finding))),
            "contest": draw(st.sampled_from(list(Contest))),
            "value": draw(st.integers(0, 2 * v1.FULL_VALUE)),
            "secured": draw(st.integers(0, 9)) > 0,
            "outlay": draw(st.sampled_from([v1.PROVEN, v1.PROVEN, v1.PROVEN, 0])),
        }
        for _ in range(number)
    ]
    return pieces(changes)


def rank(score: v1.Score) -> int:
    """Unknown ranks with the lowest: nobody is hired on it."""
    return score.value or 0


@given(histories(), st.integers(0, 400), st.integers(0, 4_000))
@settings(max_examples=150, deadline=None)
def test_waiting__never_raises(history: list[Evidence], first: int, more: int) -> None:
    standing = v1.standing(history)
    at = (history[-1].at if history else START) + first * DAY
    before, after = standing.score(at), standing.score(at + more * DAY)
    assert rank(after) <= rank(before)
    assert after.interval[0] <= before.interval[0]
    assert before.value is not None or after.value is None


def test_waiting__long_silence__sinks_to_unknown() -> None:
    standing = v1.standing(pieces([{"counterparty": buyer(number)} for number in range(1, 21)]))
    values = [standing.score(START + days * DAY).value for days in (0, 90, 180, 270, 400)]
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=True)
    assert values[0] is not None
    assert values[0] > 700
    assert values[-1] is None


@given(
    histories(),
    st.sampled_from([Finding.FAIL, Finding.LOST]),
    st.sampled_from(list(Contest)),
    st.integers(0, 10**9),
    st.integers(0, 100),
)
@settings(max_examples=150, deadline=None)
def test_failure__never_raises(
    history: list[Evidence], finding: Finding, contest: Contest, value: int, days: int
) -> None:
    at = (history[-1].at if history else START) + days * DAY
    failure = replace(PIECE, block=10**6, at=at, finding=finding, contest=contest, value=value)
    before, after = v1.standing(history).score(at), v1.standing([*history, failure]).score(at)
    assert rank(after) <= rank(before)
    assert after.interval[0] <= before.interval[0]
    assert after.interval[1] <= before.interval[1]


def test_failure__lost_dispute__costs_most() -> None:
    history = pieces([{"counterparty": buyer(number)} for number in range(1, 31)])
    last = replace(PIECE, block=100, at=history[-1].at)
    failed = v1.standing([*history, replace(last, finding=Finding.FAIL)])
    lost = v1.standing([*history, replace(last, finding=Finding.LOST)])
    clean = v1.standing(history)
    assert rank(lost.score(START)) < rank(failed.score(START)) < rank(clean.score(START))


def test_failure__fades_more_slowly_than_a_pass() -> None:
    history = pieces([{"counterparty": buyer(1)}, {"finding": Finding.FAIL}])
    now, later = v1.standing(history).score(START), v1.standing(history).score(START + 365 * DAY)
    assert later.failures * 2 >= now.failures
    assert later.passes * 15 < now.passes


@given(st.integers(5, 60), st.integers(1, 60), st.integers(0, 20), st.integers(2, 6))
@settings(max_examples=80, deadline=None)
def test_more_of_the_same__narrows(strangers: int, further: int, failures: int, times: int) -> None:
    def width(passes: int, failed: int) -> int:
        changes: list[dict[str, object]] = [
            {"counterparty": buyer(number)} for number in range(1, passes + 1)
        ]
        changes += [{"finding": Finding.FAIL}] * failed
        low, high = v1.standing(pieces([dict(change) for change in changes])).score(START).interval
        return high - low

    assert width(strangers + further, 0) < width(strangers, 0)
    assert width(strangers * times, failures * times) < width(strangers, failures)


@given(st.integers(1, 40), st.integers(2, 12))
@settings(max_examples=40, deadline=None)
def test_splitting__unproven_parts__gain_nothing(jobs: int, parts: int) -> None:
    whole = pieces([{"outlay": v1.PROVEN}] * jobs)
    split = pieces(
        [
            {"counterparty": buyer(1 + job % parts), "outlay": v1.PROVEN // parts, "value": v1.FULL_VALUE}
            for job in range(jobs)
        ]
    )
    assert v1.standing(split).passes == 0
    assert v1.standing(split).passes <= v1.standing(whole).passes


def test_splitting__a_thousand_parts__only_the_proven_count() -> None:
    alone = v1.standing(pieces([{} for _ in range(1_000)])).score(START)
    split = [{"counterparty": buyer(1 + job), "outlay": v1.PROVEN // 1_000} for job in range(1_000)]
    nothing = v1.standing(pieces([dict(change) for change in split])).score(START)
    each_proven = v1.standing(pieces([change | {"outlay": v1.PROVEN} for change in split])).score(START)
    assert rank(nothing) <= rank(alone)
    assert nothing.effective == 0
    assert rank(each_proven) > 990


@given(st.lists(st.integers(0, 2 * v1.FULL_VALUE), min_size=1, max_size=200), st.integers(0, 30))
@settings(max_examples=60, deadline=None)
def test_one_buyer__never_makes_an_agent_known(values: list[int], days: int) -> None:
    history = pieces([{"value": value, "days": days} for value in values])
    score = v1.standing(history).score(history[-1].at)
    assert score.value is None
    assert score.passes < v1.BUYER_CAP


def test_ten_thousand_with_oneself__below_ten_with_strangers() -> None:
    honest = v1.standing(pieces([{"counterparty": buyer(number)} for number in range(1, 11)])).score(START)
    with_one = v1.standing(pieces([{} for _ in range(10_000)])).score(START)
    with_many = v1.standing(
        pieces([{"counterparty": buyer(number), "outlay": v1.PROVEN - 1} for number in range(1, 10_001)])
    ).score(START)
    same_address = v1.standing(pieces([{"own": True} for _ in range(10_000)])).score(START)
    assert honest.value is not None
    assert honest.value > 600
    assert [rank(one) < rank(honest) for one in (with_one, with_many, same_address)] == [True] * 3
    assert [one.value for one in (with_one, with_many, same_address)] == [None] * 3


@given(histories(max_size=25), st.integers(0, 25))
@settings(max_examples=60, deadline=None)
def test_one_more__is_what_all_at_once_is(history: list[Evidence], cut: int) -> None:
    step = v1.standing(history[:cut])
    for piece in history[cut:]:
        step.add(piece)
    assert step == v1.standing(history)


@given(histories(max_size=25), st.data())
@settings(max_examples=60, deadline=None)
def test_unsecured__adds_nothing(history: list[Evidence], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(history)))
    finding, contest = data.draw(st.sampled_from(list(Finding))), data.draw(st.sampled_from(list(Contest)))
    around = history[at - 1] if at else replace(PIECE, block=0)
    extra = replace(around, log_index=1, secured=False, finding=finding, contest=contest)
    with_it = v1.standing([*history[:at], extra, *history[at:]])
    end = history[-1].at if history else START
    assert replace(with_it.score(end), pieces=len(history)) == v1.standing(history).score(end)
