"""Tabs in the API: what was agreed, where each stands, verdicts, disputes and what was paid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import event as sqlalchemy_event

from oracle.domain import events as e
from oracle.domain.tab_events import (
    DebtPaid,
    Defaulted,
    NoticeGiven,
    PeriodDisputed,
    PeriodJudged,
    PeriodLapsed,
    PeriodRuled,
    PeriodSettled,
    Presented,
    TabClosed,
    TabEvent,
    TabOpened,
)
from oracle.domain.tab_terms import TabAgreement, TabEnding, TabOpening
from oracle.domain.types import Outcome
from oracle.history.tab import Placed, life_of
from oracle.store import chain as chain_store
from oracle.store import tab_pages
from oracle.store import tabs as tab_store
from oracle.store.events import Happened, save_events
from oracle.store.rollback import roll_back
from oracle.store.tabs import TabHappened
from tests.databases import Databases
from tests.unit.api.test_api import pages
from tests.unit.api.world import World, made_world, place
from tests.unit.store.score_history import AGENTS, BUYERS, ROOT, block
from tests.unit.tabs.test_tab_steps import TERMS

PROVIDER, CONTRACT, PACT, HASH = "0x" + "a9" * 20, "0x" + "7a" * 20, "0x" + "9a" * 32, "0x" + "11" * 32
FIRST, SECOND = "0x" + "71" * 32, "0x" + "72" * 32


def opened(tab: str, buyer: str, challenge: int = 60) -> TabOpened:
    terms = replace(TERMS, buyer=buyer, provider=PROVIDER, committee=ROOT, challenge=challenge)
    return TabOpened(tab, buyer, PROVIDER, TabAgreement(terms, TabOpening(PACT, HASH, 0, 1, 2**200)), 0b111)


LIFE: list[TabEvent] = [
    opened(FIRST, BUYERS[0]),
    opened(SECOND, BUYERS[1]),
    Presented(FIRST, 1, 90, 900, HASH, 5_000, False),
    Presented(FIRST, 1, 100, 1_000, HASH, 5_100, False),
    PeriodJudged(FIRST, 1, Outcome.PASS, 900, 0b11, 6_000, (HASH, PACT)),
    PeriodDisputed(FIRST, 1, BUYERS[0], Outcome.PASS, 500, 200, 9_000, HASH),
    PeriodRuled(FIRST, 1, PACT[:42], Outcome.PASS, 600, 7),
    PeriodSettled(FIRST, 1, Outcome.PASS, 600, 600, 30, 0, 0, 0b11),
    Presented(FIRST, 2, 150, 1_600, HASH, 9_500, True),
    Presented(SECOND, 1, 5, 50, HASH, 9_500, False),
    PeriodLapsed(SECOND, 1, 0b110, 9_900),
    NoticeGiven(SECOND, BUYERS[1], 20_000),
]


@pytest.fixture
def world(databases: Databases) -> Iterator[World]:
    made = made_world(databases)
    with made.database.write() as session:
        tab_store.follow(session, CONTRACT)
    happen(made, *LIFE)
    yield made
    made.database.close()


def happen(world: World, *events: TabEvent, start: int = 800) -> None:
    """Each in a block of its own."""
    with world.database.write() as session:
        for number, event in enumerate(events, start=start):
            at = block(number)
            chain_store.save_blocks(session, [at])
            happened = TabHappened(event, "0x" + "77" * 32, at.number, 3, at.timestamp)
            tab_store.save_tab_events(session, [happened])


def test_a_list_has_every_tab_once_the_newest_first(world: World) -> None:
    whole = pages(world, "/tabs", limit=10)
    assert [each["tab"] for each in whole] == [SECOND, FIRST]
    assert pages(world, "/tabs", limit=1) == whole
    assert [each["tab"] for each in pages(world, "/tabs", buyer=BUYERS[0])] == [FIRST]
    assert pages(world, "/tabs", pact=HASH) == []
    assert len(pages(world, "/tabs", provider=PROVIDER, committee=ROOT, pact=PACT)) == 2


def test_a_tab_says_what_was_agreed_and_where_it_stands(world: World) -> None:
    tab = world.get(f"/tabs/{FIRST}")["tab"]
    assert (tab["deposit"], tab["bond"], tab["secured"], tab["members"]) == ("1000", "10", True, [0, 1, 2])
    assert (tab["phase"], tab["settled_periods"], tab["settled_count"]) == ("presented", 1, "100")
    assert world.get(f"/tabs/{SECOND}")["tab"]["phase"] == "judged"
    assert world.get(f"/tabs/{SECOND}")["tab"]["ends"] == 20_000


def test_its_periods_have_verdict_dispute_and_ruling(world: World) -> None:
    second, first = pages(world, f"/tabs/{FIRST}/periods")
    assert (first["count"], first["presented"], first["window_ends"]) == ("100", "1000", 5_100)
    assert first["verdict"] == {
        "outcome": "pass", "payable": "900", "signers": [0, 1], "evidence": [HASH, PACT],
        "challenge_ends": 6_000,
    }  # fmt: skip
    assert (first["dispute"]["sought_payable"], first["dispute"]["ruled_payable"]) == ("500", "600")
    assert (first["outcome"], first["payable"], first["paid"]) == ("pass", "600", "600")
    assert (second["presented"], second["verdict"], second["outcome"]) == ("600", None, None)
    (lapsed,) = pages(world, f"/tabs/{SECOND}/periods")
    assert (lapsed["silent"], lapsed["verdict"]) == ([1, 2], None)


def test_what_is_orphaned_is_gone(world: World) -> None:
    happen(world, TabClosed(SECOND, TabEnding.AGREED, 1, 2, 3), start=900)
    assert world.get(f"/tabs/{SECOND}")["tab"]["ending"] == "agreed"
    with world.database.write() as session:
        roll_back(session, 807)
    assert world.get(f"/tabs/{FIRST}")["tab"]["phase"] == "open"
    assert pages(world, f"/tabs/{SECOND}/periods") == []
    with world.database.write() as session:
        roll_back(session, 800)
    assert [each["tab"] for each in pages(world, "/tabs")] == [FIRST]


@pytest.mark.parametrize("path", [f"/v1/tabs/{HASH}", f"/v1/tabs/{HASH}/periods"])
def test_an_unknown_tab_is_not_found(world: World, path: str) -> None:
    answer = world.client.get(path)
    assert (answer.status_code, answer.json()["field"]) == (404, "tab")


def test_a_cursor_of_another_tab_is_refused(world: World) -> None:
    cursor = world.get(f"/tabs/{FIRST}/periods", limit=1)["next"]
    answer = world.client.get(f"/v1/tabs/{SECOND}/periods", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["field"]) == (400, "cursor")


def test_events_of_tabs__by_name_tab_and_agent__are_those_the_newest_first(world: World) -> None:
    whole = pages(world, "/tab-events", limit=200)
    assert [one["name"] for one in whole] == [type(event).__name__ for event in reversed(LIFE)]
    assert pages(world, "/tab-events", limit=5) == whole
    assert pages(world, "/tab-events", agent=PROVIDER) == whole
    assert pages(world, "/tab-events", agent=AGENTS[0]) == []
    (disputed,) = pages(world, "/tab-events", name="PeriodDisputed")
    assert (disputed["subject"], disputed["arguments"]["sought_payable"]) == (FIRST, "500")
    assert [one["subject"] for one in pages(world, "/tab-events", tab=SECOND)] == [SECOND] * 4
    answer = world.client.get("/v1/tab-events", params={"name": "Judged"})  # which the escrow says
    assert (answer.status_code, answer.json()["field"]) == (422, "name")


def test_pacts_of_tabs_are_listed_with_those_of_jobs(world: World) -> None:
    whole = pages(world, "/pacts", limit=200)
    jobs = [one for one in whole if one["pact"] != PACT]
    assert all(one["jobs"] > 0 == one["tabs"] for one in jobs)
    assert [one for one in whole if one["pact"] == PACT] == [
        {"pact": PACT, "jobs": 0, "tabs": 2, "first_block": block(800).number}
    ]
    assert pages(world, "/pacts", limit=1) == whole
    assert [one["pact"] for one in pages(world, "/pacts", agent=PROVIDER)] == [PACT]
    assert [one["tabs"] for one in pages(world, "/pacts", buyer=BUYERS[1]) if one["pact"] == PACT] == [1]


def long_life(periods: int) -> list[TabEvent]:
    """So many settled periods, one more that is judged, and between them whatever may happen to a tab."""
    events: list[TabEvent] = [opened(FIRST, BUYERS[0])]
    for number in range(1, periods + 1):
        count, amount = 10 * number, 100 * number
        events += [
            Presented(FIRST, number, count - 5, amount - 50, HASH, 5_000, False),
            Presented(FIRST, number, count, amount, HASH, 5_000, False),
            PeriodJudged(FIRST, number, Outcome.PASS, 100, 0b11, 6_000, ()),
        ]
        if number % 3 == 0:
            events.append(PeriodDisputed(FIRST, number, BUYERS[0], Outcome.FAIL, 0, 9, 9_000, HASH))
        events.append(PeriodSettled(FIRST, number, Outcome.PASS, 100, 60, 0, 0, 0, 0b11))
        if number == periods // 2:
            events.append(NoticeGiven(FIRST, BUYERS[0], 10))
        events.append(DebtPaid(FIRST, 10, 30))  # the rest comes later
        events.append(Defaulted(FIRST, BUYERS[0], 30, 0) if number % 5 == 0 else DebtPaid(FIRST, 30, 0))
    last = periods + 1
    return [
        *events,
        Presented(FIRST, last, 10 * last, 100 * last, HASH, 5_000, True),
        PeriodJudged(FIRST, last, Outcome.FAIL, 0, 0b11, 6_000, ()),
    ]


@pytest.mark.parametrize("stop", [3, 4, 5, 6, 40, 60, -2, -1, None])
def test_a_long_tab__read_in_parts__says_what_all_of_it_says(databases: Databases, stop: int | None) -> None:
    made = made_world(databases)
    with made.database.write() as session:
        tab_store.follow(session, CONTRACT)
    happen(made, *long_life(17)[:stop])
    with made.database.read() as session:
        history = tab_store.histories(session, [FIRST])[FIRST]
        whole = life_of(Placed(one.event, one.block_number, one.log_index, one.at) for one in history)
        found = tab_pages.standing(session, FIRST)
        every = tab_pages.periods(session, FIRST, below=None, limit=100)
        some = tab_pages.periods(session, FIRST, below=len(every), limit=3)
    assert every == list(reversed(whole.periods))
    assert some == every[1:4]
    assert (found.settled, found.life.phase) == (len(whole.tab.settled), whole.phase)
    now = replace(found.life.tab, settled=(), disputed=())
    assert now == replace(whole.tab, settled=(), disputed=())
    assert pages(made, f"/tabs/{FIRST}/periods", limit=2) == pages(made, f"/tabs/{FIRST}/periods", limit=200)
    made.database.close()


def test_an_agent_with_tabs_alone_is_found_listed_and_scored(world: World) -> None:
    world.catch_up()
    agent = world.get(f"/agents/{PROVIDER}")
    assert (agent["jobs"], agent["tabs"], agent["pacts"]) == ({}, 2, [PACT])
    (line,) = [one for one in pages(world, "/agents") if one["agent"] == PROVIDER]
    assert (line["jobs"], line["running"], line["price"]) == (0, 2, None)
    assert line["interval"] == world.get(f"/agents/{PROVIDER}/score")["interval"]
    assert [one["agent"] for one in pages(world, "/agents", pact=PACT)] == [PROVIDER]
    # It named no price: it is not among the cheap, and comes last by price.
    assert pages(world, "/agents", order="price", limit=1)[-1] == line
    assert PROVIDER not in {one["agent"] for one in pages(world, "/agents", max_price=2**60)}
    assert PROVIDER in {one["agent"] for one in pages(world, "/agents", committee=ROOT)}


def test_an_agent_whose_tabs_are_orphaned_is_listed_no_more(world: World) -> None:
    world.catch_up()
    with world.database.write() as session:
        roll_back(session, 799)
    world.catch_up()
    assert PROVIDER not in {one["agent"] for one in pages(world, "/agents")}
    assert world.client.get(f"/v1/agents/{PROVIDER}").status_code == 404


def test_tabs_that_are_followed_later_make_scores_and_lists_anew(databases: Databases) -> None:
    made = made_world(databases)
    agent = AGENTS[0]
    before = made.get(f"/agents/{agent}/score")
    made.catch_up()
    terms = replace(TERMS, buyer=BUYERS[1], provider=agent, committee=ROOT, challenge=60)
    agreement = TabAgreement(terms, TabOpening(PACT, HASH, 0, 1, 2**200))
    with made.database.write() as session:  # in blocks that were read long ago
        tab_store.follow(session, CONTRACT)
        at = block(30)
        event = TabOpened(FIRST, BUYERS[1], agent, agreement, 0b111)
        tab_store.save_tab_events(
            session, [TabHappened(event, "0x" + "77" * 32, at.number, 99, at.timestamp)]
        )
    made.catch_up()
    after = made.get(f"/agents/{agent}/score")
    assert (before["at"]["tabs"], after["at"]["tabs"]) == (None, CONTRACT)
    assert after["coverage"]["running"] == before["coverage"]["running"] + 1
    (line,) = [one for one in pages(made, "/agents") if one["agent"] == agent]
    assert line["running"] == after["coverage"]["running"]
    made.database.close()


@pytest.mark.parametrize(
    ("said", "overturned", "silent"),
    [
        pytest.param(PeriodLapsed(FIRST, 1, 0b1, 9_900), 0, 1, id="silent"),
        pytest.param(PeriodJudged(FIRST, 1, Outcome.PASS, 9, 0b1, 9_900, ()), 1, 0, id="overturned"),
    ],
)
def test_an_evaluator_that_was_slashed_over_a_tab_has_a_record(
    world: World, said: TabEvent, overturned: int, silent: int
) -> None:
    happen(world, Presented(SECOND, 1, 5, 50, HASH, 9_500, False), said, start=900)
    with world.database.write() as session:
        event = Happened(e.Slashed(ROOT, FIRST, 0b1, 250), "0x" + "77" * 32, place(9, 901))
        save_events(session, [event])
    (evaluator,) = world.get("/evaluators", committee=ROOT)["items"]
    assert (evaluator["overturned"], evaluator["silent"]) == (overturned, silent)


def test_each_slashing_over_a_tab__is_of_the_verdict_before_it(world: World) -> None:
    happen(world, PeriodLapsed(FIRST, 2, 0b1, 9_900), start=900)
    happen(world, PeriodSettled(FIRST, 2, Outcome.LAPSE, 0, 0, 0, 0, 0, 0b1), start=902)
    happen(world, Presented(FIRST, 3, 200, 2_000, HASH, 9_500, False), start=903)
    happen(world, PeriodJudged(FIRST, 3, Outcome.PASS, 9, 0b1, 9_900, ()), start=904)
    with world.database.write() as session:
        for number in (901, 905, 906):
            event = Happened(e.Slashed(ROOT, FIRST, 0b1, 250), "0x" + "77" * 32, place(9, number))
            save_events(session, [event])
    (evaluator,) = world.get("/evaluators", committee=ROOT)["items"]
    assert (evaluator["overturned"], evaluator["silent"], evaluator["slashed"]) == (2, 1, "750")


def test_a_page_of_tabs__takes_no_more_queries_than_one_tab(world: World) -> None:
    asked: list[str] = []

    def count(_connection: object, _cursor: object, query: str, *_rest: object) -> None:
        asked.append(query)

    sqlalchemy_event.listen(world.database.engine, "before_cursor_execute", count)
    for tab in range(20):
        happen(world, opened(f"0x{tab + 1:064x}", BUYERS[0]), start=950 + tab)
    counts = []
    for limit in (2, 22):
        asked.clear()
        assert len(world.get("/tabs", limit=limit)["items"]) == limit
        counts.append(len(asked))
    assert counts[1] <= counts[0]
