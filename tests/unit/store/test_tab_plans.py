"""What is asked of one tab is found by that tab: what others did, however much, costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

from oracle.domain.tab_events import TabEvent
from oracle.domain.types import Outcome
from oracle.store import closed_periods, listing, tab_pages
from oracle.store import tabs as tab_store
from oracle.store.database import Database
from tests.databases import Databases
from tests.unit.store.test_scores_tabs import AGENT, HASH, TAB, happen, opened, presented, settled


@pytest.fixture
def database(databases: Databases) -> Iterator[Database]:
    if databases.kind != "sqlite":
        pytest.skip("PostgreSQL chooses by what is in its tables")
    made = Database(databases.made())
    yield made
    made.close()


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda session: tab_pages.standing(session, TAB), id="standing"),
        pytest.param(lambda session: tab_pages.periods(session, TAB, below=None, limit=1), id="periods"),
        pytest.param(lambda session: tab_pages.list_events(session, limit=9, tab=TAB), id="events"),
        pytest.param(
            lambda session: tab_pages.list_events(session, limit=9, tab=TAB, name="Presented"), id="by name"
        ),
        pytest.param(lambda session: tab_store.is_disputed(session, TAB, before=(9, 9)), id="is disputed"),
        pytest.param(lambda session: tab_store.last_said(session, [(TAB, (9, 9))]), id="last said"),
        pytest.param(
            lambda session: closed_periods.running_tabs(session, AGENT, up_to=9, agent_id=None),
            id="running",
        ),
    ],
)
def test_events_of_one_tab__are_found_by_the_tab(
    database: Database, ask: Callable[[Session], object]
) -> None:
    events: list[TabEvent] = [opened()]
    for number in range(1, 4):
        events += [presented(number), settled(Outcome.PASS, 1, number)]
    happen(database, *events)
    plans: list[str] = []

    def explain(connection: Connection, _cursor: object, asked: str, values: Any, *_rest: object) -> None:
        if "tab_events" in asked:
            plan = connection.connection.cursor()
            plan.execute(f"EXPLAIN QUERY PLAN {asked}", values)
            plans.extend(row[-1] for row in plan.fetchall() if " tab_events" in row[-1])

    with database.read() as session:
        event.listen(database.engine, "before_cursor_execute", explain)
        ask(session)
    assert plans
    assert [plan for plan in plans if "(tab=?" not in plan] == []


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda session: tab_pages.list_events(session, limit=9, provider=AGENT), id="newest"),
        pytest.param(
            lambda session: tab_pages.list_events(session, limit=9, provider=AGENT, before=(6, 0)),
            id="before",
        ),
        pytest.param(
            lambda session: tab_pages.list_events(session, limit=9, provider=AGENT, name="Presented"),
            id="by name",
        ),
        pytest.param(lambda session: listing.list_pacts(session, limit=9, parties={}), id="pacts"),
        pytest.param(
            lambda session: listing.list_pacts(session, limit=9, after=HASH, parties={}), id="later pacts"
        ),
    ],
)
def test_a_page__is_read_in_its_order_and_sorted_by_nobody(
    database: Database, ask: Callable[[Session], object]
) -> None:
    happen(database, opened(), *(presented(number) for number in range(1, 4)))
    plans: list[str] = []

    def explain(connection: Connection, _cursor: object, asked: str, values: Any, *_rest: object) -> None:
        if "FROM tab" in asked:
            plan = connection.connection.cursor()
            plan.execute(f"EXPLAIN QUERY PLAN {asked}", values)
            plans.extend(row[-1] for row in plan.fetchall())

    with database.read() as session:
        event.listen(database.engine, "before_cursor_execute", explain)
        ask(session)
    assert plans
    assert [plan for plan in plans if "TEMP B-TREE" in plan or "INDEX" not in plan] == []
