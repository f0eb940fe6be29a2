"""The committee's own admission: its API says whom its policies take on, and submitting asks it first."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from sqlalchemy import update
from sqlalchemy.orm import Session

from oracle.api.app import make_api
from oracle.api.signing import SIGNATURE_HEADER, is_signed
from oracle.api.source import Source
from oracle.cli.main import cli
from oracle.daemon.following import Following
from oracle.daemon.openness import Keeper
from oracle.daemon.policies import NotReachedError, PolicyDesk, post
from oracle.domain.agreement_file import AgreementFile
from oracle.policy.document import Policy
from oracle.policy.event import PolicyEvent
from oracle.policy.review import reviewed_event
from oracle.policy.run import Run
from oracle.store import policies as policy_store
from oracle.store.policies import StoredPolicyEvent
from oracle.store.tables import PolicyEventRow
from oracle.web.host import Host
from oracle.web.limits import Limits
from tests.databases import Databases
from tests.unit.api.world import ESCROW, World, made_world
from tests.unit.policy.made import HEAD, policy, refuse, rule
from tests.unit.store.score_history import BUYERS, ROOT

STRANGER = "0x" + "99" * 20
RULES = rule("unknown", "score", "below = 1", refuse("5 USDC"))
PAGED = HEAD.replace('name = "somebody"', 'name = "somebody"\npage = "http://127.0.0.1:1/hook"')
CALLS = '{ kind = "page-owner" }'


@pytest.fixture
def world(databases: Databases) -> Iterator[World]:
    made = made_world(databases)
    yield made
    made.database.close()


@pytest.fixture
def host(world: World) -> Iterator[Host]:
    following = Following([policy(RULES)], frozenset([ROOT]))
    source = Source(world.database, world.key, world.documents.get, frozenset([ROOT]), following)
    with closing(Host(make_api(source, limits=Limits()), "127.0.0.1", 0)) as host:
        host.start()
        yield host


def agreement(folder: Path, price: int, *, escrow: str = ESCROW) -> Path:
    made: dict[str, Any] = {
        "schema": "earnest/agreement/1",
        "chain_id": 31_337,
        "escrow": escrow,
        "usdc": {"address": "0x" + "05" * 20},
        "funding": "authorization",
        "terms": {
            "buyer": BUYERS[0], "provider": STRANGER, "committee": ROOT, "gated": str(price), "bond": "0",
            "fee": "0", "judge_by": 2_000_000_000, "challenge": 60, "ruling": 60,
        },
        "opening": {
            "pact": "0x" + "a1" * 32, "up_front": "0", "open_by": 1_900_000_000,
            "deliver_by": 1_950_000_000, "salt": "1",
        },
    }  # fmt: skip
    path = folder / "agreement.json"
    AgreementFile.parse(json.dumps(made).encode())
    path.write_text(json.dumps(made))
    return path


def submitted(path: Path, host: Host) -> dict[str, Any]:
    arguments = ["agreement", "submit", str(path), "--ask", host.url, "--json", "--rpc", "http://127.0.0.1:1"]
    told: dict[str, Any] = json.loads(CliRunner().invoke(cli, arguments).output)
    return told


def test_admission__is_signed_and_says_why(host: Host, world: World) -> None:
    answer = httpx.get(f"{host.url}/v1/agents/{STRANGER}/admission?price=6000000")
    told = answer.json()
    assert (told["admitted"], told["largest"], told["refusals"][0]["rule"]) == (False, "5000000", "unknown")
    assert told["policies"] == [policy(RULES).hash()]
    target = f"/v1/agents/{STRANGER}/admission?price=6000000"
    assert is_signed(world.key.public, answer.headers[SIGNATURE_HEADER], target, answer.content)
    assert httpx.get(f"{host.url}/v1/agents/{STRANGER}/admission?price=5000000").json()["admitted"]
    assert httpx.get(f"{host.url}/v1/agents/{STRANGER}/admission").status_code == 422
    assert httpx.get(f"{host.url}/v1/policies").json()["policies"][0]["name"] == "one"
    assert world.get(f"/agents/{STRANGER}/admission", price=10**12)["admitted"], "no policy, no refusal"


def test_submit__what_the_committee_refuses__is_not_opened(host: Host, tmp_path: Path) -> None:
    told = submitted(agreement(tmp_path, 6_000_000), host)
    assert told["error"] == "AgreementError"
    assert "score is unknown" in told["message"]
    assert told["next_step"] == "ask for at most 5.00 USDC"


def test_submit__what_it_admits__goes_on_to_the_chain(host: Host, tmp_path: Path) -> None:
    told = submitted(agreement(tmp_path, 5_000_000), host)
    assert told["error"] == "DeploymentError", "there is no node here; it was let past the policies"


def test_submit__an_oracle_of_another_escrow__is_not_believed(host: Host, tmp_path: Path) -> None:
    told = submitted(agreement(tmp_path, 5_000_000, escrow="0x" + "e6" * 20), host)
    assert (told["error"], told["field"]) == ("AskError", "ask")


def desk(world: World, made: Policy, called: list[bytes], *, fails: int = 0) -> PolicyDesk:
    left = [fails]

    def page(_url: str, body: bytes) -> None:
        if left[0]:
            left[0] -= 1
            raise NotReachedError("no answer")
        called.append(body)

    return PolicyDesk(world.database, Following([made], frozenset([ROOT])), page=page)


def test_desk__keeps_events_once_and_calls_again_who_was_not_reached(world: World) -> None:
    made = policy(rule("streak", "failure-streak", "above = 1", CALLS), PAGED)
    called: list[bytes] = []
    one = desk(world, made, called, fails=1)
    assert one.step() > 1
    assert called == []
    assert one.step() == 0
    before = len(called)
    assert before > 1
    assert one.step() == 0
    assert len(called) == before
    with world.database.read() as session:
        stored = policy_store.list_events(session)
    fired = [each.event for each in stored if each.document.happened == "fired"]
    assert sorted(fired) == sorted(each.event for each in stored if each.document.canonical() in called), (
        "each firing is told, with the bytes its hash names"
    )


def test_desk__a_reviewed_policy__calls_only_whom_it_had_not_reached(world: World) -> None:
    rules = rule("streak", "failure-streak", "above = 1", CALLS)
    called: list[bytes] = []
    assert desk(world, policy(rules, PAGED), called).step() > 1
    before, missed = list(called), PolicyEvent.parse(called[-1]).hash()
    with world.database.write() as session:
        row = PolicyEventRow
        session.execute(update(row).where(row.event == missed).values(told_at=None))
    reviewed = PAGED.replace("reviewed = 2026-01-20", "reviewed = 2026-01-02").replace("/hook", "/other")
    assert policy(rules, reviewed).hash() != policy(rules, PAGED).hash()
    assert desk(world, policy(rules, reviewed), called).step() == 0
    assert called == [*before, before[-1]], "whoever was not reached yet"


def test_desk__an_owner_that_does_not_answer__is_tried_once_a_step_and_holds_up_nobody(world: World) -> None:
    rules = rule("streak", "failure-streak", "above = 0", CALLS)
    deaf = policy(rules, PAGED)
    other = policy(rules, PAGED.replace('"one"', '"two"').replace("/hook", "/two"))
    tries: list[str] = []

    def page(url: str, _body: bytes) -> None:
        tries.append(url)
        if url.endswith("/hook"):
            raise NotReachedError("no answer")
        if tries.count(url) == 1:
            raise RuntimeError("a defect")

    both = PolicyDesk(world.database, Following([deaf, other], frozenset([ROOT])), page=page)
    assert both.step() > 4
    assert len(tries) == 2, "each is tried once where the first call fails"
    both.step()
    assert [url.endswith("/hook") for url in tries[2:]].count(True) == 1
    with world.database.read() as session:
        left = policy_store.untold(session)
        assert {one.document.policy for one in left} == {"one"}
        assert [one.sequence for one in policy_store.untold(session, each=1)] == [left[0].sequence]


def test_desk__nothing_new__is_not_run_or_written_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, add = policy(RULES), policy_store.add_events
    written: list[int] = []

    def counted(session: Session, events: Iterable[PolicyEvent]) -> list[StoredPolicyEvent]:
        written.append(1)
        return add(session, events)

    following = Following([made], frozenset([ROOT]))
    one = PolicyDesk(world.database, following, page=lambda _url, _body: None)
    assert one.step() > 0
    with world.database.read() as session:
        first = following.now(session)
    monkeypatch.setattr(policy_store, "add_events", counted)
    assert one.step() == 0
    assert written == []
    with world.database.write() as session:
        add(session, [reviewed_event(made, by="somebody", note="fine", now=first.at.time)])
    with world.database.read() as session:
        assert following.now(session) is not first, "a review is news"
    assert one.step() == 0
    assert written == [1]


def test_untold__of_each_policy__a_few_at_once(world: World) -> None:
    rules = rule("streak", "failure-streak", "above = 0", CALLS)
    one, other = policy(rules, PAGED), policy(rules, PAGED.replace('"one"', '"two"'))
    for each in (one, other):
        with world.database.write() as session:
            found = Following([each], frozenset([ROOT])).now(session)
            policy_store.add_events(session, found.events)
    with world.database.read() as session:
        waiting = policy_store.untold(session, each=2)
    assert [each.document.policy for each in waiting] == ["one", "one", "two", "two"]


def test_desk__a_defect__does_not_end_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    following = Following([policy(RULES)], frozenset([ROOT]))
    looked = threading.Semaphore(0)

    def broken(session: Session) -> Run:
        looked.release()
        raise RuntimeError("a defect")

    monkeypatch.setattr(following, "now", broken)
    with closing(PolicyDesk(world.database, following, every=0.01)) as one:
        one.start()
        assert looked.acquire(timeout=60)
        assert looked.acquire(timeout=60), "it looks again"


def test_keeper__a_defect__does_not_end_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = threading.Semaphore(0)

    def broken() -> bool:
        looked.release()
        raise RuntimeError("a defect")

    monkeypatch.setattr(world.source.directory, "step", broken)
    with closing(Keeper(world.database, world.source.book, world.source.directory, every=0.01)) as one:
        one.start()
        assert looked.acquire(timeout=60)
        assert looked.acquire(timeout=60), "it looks again"


def test_post__answers_that_are_none() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response({"a": 200, "b": 500, "c": 302}[request.url.path[-1]])

    transport = httpx.MockTransport(answer)
    post("http://127.0.0.1/a", b"{}", transport=transport)
    for path in "bc":
        with pytest.raises(NotReachedError, match="it answers"):
            post(f"http://127.0.0.1/{path}", b"{}", transport=transport)
    for url in ("http://127.0.0.1:1/", "http://[::1/"):
        with pytest.raises(NotReachedError, match="no answer"):
            post(url, b"{}")
