"""The API: what it shows, what it refuses, and that what it says can be handed on."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from oracle.api.app import make_api
from oracle.api.show import event_arguments
from oracle.api.signing import is_signed
from oracle.domain import events as e
from oracle.peers.limits import Rates
from oracle.score.document import ScoreDocument
from oracle.store import chain as chain_store
from oracle.store import codec
from oracle.store.database import Database
from oracle.store.events import Happened, save_events
from oracle.store.rollback import roll_back
from oracle.web.limits import Limits
from tests.databases import Databases
from tests.unit.api.world import World, made_world, place
from tests.unit.store.score_history import AGENTS, BUYERS, ROOT, block, history, job


@pytest.fixture
def world(databases: Databases) -> Iterator[World]:
    made = made_world(databases)
    yield made
    made.database.close()


def pages(world: World, path: str, **filters: Any) -> list[Any]:
    """All items of a list, page after page."""
    found: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        page = world.get(path, **filters, **cursor)
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


@pytest.mark.parametrize(
    ("path", "count"), [("/jobs", 60), ("/agents", 3), ("/committees", 1), ("/evaluators", 1), ("/pacts", 1)]
)
def test_lists__in_pages_of_any_size__are_whole_and_without_doubles(
    world: World, path: str, count: int
) -> None:
    whole = pages(world, path, limit=200)
    assert len(whole) == count
    assert pages(world, path, limit=1) == pages(world, path, limit=7) == whole


def test_list__while_new_jobs_are_opened__shows_no_job_twice_and_misses_none(world: World) -> None:
    first = world.get("/jobs", limit=20)
    before = {one["job"] for one in pages(world, "/jobs")}
    with world.database.write() as session:
        at = block(900)
        chain_store.save_blocks(session, [at])
        save_events(session, [Happened(job(500, AGENTS[0], BUYERS[0]), "0x" + "77" * 32, place(0, 900))])
    rest = world.get("/jobs", limit=20, cursor=first["next"])
    shown = [one["job"] for one in first["items"] + rest["items"]]
    assert len(set(shown)) == len(shown) == 40
    assert set(shown) < before


def test_jobs__filters__agree_with_what_they_say(world: World) -> None:
    found = pages(world, "/jobs", provider=AGENTS[1], buyer=BUYERS[2], limit=3)
    every = pages(world, "/jobs")
    assert found == [job for job in every if (job["provider"], job["buyer"]) == (AGENTS[1], BUYERS[2])]
    assert found
    states = {state: len(pages(world, "/jobs", state=state)) for state in ("open", "closed", "disputed")}
    assert states == {"open": 0, "closed": 60, "disputed": 0}
    assert world.get(f"/jobs/{every[0]['job']}")["job"] == every[0]


def test_events__by_name_and_subject__are_those(world: World) -> None:
    job = world.get("/jobs", limit=1)["items"][0]["job"]
    names = [event["name"] for event in pages(world, "/events", subject=job)]
    assert names[-1] == "JobOpened"
    assert names[0] == "JobClosed"
    disputes = pages(world, "/disputes", limit=2)
    assert disputes == pages(world, "/events", name="Disputed")
    assert len(disputes) > 5
    assert len(pages(world, "/verdicts")) == 60
    assert pages(world, "/verdicts", job=job)[0]["arguments"]["signers"] == "3"


def test_events__that_open_a_job__say_the_whole_agreement(world: World) -> None:
    opened = [job(number, AGENTS[0], BUYERS[0]) for number in (500, 501)]
    with world.database.write() as session:
        chain_store.save_blocks(session, [block(900)])
        happened = [Happened(one, "0x" + "77" * 32, place(index, 900)) for index, one in enumerate(opened)]
        save_events(session, happened)
    said = world.get("/events", name="JobOpened", limit=2)["items"]
    expected = [event_arguments(codec.event_text(one)) for one in reversed(opened)]
    assert [one["arguments"] for one in said] == expected


def test_score__kept_ready_or_asked_at_the_block__is_the_same(world: World) -> None:
    kept = world.client.get(f"/v1/agents/{AGENTS[0]}/score")
    again = world.client.get(f"/v1/agents/{AGENTS[0]}/score")
    at = kept.json()["at"]["block"]
    computed = world.get(f"/agents/{AGENTS[0]}/score", at=at)
    assert kept.json() == again.json() == computed
    assert kept.content == again.content
    assert world.source.book.ready(AGENTS[0]) is not None
    ScoreDocument.model_validate_json(kept.content)


def test_score__kept_ready__is_answered_without_the_store(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/v1/agents/{AGENTS[0]}/score"
    first = world.client.get(path)

    def gone(*_: object) -> None:
        raise AssertionError("the store was asked")

    monkeypatch.setattr(world.database, "read", gone)
    assert world.client.get(path).content == first.content
    assert world.client.get(f"/v1/agents/{AGENTS[1]}/score").status_code == 500


def test_score__after_one_more_job__is_what_it_is_from_nothing(world: World) -> None:
    for agent in AGENTS:
        world.get(f"/agents/{agent}/score")
    more = [
        Happened(item.event, item.tx_hash, place(index, 500 + item.place.block_number))
        for index, item in enumerate(history(70, seed=3)[-200:])
        if _job_number(item.event) >= 60
    ]
    numbers = sorted({item.place.block_number for item in more})
    for number in numbers:
        with world.database.write() as session:
            chain_store.save_blocks(session, [block(number)])
            save_events(session, [item for item in more if item.place.block_number == number])
        world.catch_up()
    fresh = World(world.database)
    for agent in AGENTS:
        kept = world.source.book.ready(agent)
        assert kept is not None
        document = ScoreDocument.model_validate_json(kept.body)
        at = document.at.block
        assert fresh.get(f"/agents/{agent}/score", at=at) == document.model_dump(mode="json")
    assert world.get(f"/agents/{AGENTS[0]}/score")["pieces"] > 0


def _job_number(event: Any) -> int:
    return int(event.job, 16) - 1


def test_score__after_a_reorg__rests_on_no_orphan(world: World) -> None:
    before = world.get(f"/agents/{AGENTS[0]}/score")
    with world.database.write() as session:
        roll_back(session, 20)
    world.catch_up()
    assert world.source.book.ready(AGENTS[0]) is None
    after = world.get(f"/agents/{AGENTS[0]}/score")
    assert after["at"]["block"] <= 20
    assert after["pieces"] < before["pieces"]


def test_score__a_day_later__is_made_anew(world: World) -> None:
    before = world.get(f"/agents/{AGENTS[0]}/score")
    with world.database.write() as session:
        chain_store.save_blocks(session, [block(200)])
    world.catch_up()
    kept = world.source.book.ready(AGENTS[0])
    assert kept is not None
    after = ScoreDocument.model_validate_json(kept.body)
    assert after.at.block == 200
    assert float(after.passes) < float(before["passes"])


def test_history__ends_with_the_score_of_the_last_midnight(world: World) -> None:
    told = world.get(f"/agents/{AGENTS[0]}/score/history", days=5)
    assert len(told["points"]) == 5
    assert [point["time"] % 86_400 for point in told["points"]] == [0] * 5
    assert told["points"][-1]["time"] <= told["at"]["time"]


def test_evidence__in_pages__explains_the_score(world: World) -> None:
    lines = pages(world, f"/agents/{AGENTS[0]}/evidence", limit=4)
    score = world.get(f"/agents/{AGENTS[0]}/score")
    assert len(lines) == score["pieces"]
    assert sum(float(line["left_passes"]) for line in lines) == pytest.approx(float(score["passes"]), abs=0.1)


def test_answer__handed_on__is_verified_by_anyone_and_not_when_changed(world: World) -> None:
    public = world.get("/key")["key"]
    assert len(base64.b64decode(public)) == 32
    for target in (f"/v1/agents/{AGENTS[0]}/score", "/v1/jobs?limit=3", f"/v1/agents/{AGENTS[0]}/score"):
        answer = world.client.get(target)
        signature = answer.headers["earnest-signature"]
        assert answer.headers["earnest-key"] == public
        assert is_signed(public, signature, target, answer.content)
        assert not is_signed(public, signature, target, answer.content + b" ")
        assert not is_signed(public, signature, target + "?limit=4", answer.content)
    assert not is_signed(public, "nonsense", "/v1/jobs", b"")


@pytest.mark.parametrize("path", [f"/v1/agents/{AGENTS[0]}/score", "/v1/jobs"])
def test_answer__entity_tag__saves_the_body(world: World, path: str) -> None:
    first = world.client.get(path)
    again = world.client.get(path, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = world.client.get(path, headers={"if-none-match": '"something else"'})
    assert other.content == first.content


def test_answer__other_origins__may_read_it(world: World) -> None:
    assert world.client.get("/v1/jobs").headers["access-control-allow-origin"] == "*"
    asked = world.client.options("/v1/jobs")
    assert asked.status_code == 204
    assert "if-none-match" in asked.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in asked.headers


def test_caller__who_asks_too_often__is_told_to_wait(world: World) -> None:
    meter = Rates(per_second=1, burst=2)
    client = TestClient(make_api(world.source, limits=Limits(), meter=meter))
    statuses = [client.get("/v1/key").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    refused = client.get(f"/v1/agents/{AGENTS[0]}/score")
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        pytest.param("/agents/0x1234/score", 422, "agent", id="no address"),
        pytest.param("/agents/0x" + "aA" * 20 + "/score", 400, "agent", id="wrong checksum"),
        pytest.param("/agents/" + AGENTS[0] + ":" + "9" * 78 + "/score", 400, "agent", id="id too large"),
        pytest.param("/agents/0x" + "99" * 20, 404, "agent", id="unknown agent"),
        pytest.param(f"/agents/{AGENTS[0]}/score?at=100000", 404, "at", id="block not read yet"),
        pytest.param(f"/agents/{AGENTS[0]}/score?at=-1", 422, "at", id="no block"),
        pytest.param(f"/agents/{AGENTS[0]}/score?at={10**30}", 422, "at", id="huge block"),
        pytest.param(f"/agents/{AGENTS[0]}/score?version=2", 404, "version", id="no such version"),
        pytest.param("/jobs/0x" + "99" * 32, 404, "job", id="unknown job"),
        pytest.param("/jobs?provider=x'%20OR%201=1", 422, "provider", id="hostile filter"),
        pytest.param("/jobs?state=%00", 422, "state", id="no state"),
        pytest.param("/jobs?limit=100000", 422, "limit", id="too many"),
        pytest.param("/jobs?cursor=AAAA", 400, "cursor", id="no cursor"),
        pytest.param("/jobs?cursor=%F0%9F%92%A9", 422, "cursor", id="cursor of another world"),
        pytest.param("/events?name=DropTable", 422, "name", id="no event"),
        pytest.param("/committees/0x" + "99" * 32, 404, "committee", id="unknown committee"),
        pytest.param("/pacts/0x" + "99" * 32, 404, "hash", id="pact not kept"),
        pytest.param("/nothing", 404, None, id="no route"),
    ],
)
def test_bad_request__is_a_problem_that_names_it(
    world: World, path: str, status: int, field: str | None
) -> None:
    answer = world.client.get("/v1" + path)
    told = answer.json()
    assert (answer.status_code, told["status"], told.get("field")) == (status, status, field)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "earnest-signature" not in answer.headers
    assert "OR 1=1" not in answer.text


def test_cursor__of_another_list_or_filter__is_refused(world: World) -> None:
    cursor = world.get("/jobs", limit=1)["next"]
    other = world.get("/jobs", limit=1, provider=AGENTS[0])["next"]
    for path, used in (("/events", cursor), ("/jobs?buyer=" + BUYERS[0], cursor), ("/jobs", other)):
        answer = world.client.get("/v1" + path, params={"cursor": used} if "?" not in path else None)
        if "?" in path:
            answer = world.client.get("/v1" + path + "&cursor=" + used)
        assert (answer.status_code, answer.json()["field"]) == (400, "cursor")


def test_writing__is_not_answered(world: World) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = world.client.request(method, "/v1/jobs", content=b"x" * 300_000)
        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, OPTIONS"


def test_empty_store__says_so(databases: Databases) -> None:
    database = Database(databases.made())
    world = World(database)
    for path in ("/status", "/jobs", f"/agents/{AGENTS[0]}/score"):
        assert world.client.get("/v1" + path).status_code == 503
    database.close()


def test_evaluators__slashed__have_a_record(world: World) -> None:
    job = world.get("/verdicts", limit=1)["items"][0]["subject"]
    with world.database.write() as session:
        chain_store.save_blocks(session, [block(300)])
        save_events(session, [Happened(e.Slashed(ROOT, job, 0b1, 250), "0x" + "77" * 32, place(0, 300))])
    [evaluator] = world.get(f"/committees/{ROOT}")["evaluators"]
    assert (evaluator["overturned"], evaluator["silent"], evaluator["slashed"]) == (1, 0, "250")
    assert evaluator["stake"] == str(10**9 - 250)
    assert world.get("/evaluators", committee=ROOT)["items"] == [evaluator]


def test_other_paths__are_not_the_apis(world: World) -> None:
    assert world.client.get("/elsewhere").json()["error"] == "Http404"
