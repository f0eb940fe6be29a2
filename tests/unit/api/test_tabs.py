"""Tabs in the API: what was agreed, where each stands, verdicts, disputes and what was paid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from oracle.domain.tab_events import (
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
from oracle.store import chain as chain_store
from oracle.store import tabs as tab_store
from oracle.store.rollback import roll_back
from oracle.store.tabs import TabHappened
from tests.databases import Databases
from tests.unit.api.test_api import pages
from tests.unit.api.world import World, made_world
from tests.unit.store.score_history import BUYERS, ROOT, block
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
    first, second = world.get(f"/tabs/{FIRST}")["periods"]
    assert (first["count"], first["presented"], first["window_ends"]) == ("100", "1000", 5_100)
    assert first["verdict"] == {
        "outcome": "pass", "payable": "900", "signers": [0, 1], "evidence": [HASH, PACT],
        "challenge_ends": 6_000,
    }  # fmt: skip
    assert (first["dispute"]["sought_payable"], first["dispute"]["ruled_payable"]) == ("500", "600")
    assert (first["outcome"], first["payable"], first["paid"]) == ("pass", "600", "600")
    assert (second["presented"], second["verdict"], second["outcome"]) == ("600", None, None)
    (lapsed,) = world.get(f"/tabs/{SECOND}")["periods"]
    assert (lapsed["silent"], lapsed["verdict"]) == ([1, 2], None)


def test_what_is_orphaned_is_gone(world: World) -> None:
    happen(world, TabClosed(SECOND, TabEnding.AGREED, 1, 2, 3), start=900)
    assert world.get(f"/tabs/{SECOND}")["tab"]["ending"] == "agreed"
    with world.database.write() as session:
        roll_back(session, 807)
    assert world.get(f"/tabs/{FIRST}")["tab"]["phase"] == "open"
    assert world.get(f"/tabs/{SECOND}")["periods"] == []
    with world.database.write() as session:
        roll_back(session, 800)
    assert [each["tab"] for each in pages(world, "/tabs")] == [FIRST]


def test_an_unknown_tab_is_not_found(world: World) -> None:
    answer = world.client.get(f"/v1/tabs/{HASH}")
    assert (answer.status_code, answer.json()["field"]) == (404, "tab")
