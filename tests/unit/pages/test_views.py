"""What pages show, before any HTML: money that adds up, history as it was known then, words that fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import event
from starlette.requests import Request

from oracle.decide.jobs import JobRecord
from oracle.domain import events as e
from oracle.domain.tab_events import PeriodDisputed, PeriodJudged, PeriodLapsed, PeriodSettled, Presented
from oracle.domain.types import Ending, Outcome, State
from oracle.pages import plots, text, views_evaluator
from oracle.pages.place import Place
from oracle.pages.views_agent import faking_of, history_of
from oracle.pages.views_evaluator import evaluator
from oracle.pages.views_record import conduct, juror_rates
from oracle.pages.views_story import money, result_of
from oracle.score import v1
from oracle.store import chain as chain_store
from oracle.store import scores
from oracle.store.events import Happened, save_events
from oracle.store.listing import ListedJob
from tests.databases import Databases
from tests.unit.api.test_tabs import FIRST, HASH, LIFE, happen
from tests.unit.api.world import TERMS, World
from tests.unit.api.world import place as chain_place
from tests.unit.pages.site import made_site
from tests.unit.store.score_history import AGENTS, BUYERS, OTHER, ROOT, USDC, block, job

DAY = 86_400
OPENED = job(9, AGENTS[0], BUYERS[0])  # gated 10, bond 1, fee 10 USDC
RUNNING = JobRecord(state=State.OPEN, members=0b111, epoch=0, opened_at=100)


@pytest.fixture
def world(databases: Databases) -> Iterator[World]:
    made = made_site(databases)
    yield made
    made.database.close()


def closed(**changes: object) -> JobRecord:
    return replace(RUNNING, state=State.CLOSED, ending=Ending.SETTLED, **changes)  # type: ignore[arg-type]


def test_money__of_a_running_job__lies_in_escrow() -> None:
    found = money(OPENED.agreement, RUNNING, [])
    assert (found.put_in, found.got, found.held, found.adds_up) == (21 * USDC, 0, 21 * USDC, False)


def test_money__of_an_overturned_verdict__adds_up_with_what_was_slashed() -> None:
    """Pass -> Fail, disputed by the buyer: 2(G + B) + F + D - A to the buyer, A to the arbiter."""
    record = closed(
        outcome=Outcome.FAIL, disputant=BUYERS[0], deposit=3 * USDC, to_buyer=34 * USDC, to_arbiter=1 * USDC
    )
    slashed = e.Slashed(ROOT, OPENED.job, 0b11, 11 * USDC // 2)
    found = money(OPENED.agreement, record, [slashed])
    assert found.adds_up
    assert {purse.who: purse.got - purse.put_in for purse in found.purses} == {
        "Buyer": 11 * USDC,
        "Provider": -1 * USDC,
        "Evaluators": -11 * USDC,
        "Arbiter": 1 * USDC,
    }
    assert not money(OPENED.agreement, record, []).adds_up
    said = result_of(record, [slashed])
    assert (
        said
        == "The buyer got 34.00 USDC, the arbiter got 1.00 USDC. Evaluators lost 11.00 USDC of their stake."
    )


def test_result__of_a_running_job__is_none() -> None:
    assert result_of(RUNNING, []) is None


def test_history__each_point__is_the_score_of_what_was_known_then(world: World) -> None:
    with world.database.read() as session:
        pieces = list(scores.evidence_about(session, AGENTS[0]))
    roots, now = frozenset([ROOT]), pieces[-1].at + 5 * DAY
    points = history_of(pieces, roots, now=now)
    assert [point[0] for point in points] == sorted(point[0] for point in points)
    assert points[-1][0] == now
    for time, value, lower, upper in points:
        known = [piece for piece in pieces if piece.at <= time]
        found = v1.standing(known, roots).score(time)
        assert (value, (lower, upper)) == (found.value, found.interval)
    assert history_of(pieces, roots, now=pieces[0].at + DAY - 1) == ()
    assert history_of([], roots, now=now) == ()


def test_plot__unknown_days__are_gaps_and_said() -> None:
    points = [(DAY, 500, 500, 900), (2 * DAY, None, 0, 1_000), (3 * DAY, 700, 700, 950)]
    drawn = str(plots.history(points))
    assert drawn.count("<polyline") == 2
    assert "known at 2, between 500 and 700, last 700" in drawn
    assert plots.history(points[:1]) == ""


def test_conduct__overturned_verdicts__have_an_interval() -> None:
    judged = closed(outcome=Outcome.PASS, signers=0b011, evidence=("0x" + "e7" * 32,) * 2)
    jobs = [
        ListedJob(f"0x{number:064x}", number, OPENED.agreement, judged if number else RUNNING)
        for number in range(11)
    ]
    found = conduct(0, jobs, {jobs[3].job: 0b010, jobs[4].job: 0b011})
    assert (found.jobs, found.signed, found.overturned, found.silent) == (11, 10, 1, 0)
    assert found.wrong is not None
    assert found.wrong[0] < 100 < found.wrong[1]
    assert conduct(2, jobs, {}).wrong is None


def test_conduct__in_periods_of_tabs__is_counted_with_that_in_jobs(world: World) -> None:
    account = TERMS.evaluators[0]
    request = Request({"type": "http", "path_params": {"address": account}})
    before = evaluator(Place(world.source), request).seats[0].conduct
    pages_before = world.client.get(f"/committees/{ROOT}").text
    said = PeriodJudged(FIRST, 3, Outcome.PASS, 9, 0b1, 9_900, ())
    happen(
        world,
        *LIFE,  # the first tab: a verdict that was disputed; the second: others were silent
        PeriodLapsed(FIRST, 2, 0b1, 9_900),
        PeriodSettled(FIRST, 2, Outcome.LAPSE, 0, 0, 0, 0, 0, 0b1),
        Presented(FIRST, 3, 200, 2_000, HASH, 9_500, False),
        said,
        PeriodDisputed(FIRST, 3, BUYERS[0], Outcome.FAIL, 0, 9, 9_000, HASH),
        PeriodSettled(FIRST, 3, Outcome.FAIL, 0, 0, 0, 0, 0, 0b1),
    )
    with world.database.write() as session:
        slashed = e.Slashed(ROOT, FIRST, 0b1, 250)
        save_events(session, [Happened(slashed, "0x" + "77" * 32, chain_place(9, 817))])
    found = evaluator(Place(world.source), request).seats[0].conduct
    changed = {
        name: getattr(found, name) - getattr(before, name)
        for name in ("jobs", "periods", "signed", "disputed", "overturned", "silent")
    }
    assert changed == {"jobs": 0, "periods": 4, "signed": 2, "disputed": 2, "overturned": 1, "silent": 1}
    assert found.wrong != before.wrong
    page = world.client.get(f"/committees/{ROOT}").text
    shown = [line for line in page.splitlines() if "Verdicts are of its last" in line]
    assert [" jobs and 4 periods of tabs." in line for line in shown] == [True], shown
    assert "of tabs" not in pages_before


def test_jurors__records_that_are_missing__are_looked_for_ten_times_at_most(world: World) -> None:
    judged = closed(outcome=Outcome.PASS, signers=0b011)
    jobs = [
        ListedJob(
            f"0x{number:064x}",
            number,
            OPENED.agreement,
            replace(judged, evidence=(f"0x{2 * number:064x}", f"0x{2 * number + 1:064x}")),
        )
        for number in range(300)
    ]
    asked: list[str] = []
    world.source.read_document = asked.append  # which is None: no document is kept
    place = Place(world.source)
    assert juror_rates(place, jobs) == ()
    assert len(asked) == 10
    asked.clear()
    assert juror_rates(place, jobs, 1, most=3) == ()
    assert asked == [f"0x{number:064x}" for number in (1, 3, 5)]


def test_evaluator__in_many_committees__is_read_from_as_many_jobs_in_all(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each seat says of how many jobs it speaks; together they are no more than what a page may read."""
    account = TERMS.evaluators[0]
    founded: list[e.EscrowEvent] = [e.CommitteeCreated(OTHER, TERMS), e.Joined(OTHER, 0, account, 10**9)]
    with world.database.write() as session:
        chain_store.save_blocks(session, [block(900)])
        save_events(
            session,
            [Happened(one, "0x" + "77" * 32, chain_place(i, 900)) for i, one in enumerate(founded)],
        )
    request = Request({"type": "http", "path_params": {"address": account}})
    seats = evaluator(Place(world.source), request).seats
    assert {seat.committee for seat in seats} == {ROOT, OTHER}
    assert sum(seat.conduct.jobs for seat in seats) == 60
    monkeypatch.setattr(views_evaluator, "_READ", 10)
    seats = evaluator(Place(world.source), request).seats
    assert [seat.conduct.jobs for seat in seats] == [5, 5]


