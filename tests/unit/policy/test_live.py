"""Policies on the store: run twice keeps everything once, the chain shows what was changed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, update

from oracle.cli.main import cli
from oracle.daemon.following import run_policies
from oracle.policy.review import reviewed_event
from oracle.store import chain as chain_store
from oracle.store import policies as policy_store
from oracle.store.database import Database
from oracle.store.tables import PolicyEventRow
from oracle.store.tasks import tasks_of
from tests.databases import Databases
from tests.unit.cli.configs import config_of
from tests.unit.cli.test_score import ESCROW
from tests.unit.policy.made import HEAD, policy, refuse, rule
from tests.unit.store.score_history import AGENTS, ROOT, history, store

RULES = rule("streak", "failure-streak", "above = 0", refuse("3 USDC")) + rule(
    "score", "score", "below = 500", refuse("5 USDC")
)


@contextmanager
def stored(databases: Databases) -> Iterator[Database]:
    with closing(Database(databases.made())) as made:
        store(made, history(80))
        with made.write() as session:
            chain_store.bind_deployment(session, 31_337, ESCROW, 0)
        yield made


def configured(database: Database, folder: Path) -> Path:
    """A configuration beside a policy, over a store with history."""
    url = database.engine.url.render_as_string(hide_password=False)
    (folder / "p.toml").write_text(HEAD + RULES)
    path = config_of(url, folder)
    with path.open("a") as rest:
        rest.write(f'[score]\nroots = ["{ROOT}"]\n[policies]\nfiles = ["p.toml"]\n')
    return path


@pytest.fixture
def database(databases: Databases) -> Iterator[Database]:
    with stored(databases) as made:
        yield made


@pytest.fixture
def config(database: Database, tmp_path: Path) -> Path:
    return configured(database, tmp_path)


def asked(config: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    result = CliRunner().invoke(cli, ["policy", *arguments, "--config", str(config), "--json"])
    return result.exit_code, json.loads(result.output)


def keep(database: Database, head: str = HEAD, *, block: int | None = None) -> int:
    with database.read() as session:
        found = run_policies(session, [policy(RULES, head)], frozenset({ROOT}), block=block)
    with database.write() as session:
        return len(policy_store.add_events(session, found.events))


def test_tasks__tell_what_evidence_tells(database: Database) -> None:
    with database.read() as session:
        tasks = tasks_of(session, roots=[ROOT])
        mine = tasks_of(session, roots=[ROOT], provider=AGENTS[0])
        (alone,) = tasks_of(session, roots=[ROOT], job=mine[3].job)
        earlier = tasks_of(session, roots=[ROOT], up_to=20)
    assert len(tasks) == 80
    assert [one for one in tasks if one.provider == AGENTS[0]] == mine
    assert alone == mine[3]
    assert all(one.close is not None and one.judged is not None for one in tasks)
    assert {one.job for one in tasks if one.overturned}, "some verdict was overturned"
    assert all(one.close is None or one.close.place.block_number <= 20 for one in earlier)
    assert 0 < len(earlier) < 80


def test_run__twice__keeps_each_event_once(database: Database) -> None:
    first = keep(database)
    assert first > 10
    assert keep(database) == 0
    with database.read() as session:
        stored = policy_store.list_events(session)
        assert policy_store.broken_link(session) is None
    assert [one.sequence for one in stored] == list(range(1, first + 1))
    assert [one.event for one in stored] == [one.document.hash() for one in stored]
    assert [one.document.time for one in stored] == sorted(one.document.time for one in stored)


def test_run__after_the_file_was_changed__adds_only_what_is_later(database: Database) -> None:
    reviewed = HEAD.replace("reviewed = 2026-01-20", "reviewed = 2026-01-01")
    first = keep(database, block=20)
    assert keep(database, reviewed, block=20) == 0, "the past is not told again because of a review"
    with database.write() as session:
        (noted,) = policy_store.add_events(
            session, [reviewed_event(policy(RULES), by="somebody", note="fine", now=int(time.time()))]
        )
    later = keep(database, reviewed)
    assert later > 0
    assert keep(database, reviewed) == 0
    assert keep(database) == 0, "nor where the change is taken back"
    with database.read() as session:
        found = [one for one in policy_store.list_events(session) if one.sequence != noted.sequence]
    newest = found[first - 1].document.time
    assert [one.document.time > newest for one in found] == [False] * first + [True] * later
    told = [one.document for one in found]
    places = [(one.happened, one.rule, one.subject, one.time) for one in told]
    assert len({str(one) for one in places}) == len(places)


@pytest.mark.parametrize("which", ["changed", "taken out"])
def test_chain__what_was_changed_or_taken_out__is_seen(database: Database, which: str) -> None:
    keep(database)
    with database.write() as session:
        third = PolicyEventRow.sequence == 3
        if which == "changed":
            body = session.scalars(PolicyEventRow.__table__.select().with_only_columns(PolicyEventRow.body))
            text = list(body)[2].replace("threshold is", "threshold was")
            session.execute(update(PolicyEventRow).where(third).values(body=text))
        else:
            session.execute(delete(PolicyEventRow).where(third))
    with database.read() as session:
        assert policy_store.broken_link(session) == 3


def test_review__noted__puts_the_next_one_off(database: Database) -> None:
    now = int(time.time())
    with database.write() as session:
        policy_store.add_events(session, [reviewed_event(policy(), by="somebody", note="fine", now=now)])
    with database.read() as session:
        assert policy_store.reviews_of(session, "one") == [now]
        assert policy_store.reviews_of(session, "two") == []


def test_commands__run_events_packet(config: Path) -> None:
    code, told = asked(config, "run")
    assert (code, len(told["new"]) > 10) == (0, True)
    assert asked(config, "run")[1]["new"] == []
    code, listed = asked(config, "events", "--verify", "--subject", AGENTS[0])
    assert (code, listed["broken_at"]) == (0, None)
    assert {one["subject"]["key"] for one in listed["events"]} == {AGENTS[0]}
    code, packet = asked(config, "packet", str(config.parent / "p.toml"))
    assert code == 0
    assert packet["hash"].startswith("0x")
    assert packet["events"]


def test_admit__as_the_signals_stand(config: Path) -> None:
    code, told = asked(config, "admit", "--agent", "0x" + "99" * 20, "--price", "6")
    assert (code, told["admitted"], told["largest"]) == (1, False, "5000000")
    assert told["refusals"][0]["rule"] == "score"
    assert asked(config, "admit", "--agent", "0x" + "99" * 20, "--price", "5")[0] == 0
    assert asked(config, "admit", "--price", "5")[1]["field"] == "agreement"
    assert asked(config, "admit", "--agent", "0x12", "--price", "5")[1]["field"] == "agent"


def test_review__hostile_text__is_refused(config: Path) -> None:
    file = str(config.parent / "p.toml")
    code, told = asked(config, "review", file, "--by", "a\u202eb", "--note", "fine")
    assert (code, told["field"]) == (2, "by")
    code, told = asked(config, "review", file, "--by", "me", "--note", "fine\nand more")
    assert (code, told["field"]) == (2, "note")
    assert asked(config, "review", file, "--by", "me", "--note", "fine")[1]["happened"] == "reviewed"


def test_run__no_policy__is_said(config: Path) -> None:
    config.write_text(config.read_text().replace('files = ["p.toml"]', "files = []"))
    assert asked(config, "run")[1]["field"] == "policies.files"


def test_run__empty_store__is_said(databases: Databases, config: Path) -> None:
    url = databases.made()
    text = config.read_text()
    old = text.split('url = "')[1].split('"')[0]
    config.write_text(text.replace(old, url))
    code, told = asked(config, "run")
    assert (code, "empty" in told["message"]) == (2, True)
