"""What another settled period costs does not grow with how many a tab had before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy.orm import Session

from oracle.domain.tab_events import PeriodDisputed, PeriodJudged, TabEvent
from oracle.domain.types import Outcome
from oracle.store import closed, closed_periods, feed, tab_pages
from oracle.store import tabs as tab_store
from oracle.store.database import Database
from tests.databases import Databases
from tests.unit.store.score_history import BUYERS, ROOT, advance_all
from tests.unit.store.test_scores_tabs import AGENT, HASH, TAB, happen, opened, presented, settled

FEW, MANY = 8, 160
EVENTS = 4  # of a period


@pytest.fixture(scope="module")
def tabs(databases: Databases) -> Iterator[dict[int, Database]]:
    if databases.kind != "sqlite":
        pytest.skip("only SQLite counts its steps")
    made = {}
    for count in (FEW, MANY):
        made[count] = Database(databases.made())
        happen(made[count], *lived(count))
    yield made
    for one in made.values():
        one.close()


def lived(periods: int) -> list[TabEvent]:
    events: list[TabEvent] = [opened()]
    for number in range(1, periods + 1):
        disputed = PeriodDisputed(TAB, number, BUYERS[0], Outcome.FAIL, 0, 9, 9_000, HASH)
        said = PeriodJudged(TAB, number, Outcome.PASS, 1, 0b11, 9, (HASH,))
        events += [presented(number), said, disputed, settled(Outcome.PASS, 1, number)]
    return events


def steps(database: Database, ask: Callable[[Session], object]) -> int:
    """How many steps SQLite's machine took to answer."""
    taken = 0

    def step() -> int:
        nonlocal taken
        taken += 1
        return 0

    with database.read() as session:
        raw = session.connection().connection.driver_connection
        assert raw is not None
        raw.set_progress_handler(step, 1)
        try:
            ask(session)
        finally:
            raw.set_progress_handler(None, 1)
    return taken


def last_block(periods: int) -> int:
    return 3 + EVENTS * periods


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(
            lambda session, last: closed_periods.ended_between(session, last - 1, last, roots=(ROOT,)),
            id="evidence",
        ),
        pytest.param(lambda session, last: closed_periods.ended_since(session, last - 1), id="ended since"),
        pytest.param(lambda session, _: tab_pages.standing(session, TAB), id="standing"),
        pytest.param(
            lambda session, _: tab_pages.periods(session, TAB, below=None, limit=2), id="last periods"
        ),
        pytest.param(
            lambda session, last: tab_store.is_disputed(session, TAB, before=(last, 900)), id="is disputed"
        ),
        pytest.param(
            lambda session, last: tab_store.last_said(session, [(TAB, (last, 900))]), id="last said"
        ),
        pytest.param(
            lambda session, last: feed.events_after(session, (), ("PeriodSettled",), after=last - 1, limit=9),
            id="feed",
        ),
    ],
)
def test_the_last_period_of_a_long_tab__costs_what_that_of_a_short_one_does(
    tabs: dict[int, Database], ask: Callable[[Session, int], object]
) -> None:
    few = steps(tabs[FEW], lambda session: ask(session, last_block(FEW)))
    many = steps(tabs[MANY], lambda session: ask(session, last_block(MANY)))
    assert 0 < many <= few * 1.1


@pytest.mark.parametrize("step", [1, 2, 3, 5])
def test_periods_read_as_they_end__say_what_all_of_them_say(databases: Databases, step: int) -> None:
    database = Database(databases.made())
    events = lived(5)
    for start in range(0, len(events), step):
        happen(database, *events[start : start + step], start=3 + start)
        advance_all(database, limit=1_000)
    with database.read() as session:
        whole = closed.evidence_of(session, AGENT, up_to=10_000, roots=(ROOT,))
        now = closed_periods.ended_between(session, last_block(4), last_block(5), roots=(ROOT,))
    assert [piece.period for piece in whole] == [1, 2, 3, 4, 5]
    assert [piece.period for piece, _, _ in now] == [5]
    database.close()