def test_evaluator__named_by_strangers__shows_its_own_seats_the_largest_stake_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = TERMS.evaluators[0]
    strangers = replace(TERMS, evaluators=(account, "0x" + "f1" * 20))
    events: list[e.EscrowEvent] = [e.CommitteeCreated(OTHER, TERMS), e.Joined(OTHER, 0, account, 3 * 10**9)]
    for number in range(30):
        named = f"0x{number:064x}"  # before all others
        events += [e.CommitteeCreated(named, strangers), e.Joined(named, 1, "0x" + "f1" * 20, 10**9)]
    with world.database.write() as session:
        chain_store.save_blocks(session, [block(900)])
        save_events(
            session,
            [Happened(one, "0x" + "77" * 32, chain_place(i, 900)) for i, one in enumerate(events)],
        )
    request = Request({"type": "http", "path_params": {"address": account}})
    found = evaluator(Place(world.source), request)
    assert [seat.committee for seat in found.seats] == [OTHER, ROOT]
    assert (found.stake, found.further_seats) == (4 * 10**9, 0)
    monkeypatch.setattr(views_evaluator, "_SEATS", 1)
    found = evaluator(Place(world.source), request)
    assert ([seat.committee for seat in found.seats], found.further_seats) == ([OTHER], 1)


def test_faking__of_what_is_not_known__has_no_price() -> None:
    assert faking_of(None, USDC) is None
    assert faking_of(0, USDC) is None
    assert faking_of(750, None) is None
    priced = faking_of(750, USDC)
    assert priced is not None
    assert priced.first > priced.further > 0


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 seconds"), (1, "1 second"), (3_600, "1 hour"), (90_061, "1 day 1 hour"), (86_405, "1 day")],
)
def test_duration__says_its_largest_units(seconds: int, said: str) -> None:
    assert text.duration(seconds) == said


def test_moment__beyond_any_calendar__is_none() -> None:
    assert text.moment(2**40 * 1_000) is None
    assert text.moment(-1) is None


def test_directory__however_many_agents__asks_as_often(world: World) -> None:
    """No query for each agent: one agent on the page costs as many as three."""
    world.client.get("/")
    counts = []
    for path in ("/", f"/?q={AGENTS[0]}"):
        asked: list[str] = []

        def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            asked.append(statement)  # noqa: B023 - read before the next turn

        event.listen(world.database.engine, "before_cursor_execute", count)
        assert world.client.get(path).status_code == 200
        event.remove(world.database.engine, "before_cursor_execute", count)
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert counts[0] <= 8
