"""Filters of the API's lists: each list says of its items what it was asked for, and pages hold together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from oracle.domain import events as e
from oracle.store import chain as chain_store
from oracle.store import standings
from oracle.store.events import Happened, save_events
from oracle.store.rollback import roll_back
from tests.databases import Databases
from tests.unit.api.world import TERMS, World, made_world, place
from tests.unit.store.score_history import AGENTS, BUYERS, OTHER, ROOT, USDC, block, job


@pytest.fixture
def world(databases: Databases) -> Iterator[World]:
    made = made_world(databases)
    yield made
    made.database.close()


def pages(world: World, path: str, **filters: Any) -> list[Any]:
    """All items of a list, two at a time."""
    found: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        page = world.get(path, **filters, **cursor, limit=2)
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


def set_scores(world: World, scores: list[int | None]) -> None:
    """Have the rows say these scores, and caps and times that differ."""
    with world.database.write() as session:
        kept = standings.get_standings(session, AGENTS)
        changed = [
            replace(kept[agent], score=score, cap=number * USDC, last_pass=number * 1_000 or None)
            for number, (agent, score) in enumerate(zip(AGENTS, scores, strict=True))
        ]
        standings.save(session, changed)


def open_job(world: World, number: int, agent: str, at: int) -> None:
    with world.database.write() as session:
        chain_store.save_blocks(session, [block(at)])
        opened = job(number, agent, BUYERS[0])
        save_events(session, [Happened(opened, "0x" + "77" * 32, place(0, at))])
    world.catch_up()


def test_agents__every_line__says_what_the_agent_s_own_score_says(world: World) -> None:
    lines = pages(world, "/agents")
    assert [line["agent"] for line in lines] == sorted(AGENTS)
    for line in lines:
        score = world.get(f"/agents/{line['agent']}/score")
        covered = score["coverage"]
        assert (line["score"], line["interval"], line["last_pass"]) == (
            score["score"], score["interval"], score["last_pass"],
        )  # fmt: skip
        assert (line["cap"], line["running"], line["exposure"]) == (
            covered["cap"], covered["running"], covered["exposure"],
        )  # fmt: skip
        jobs = world.get("/jobs", provider=line["agent"], limit=200)["items"]
        assert (line["jobs"], line["price"]) == (len(jobs), jobs[0]["price"])


@pytest.mark.parametrize(
    ("name", "field"), [("min_score", "score"), ("min_cap", "cap"), ("passed_since", "last_pass")]
)
def test_agents__at_least_this__are_those_that_have_it(world: World, name: str, field: str) -> None:
    set_scores(world, [700, None, 420])
    every = pages(world, "/agents")
    values = sorted({int(line[field]) for line in every if line[field] is not None})
    assert len(values) > 1
    for value in values:
        expected = [line for line in every if line[field] is not None and int(line[field]) >= value]
        assert pages(world, "/agents", **{name: value}) == expected


def test_agents__by_price_pact_and_committee__are_those(world: World) -> None:
    every = pages(world, "/agents")
    dearest = max(int(line["price"]) for line in every)
    assert pages(world, "/agents", max_price=dearest) == every
    assert len(pages(world, "/agents", max_price=dearest - 1)) == len(every) - 1
    pact = world.get("/pacts")["items"][0]["pact"]
    assert pages(world, "/agents", pact=pact, committee=OTHER) == every
    assert pages(world, "/agents", pact="0x" + "99" * 32) == []


def test_agents__best_first__fall_and_end_with_the_unknown(world: World) -> None:
    set_scores(world, [420, None, 700])
    assert [line["agent"] for line in pages(world, "/agents", order="score")] == [
        AGENTS[2], AGENTS[0], AGENTS[1],
    ]  # fmt: skip
    set_scores(world, [420, 420, 420])
    assert [line["agent"] for line in pages(world, "/agents", order="score")] == sorted(AGENTS)


def test_agents__after_a_job_and_a_reorg__are_as_if_computed_from_nothing(world: World) -> None:
    before = pages(world, "/agents")
    open_job(world, 701, AGENTS[0], 901)
    assert pages(world, "/agents")[0]["running"] == 1
    with world.database.write() as session:
        roll_back(session, 900)
    world.catch_up()
    assert pages(world, "/agents") == before


def test_agents__a_day_later__have_the_score_of_that_day(world: World) -> None:
    with world.database.write() as session:
        chain_store.save_blocks(session, [block(20_000)])
    world.catch_up()
    with world.database.read() as session:
        days = {one.day for one in standings.get_standings(session, AGENTS).values()}
    assert days == {block(20_000).timestamp // 86_400}
    assert all(line["cap"] == "0" for line in pages(world, "/agents"))


def test_pacts__by_party__count_that_party_s_jobs(world: World) -> None:
    (line,) = pages(world, "/pacts", agent=AGENTS[0])
    assert line["jobs"] == len(world.get("/jobs", provider=AGENTS[0], limit=200)["items"])
    assert pages(world, "/pacts", buyer="0x" + "99" * 20) == []


def test_events__of_an_agent__are_its_jobs_events(world: World) -> None:
    found = pages(world, "/events", agent=AGENTS[1], name="JobClosed")
    jobs = {one["job"] for one in world.get("/jobs", provider=AGENTS[1], limit=200)["items"]}
    assert {one["subject"] for one in found} == jobs
    disputes = pages(world, "/disputes", agent=AGENTS[1])
    assert disputes
    assert {one["subject"] for one in disputes} <= jobs


def test_committees_and_evaluators__by_what_they_are_made_of__are_those(world: World) -> None:
    other = "0x" + "c9" * 32
    with world.database.write() as session:
        chain_store.save_blocks(session, [block(902)])
        terms = replace(TERMS, evaluators=("0x" + "f1" * 20,), arbiter="0x" + "f2" * 20)
        events: list[e.EscrowEvent] = [
            e.CommitteeCreated(other, terms), e.Joined(other, 0, "0x" + "f3" * 20, USDC),
        ]  # fmt: skip
        save_events(
            session,
            [Happened(event, "0x" + "77" * 32, place(index, 902)) for index, event in enumerate(events)],
        )
    assert len(pages(world, "/committees", methodology=TERMS.methodology)) == 2
    assert [one["committee"] for one in pages(world, "/committees", arbiter="0x" + "f2" * 20)] == [other]
    assert [one["committee"] for one in pages(world, "/committees", evaluator=TERMS.evaluators[0])] == [ROOT]
    # Whoever is named without having joined is in no committee.
    assert pages(world, "/committees", evaluator=TERMS.evaluators[1]) == []
    # An address that stands elsewhere in the terms is not found as something else.
    assert pages(world, "/committees", evaluator="0x" + "f2" * 20) == []
    assert [one["committee"] for one in pages(world, "/evaluators", key="0x" + "f3" * 20)] == [other]


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        ("/agents", "min_score", "1001"), ("/agents", "min_score", "-1"), ("/agents", "max_price", "1e9"),
        ("/agents", "pact", "0x' OR 1=1 --"), ("/agents", "order", "luck"),
        ("/agents", "min_cap", str(2**70)),
        ("/pacts", "agent", "%"), ("/committees", "evaluator", "0x%"), ("/events", "agent", "0x" + "A" * 40),
    ],
)  # fmt: skip
def test_filters__hostile__are_refused_and_named(world: World, path: str, name: str, value: str) -> None:
    answer = world.client.get("/v1" + path, params={name: value})
    assert answer.status_code == 422
    assert answer.json()["field"] == name


@pytest.mark.parametrize("values", [["1", "2"], ["1", "1"], ["luck", "2"]])
def test_filters__given_twice__are_refused_and_named(world: World, values: list[str]) -> None:
    answer = world.client.get("/v1/agents", params={"min_cap": values})
    assert (answer.status_code, answer.json()["field"]) == (422, "min_cap")


def test_cursor__with_other_filters__is_refused(world: World) -> None:
    cursor = world.get("/agents", limit=1, order="score")["next"]
    answer = world.client.get("/v1/agents", params={"limit": 1, "order": "agent", "cursor": cursor})
    assert (answer.status_code, answer.json()["field"]) == (400, "cursor")
