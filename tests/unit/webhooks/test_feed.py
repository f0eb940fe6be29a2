"""What changes: told once, corrected where its block is orphaned, queued for those who asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from sqlalchemy import delete

from oracle.api.show import event_arguments
from oracle.domain import events as e
from oracle.domain.types import Ending, Outcome
from oracle.store import chain as chain_store
from oracle.store import codec, feed, webhooks
from oracle.store.chain import Header
from oracle.store.events import Happened, save_events
from oracle.store.rollback import roll_back
from oracle.store.tables import Block
from oracle.store.webhooks import Webhook
from oracle.webhooks.feed import Feed
from tests.databases import Databases
from tests.unit.api.world import World, made_world, place
from tests.unit.store.score_history import AGENTS, BUYERS, USDC, block, job

EVERY = frozenset({"score", "coverage", "job", "tab", "dispute", "webhook"})


@pytest.fixture
def world(databases: Databases) -> Iterator[World]:
    made = made_world(databases)
    yield made
    made.database.close()


def subscribe(world: World, name: str, kinds: frozenset[str] = EVERY, *agents: str) -> None:
    with world.database.write() as session:
        feed.begin(session)
        webhooks.add(session, Webhook(name, "https://a.example", kinds, frozenset(agents), 1.0, None))


def settle(world: World) -> list[Any]:
    """Notice everything; the new messages in order."""
    with world.database.read() as session:
        before = feed.changes_after(session, 0)
    world.catch_up()
    listening = Feed()
    while True:
        with world.database.read() as session:
            if not listening.has_news(session):
                break
        with world.database.write() as session:
            listening.step(session)
    with world.database.read() as session:
        after = feed.changes_after(session, before[-1].id if before else 0)
    return [orjson.loads(change.body) for change in after]


def happen(world: World, at: Header, *events: e.EscrowEvent) -> None:
    with world.database.write() as session:
        chain_store.save_blocks(session, [at])
        save_events(
            session,
            [Happened(event, "0x" + "77" * 32, place(index, at.number)._replace(block_hash=at.hash))
             for index, event in enumerate(events)],
        )  # fmt: skip


def orphan(world: World, above: int) -> None:
    with world.database.write() as session:
        roll_back(session, above)


def due(world: World, name: str) -> list[Any]:
    with world.database.read() as session:
        return [orjson.loads(one.body) for one in webhooks.due(session, name, now=2**40, limit=100)]


def full(number: int, agent: str) -> tuple[e.JobOpened, e.Delivered, e.Judged, e.JobClosed]:
    opened = job(number, agent, BUYERS[0])
    return (
        opened,
        e.Delivered(opened.job, "0x" + "d1" * 32),
        e.Judged(opened.job, Outcome.FAIL, 0b11, 99, ()),
        e.JobClosed(opened.job, Outcome.FAIL, Ending.SETTLED, 1, 2, 10 * USDC, 7, 3),
    )


def test_nobody_listens__nothing_is_kept(world: World) -> None:
    happen(world, block(900), *full(500, AGENTS[0]))
    assert settle(world) == []


def test_history__before_the_first_subscription__is_not_told(world: World) -> None:
    subscribe(world, "one")
    assert settle(world) == []


def test_job__each_event__is_told_once_in_order(world: World) -> None:
    subscribe(world, "one")
    settle(world)
    happen(world, block(900), *full(500, AGENTS[0]))
    told = settle(world)
    jobs = [one for one in told if one["type"].startswith("job.")]
    assert [one["type"] for one in jobs] == ["job.opened", "job.delivered", "job.judged", "job.closed"]
    assert {one["data"]["agent"] for one in jobs} == {AGENTS[0]}
    assert {one["data"]["block_hash"] for one in jobs} == {block(900).hash}
    assert jobs[3]["data"]["arguments"]["outcome"] == "2"
    opened = full(500, AGENTS[0])[0]
    assert jobs[0]["data"]["arguments"] == event_arguments(codec.event_text(opened))
    assert settle(world) == []
    assert len({one["id"] for one in told}) == len(told)
    assert due(world, "one") == told


def test_score_and_coverage__of_the_agent_alone__say_what_they_were_and_are(world: World) -> None:
    subscribe(world, "one")
    settle(world)
    was = world.get(f"/agents/{AGENTS[0]}/score")
    opened = full(500, AGENTS[0])[0]
    happen(world, block(900), opened)
    (covered,) = [one for one in settle(world) if one["type"] == "coverage.changed"]
    now = world.get(f"/agents/{AGENTS[0]}/score")["coverage"]
    assert (covered["data"]["agent"], covered["data"]["exposure"]) == (AGENTS[0], now["exposure"])
    assert covered["data"]["was"]["exposure"] == was["coverage"]["exposure"] == "0"
    assert int(now["exposure"]) > 0


def test_new_agent__is_told_from_nothing(world: World) -> None:
    subscribe(world, "one")
    settle(world)
    happen(world, block(900), full(500, "0x" + "dd" * 20)[0])
    told = settle(world)
    assert [one["type"] for one in told] == ["job.opened", "coverage.changed"]
    assert told[1]["data"]["was"] == {"cap": "0", "exposure": "0"}


def test_score__that_changes__is_told_with_what_it_was(world: World) -> None:
    subscribe(world, "one")
    settle(world)
    stranger = "0x" + "dd" * 20
    for number in range(3):
        happen(world, block(900 + number), *full(500 + number, stranger))
    told = [one["data"] for one in settle(world) if one["type"] == "score.changed"]
    assert [(one["agent"], one["was"], one["score"]) for one in told] == [(stranger, None, 0)]


def test_dispute__opened_and_closed__is_told_as_such(world: World) -> None:
    subscribe(world, "one", frozenset({"dispute"}))
    settle(world)
    opened, delivered, judged, _ = full(500, AGENTS[0])
    happen(
        world, block(900), opened, delivered, judged, e.Disputed(opened.job, AGENTS[0], Outcome.PASS, 5, 9)
    )
    happen(world, block(901), e.JobClosed(opened.job, Outcome.FAIL, Ending.RULED, 1, 2, 3, 7, 3))
    settle(world)
    assert [one["type"] for one in due(world, "one")] == ["dispute.opened", "dispute.closed"]


def test_kinds_and_agents__of_a_subscription__are_all_it_gets(world: World) -> None:
    subscribe(world, "jobs", frozenset({"job"}), AGENTS[1])
    subscribe(world, "scores", frozenset({"score", "coverage"}))
    settle(world)
    happen(world, block(900), *full(500, AGENTS[0]))
    happen(world, block(901), full(501, AGENTS[1])[0])
    settle(world)
    assert [(one["type"], one["data"]["agent"]) for one in due(world, "jobs")] == [("job.opened", AGENTS[1])]
    assert {one["type"].partition(".")[0] for one in due(world, "scores")} <= {"score", "coverage"}
    assert due(world, "scores")


def test_reorg__what_was_told__is_corrected_and_the_other_branch_told(world: World) -> None:
    subscribe(world, "one")
    stranger = "0x" + "dd" * 20
    settle(world)
    happen(world, block(900), *full(500, stranger))
    first = settle(world)
    orphan(world, 899)
    other = Header(900, "0x" + "0e" * 32, block(899).hash, block(900).timestamp)
    happen(world, other, full(500, stranger)[0])
    second = settle(world)
    corrected = {one["corrects"] for one in second if one["type"] in ("job.corrected", "dispute.corrected")}
    assert corrected == {one["id"] for one in first if one["type"].startswith("job.")}
    assert {one["data"]["state"] for one in second if one["type"] == "job.corrected"} == {"open"}
    opened = [one for one in second if one["type"] == "job.opened"]
    assert [one["data"]["block_hash"] for one in opened] == [other.hash]
    derived = {one["id"] for one in first if one["type"] in ("score.changed", "coverage.changed")}
    assert derived
    anew = [one for one in second if one["type"] in ("score.corrected", "coverage.corrected")]
    assert {one["corrects"] for one in anew} == derived
    assert settle(world) == []


def test_reorg__a_job_that_never_was__is_corrected_to_nothing(world: World) -> None:
    subscribe(world, "one")
    settle(world)
    stranger = "0x" + "dd" * 20
    happen(world, block(900), full(500, stranger)[0])
    first = settle(world)
    orphan(world, 899)
    happen(world, Header(900, "0x" + "0e" * 32, block(899).hash, block(900).timestamp))
    second = settle(world)
    assert [(one["type"], one["corrects"]) for one in second] == [
        ("job.corrected", first[0]["id"]), ("coverage.corrected", first[1]["id"]),
    ]  # fmt: skip
    assert second[0]["data"]["state"] is None
    assert (second[1]["data"]["cap"], second[1]["data"]["exposure"]) == ("0", "0")
    assert settle(world) == []


def test_reorg__back_to_the_same_blocks__tells_them_again_once_each_time(world: World) -> None:
    subscribe(world, "one")
    stranger = "0x" + "dd" * 20
    settle(world)
    happen(world, block(900), *full(500, stranger))
    told = settle(world)
    ids = {one["id"] for one in told}
    first = [(one["type"], one["data"]) for one in told]
    for with_other_block in (False, True, False):
        orphan(world, 899)
        if with_other_block:
            happen(world, Header(900, "0x" + "0e" * 32, block(899).hash, block(900).timestamp))
        back = settle(world)
        assert {one["type"].partition(".")[2] for one in back} == {"corrected"}
        assert {one["data"]["state"] for one in back if one["type"] == "job.corrected"} == {None}
        orphan(world, 899)
        happen(world, block(900), *full(500, stranger))
        again = settle(world)
        jobs = [one for one in again if one["type"].startswith("job.") and one["corrects"] is None]
        assert [(one["type"], one["data"]) for one in jobs] == [
            one for one in first if one[0].startswith("job.")
        ]
        assert [one["type"] for one in again if one["type"].startswith("job.")][-1] == "job.closed"
        coverage = [one["data"] for one in again if one["type"].startswith("coverage.")]
        assert coverage[-1] == next(data for type_, data in reversed(first) if type_ == "coverage.changed")
        assert settle(world) == []
        fresh = [one["id"] for one in back + again]
        assert len(set(fresh)) == len(fresh)
        assert not ids & set(fresh)
        ids |= set(fresh)
        told += back + again
    assert due(world, "one") == told


def test_reorg__with_more_changes_than_fit_at_once__corrects_all(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oracle.webhooks.feed._AT_ONCE", 3)
    subscribe(world, "one")
    settle(world)
    for number in range(4):
        happen(world, block(900 + number), *full(500 + number, AGENTS[0]))
    first = settle(world)
    orphan(world, 899)
    happen(world, Header(900, "0x" + "0d" * 32, block(899).hash, block(900).timestamp))
    happen(world, Header(901, "0x" + "0e" * 32, "0x" + "0d" * 32, block(901).timestamp))
    corrected = [one["corrects"] for one in settle(world) if one["type"] == "job.corrected"]
    assert sorted(corrected) == sorted(one["id"] for one in first if one["type"].startswith("job."))


def test_reorg__long_after__says_nothing_of_jobs_whose_blocks_are_kept_no_longer(world: World) -> None:
    subscribe(world, "one")
    settle(world)
    happen(world, block(900), *full(500, AGENTS[0]))
    settle(world)
    orphan(world, 899)
    assert settle(world)  # corrections, at a block that goes as well
    happen(world, block(900), *full(500, AGENTS[0]))
    for number in (901, 902):
        happen(world, block(number))
    settle(world)
    with world.database.write() as session:
        session.execute(delete(Block).where(Block.block_number <= 900))
    orphan(world, 901)
    happen(world, Header(902, "0x" + "0e" * 32, block(901).hash, block(902).timestamp))
    assert settle(world) == []


def test_reorg__noticed_long_after__is_corrected_though_no_header_says_so(world: World) -> None:
    subscribe(world, "one")
    settle(world)
    happen(world, block(900), full(500, AGENTS[0])[0])
    first = settle(world)
    orphan(world, 899)
    happen(world, Header(5_905, "0x" + "0e" * 32, "0x" + "0d" * 32, block(900).timestamp))
    corrected = [one for one in settle(world) if one["type"] == "job.corrected"]
    assert [(one["corrects"], one["data"]["state"]) for one in corrected] == [(first[0]["id"], None)]


def test_reorg__of_blocks_that_told_nothing__corrects_nothing(world: World) -> None:
    subscribe(world, "one")
    happen(world, block(900), full(500, AGENTS[0])[0])
    settle(world)
    happen(world, block(901))
    settle(world)
    orphan(world, 900)
    happen(world, Header(901, "0x" + "0e" * 32, block(900).hash, block(901).timestamp))
    assert settle(world) == []


def test_many_blocks_at_once__are_told_whole_and_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oracle.webhooks.feed._AT_ONCE", 3)
    subscribe(world, "one")
    settle(world)
    for number in range(6):
        happen(world, block(900 + number), *full(500 + number, AGENTS[number % 3]))
    told = [one for one in settle(world) if one["type"].startswith("job.")]
    assert [one["data"]["block"] for one in told] == [900 + number // 4 for number in range(24)]
