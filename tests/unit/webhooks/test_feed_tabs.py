"""What changes about tabs: told once, corrected where its block is orphaned; and what a look costs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy.orm import Session

from oracle.domain.errors import EarnestError
from oracle.domain.tab_events import (
    Defaulted,
    PeriodDisputed,
    PeriodJudged,
    PeriodLapsed,
    PeriodRuled,
    PeriodSettled,
    Presented,
    TabClosed,
    TabEvent,
)
from oracle.domain.tab_terms import TabEnding
from oracle.domain.types import Outcome
from oracle.store import chain as chain_store
from oracle.store import feed as feed_store
from oracle.store import standings
from oracle.store import tabs as tab_store
from oracle.store.chain import Header
from oracle.store.database import Database
from oracle.store.tabs import TabHappened
from oracle.webhooks.desk import RetryRule, WebhookDesk
from oracle.webhooks.feed import Feed
from oracle.webhooks.sending import Way
from oracle.webhooks.signing import WebhookKeys
from tests.databases import Databases
from tests.unit.api.test_tabs import CONTRACT, FIRST, HASH, PROVIDER, opened
from tests.unit.api.world import World, made_world
from tests.unit.store.score_history import AGENTS, BUYERS, block
from tests.unit.webhooks.test_feed import due, full, happen, orphan, settle, subscribe

BUYER = BUYERS[0]
PRESENTED = Presented(FIRST, 1, 100, 1_000, HASH, 5_100, False)
JUDGED = PeriodJudged(FIRST, 1, Outcome.PASS, 900, 0b11, 6_000, (HASH,))
DISPUTED = PeriodDisputed(FIRST, 1, BUYER, Outcome.PASS, 500, 200, 9_000, HASH)
SETTLED = PeriodSettled(FIRST, 1, Outcome.PASS, 600, 500, 30, 0, 0, 0b11)


@pytest.fixture
def world(databases: Databases) -> Iterator[World]:
    made = made_world(databases)
    with made.database.write() as session:
        tab_store.follow(session, CONTRACT)
    made.catch_up()
    subscribe(made, "one")
    settle(made)
    yield made
    made.database.close()


def on_tab(world: World, at: Header, *events: TabEvent, first: int = 0) -> None:
    with world.database.write() as session:
        if chain_store.header_at(session, at.number) is None:
            chain_store.save_blocks(session, [at])
        tab_store.save_tab_events(
            session,
            [
                TabHappened(event, "0x" + "77" * 32, at.number, index, at.timestamp)
                for index, event in enumerate(events, start=first)
            ],
        )


def test_tab__each_step__is_told_once_in_order(world: World) -> None:
    on_tab(world, block(900), opened(FIRST, BUYER), PRESENTED)
    on_tab(world, block(901), JUDGED)
    on_tab(world, block(902), SETTLED, Defaulted(FIRST, BUYER, 100, 0))
    on_tab(world, block(903), TabClosed(FIRST, TabEnding.LEFT, 1, 2, 3))
    told = [one for one in settle(world) if one["type"].startswith(("tab.", "dispute."))]
    assert [one["type"] for one in told] == [
        "tab.opened", "tab.presented", "tab.judged", "tab.settled", "tab.defaulted", "tab.closed",
    ]  # fmt: skip
    assert {(one["data"]["tab"], one["data"]["agent"]) for one in told} == {(FIRST, PROVIDER)}
    assert told[3]["data"]["arguments"]["payable"] == "600"
    assert [one["data"]["block_hash"] for one in told] == [
        block(number).hash for number in (900, 900, 901, 902, 902, 903)
    ]
    assert settle(world) == []
    assert [one for one in due(world, "one") if one["type"].startswith("tab.")] == told


@pytest.mark.parametrize(
    ("steps", "types"),
    [
        pytest.param([JUDGED, SETTLED], [], id="no dispute"),
        pytest.param([JUDGED, DISPUTED], ["dispute.opened"], id="open"),
        pytest.param(
            [JUDGED, DISPUTED, PeriodRuled(FIRST, 1, HASH[:42], Outcome.PASS, 600, 7), SETTLED],
            ["dispute.opened", "dispute.closed"],
            id="ruled",
        ),
        pytest.param(
            [PeriodLapsed(FIRST, 1, 0b1, 9), DISPUTED, TabClosed(FIRST, TabEnding.AGREED, 1, 2, 3)],
            ["dispute.opened", "dispute.closed"],
            id="agreed",
        ),
        pytest.param(
            [JUDGED, DISPUTED, SETTLED, TabClosed(FIRST, TabEnding.LEFT, 1, 2, 3)],
            ["dispute.opened", "dispute.closed"],
            id="closed once",
        ),
        pytest.param(
            [JUDGED, DISPUTED, SETTLED, Presented(FIRST, 2, 101, 1_001, HASH, 9, True),
             PeriodSettled(FIRST, 2, Outcome.PASS, 1, 1, 0, 0, 0, 1)],
            ["dispute.opened", "dispute.closed"],
            id="not of the next period",
        ),
    ],
)  # fmt: skip
def test_dispute_of_a_tab__is_told_with_its_end(
    world: World, steps: list[TabEvent], types: list[str]
) -> None:
    on_tab(world, block(900), opened(FIRST, BUYER), PRESENTED, *steps)
    told = [one for one in settle(world) if one["type"].startswith("dispute.")]
    assert [one["type"] for one in told] == types
    assert all(one["data"]["tab"] == FIRST for one in told)


def test_jobs_and_tabs__of_one_block__are_told_in_its_order(world: World) -> None:
    happen(world, block(900), *full(500, AGENTS[0]))
    on_tab(world, block(900), opened(FIRST, BUYER), PRESENTED, first=4)
    on_tab(world, block(901), JUDGED)
    told = [one for one in settle(world) if one["type"].startswith(("job.", "tab."))]
    assert [(one["data"]["block"], one["data"]["log_index"]) for one in told] == [
        (900, 0), (900, 1), (900, 2), (900, 3), (900, 4), (900, 5), (901, 0),
    ]  # fmt: skip


def test_many__of_jobs_and_of_tabs__are_told_whole_and_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oracle.webhooks.feed._AT_ONCE", 3)
    on_tab(world, block(900), opened(FIRST, BUYER))
    for number in range(8):
        if number % 3:
            happen(world, block(901 + number), *full(500 + number, AGENTS[0]))
        on_tab(world, block(901 + number), PRESENTED, first=9)
    told = [one for one in settle(world) if one["type"].startswith(("job.", "tab."))]
    places = [(one["data"]["block"], one["data"]["log_index"]) for one in told]
    assert places == sorted(places)
    assert len(places) == len(set(places)) == 1 + 8 + 5 * 4


def test_reorg__what_was_told_of_a_tab__is_corrected_with_where_it_stands(world: World) -> None:
    on_tab(world, block(900), opened(FIRST, BUYER), PRESENTED)
    settle(world)
    on_tab(world, block(901), JUDGED, DISPUTED)
    first = settle(world)
    orphan(world, 900)
    happen(world, Header(901, "0x" + "0e" * 32, block(900).hash, block(901).timestamp))
    told = [one for one in settle(world) if one["corrects"] is not None]
    assert {one["corrects"] for one in told} == {one["id"] for one in first}
    assert {one["type"] for one in told} == {"tab.corrected", "dispute.corrected"}
    assert {(one["data"]["tab"], one["data"]["phase"]) for one in told} == {(FIRST, "presented")}
    orphan(world, 899)
    happen(world, Header(900, "0x" + "0d" * 32, block(899).hash, block(900).timestamp))
    gone = [one for one in settle(world) if one["type"] == "tab.corrected"]
    assert {one["data"]["phase"] for one in gone} == {None}


def test_agent_with_tabs_alone__is_told_of_and_taken_back(world: World) -> None:
    on_tab(world, block(900), opened(FIRST, BUYER))
    (covered,) = [one for one in settle(world) if one["type"] == "coverage.changed"]
    assert (covered["data"]["agent"], covered["data"]["running"]) == (PROVIDER, 1)
    orphan(world, 899)
    happen(world, Header(900, "0x" + "0e" * 32, block(899).hash, block(900).timestamp))
    (back,) = [one for one in settle(world) if one["type"] == "coverage.corrected"]
    assert (back["corrects"], back["data"]["exposure"]) == (covered["id"], "0")
    assert settle(world) == []


def test_look__while_nothing_happens__reads_no_standing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = Feed()
    step(world, feed)
    looks: list[int | None] = []
    differing = feed_store.differing

    def counted(session: object, *, since: int | None, limit: int) -> object:
        looks.append(since)
        return differing(session, since=since, limit=limit)  # type: ignore[arg-type]

    monkeypatch.setattr(feed_store, "differing", counted)
    assert not has_news(world, feed)
    assert looks == []
    happen(world, block(3_000))
    assert has_news(world, feed)
    step(world, feed)
    happen(world, block(3_001), *full(500, AGENTS[0]))
    world.catch_up()
    step(world, feed)
    step(world, feed)
    assert not has_news(world, feed)
    assert None not in looks
    assert looks[-1] == 3_001 - standings.KEPT


class LosesOne:
    """A database whose next transaction is undone at its end."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.read = database.read
        self.fails = False

    @contextmanager
    def write(self) -> Iterator[Session]:
        with self._database.write() as session:
            yield session
            if self.fails:
                self.fails = False
                raise EarnestError("the disk is full")


def test_look__that_was_not_stored__is_looked_at_again(world: World) -> None:
    database = LosesOne(world.database)
    desk = WebhookDesk(database, WebhookKeys(world.key), Way(), RetryRule())  # type: ignore[arg-type]
    while desk.notice():
        pass
    happen(world, block(900), full(500, AGENTS[0])[0])
    world.catch_up()
    database.fails = True
    with pytest.raises(EarnestError, match="full"):
        desk.notice()
    assert due(world, "one") == []
    while desk.notice():
        pass
    types = {one["type"] for one in due(world, "one")}
    assert types == {"job.opened", "coverage.changed"}


def test_look__after_another_process_led__looks_at_all(world: World) -> None:
    feed, other = Feed(), Feed()
    step(world, feed)
    happen(world, block(900), *full(500, AGENTS[0]))
    step(world, other)
    assert has_news(world, feed)
    world.catch_up()
    step(world, feed)
    assert not has_news(world, feed)


def has_news(world: World, feed: Feed) -> bool:
    with world.database.read() as session:
        return feed.has_news(session)


def step(world: World, feed: Feed) -> None:
    with world.database.write() as session:
        feed.step(session)
