"""`oracle score`: the same digits for every reader, and clear words for what cannot be told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from oracle.cli.main import cli
from oracle.store import chain as chain_store
from oracle.store.database import Database
from tests.databases import Databases
from tests.unit.cli.configs import config_of
from tests.unit.store.score_history import AGENTS, ROOT, advance_all, block, history, store

ESCROW = "0x" + "e5" * 20


@pytest.fixture
def config(databases: Databases, tmp_path: Path) -> Path:
    url = databases.made()
    database = Database(url)
    store(database, history(120))
    with database.write() as session:
        chain_store.bind_deployment(session, 31_337, ESCROW, 0)
    database.close()
    return config_of(url, tmp_path)


def asked(config: Path, *arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(cli, ["score", *arguments, "--config", str(config), "--json"])
    told: dict[str, Any] = json.loads(result.output)
    return told | {"exit": result.exit_code}


def test_score__known_agent__explains_every_piece(config: Path) -> None:
    told = asked(config, AGENTS[0], "--root", ROOT, "--explain")
    assert told["exit"] == 0
    assert told["at"]["chain_id"] == 31_337
    assert told["roots"] == [ROOT]
    assert len(told["evidence"]) == told["pieces"] > 10
    passes = sum(float(line["left_passes"]) for line in told["evidence"])
    failures = sum(float(line["left_failures"]) for line in told["evidence"])
    assert passes == pytest.approx(float(told["passes"]), abs=0.001 * told["pieces"])
    assert failures == pytest.approx(float(told["failures"]), abs=0.001 * told["pieces"])


def test_score__whether_evidence_is_ready_or_not__is_the_same(config: Path) -> None:
    before = asked(config, AGENTS[0], "--root", ROOT, "--at", "30", "--explain")
    url = config.read_text().split('url = "')[1].split('"')[0]
    database = Database(url)
    advance_all(database, limit=10)
    store(database, [])
    database.close()
    assert asked(config, AGENTS[0], "--root", ROOT, "--at", "30", "--explain") == before
    assert before["at"]["block"] == 30
    assert before["at"]["time"] == block(30).timestamp


def test_score__with_an_id__counts_only_its_jobs(config: Path) -> None:
    pieces = [asked(config, AGENTS[0] + which)["pieces"] for which in ("", ":0", ":1", ":7")]
    assert pieces[0] == pieces[1] + pieces[2]
    assert pieces[3] == 0


def test_score__without_roots__no_fee_proves_a_buyer(config: Path) -> None:
    told = asked(config, AGENTS[0])
    assert (told["passes"], told["counterparties"]) == ("0.000", 0)
    assert told["score"] in (None, 0)


def test_score__nobody_heard_of__is_unknown(config: Path) -> None:
    told = asked(config, "0x" + "99" * 20)
    assert (told["exit"], told["score"], told["pieces"]) == (0, None, 0)


def test_score__for_people__names_score_and_block(config: Path) -> None:
    result = CliRunner().invoke(
        cli, ["score", AGENTS[0], "--config", str(config), "--root", ROOT, "--explain"]
    )
    assert result.exit_code == 0
    assert "at block" in result.output
    assert "unsecured: no verdict on it could be overturned" in result.output


def test_score__price_of_750__is_printed() -> None:
    result = CliRunner().invoke(cli, ["score", "--price", "750"])
    assert "A score of 750 costs at least 209.00 USDC in fees" in result.output
    told = json.loads(CliRunner().invoke(cli, ["score", "--price", "750", "--json"]).output)
    assert told["first"] == "209000000"


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        pytest.param(["0x1234"], "agent", id="no address"),
        pytest.param([AGENTS[0] + ":-1"], "agent", id="no id"),
        pytest.param([AGENTS[0] + ":" + "9" * 79], "agent", id="id too large"),
        pytest.param([AGENTS[0] + ":٣"], "agent", id="digits of another script"),
        pytest.param([AGENTS[0], "--at", "100000"], "at", id="block not read yet"),
        pytest.param([AGENTS[0], "--at", "0"], "at", id="block not kept"),
        pytest.param([AGENTS[0], "--version", "2"], "version", id="no such version"),
        pytest.param([], "agent", id="nobody"),
        pytest.param(["--price", "1000"], "score", id="a price nobody can pay"),
    ],
)
def test_score__what_cannot_be_told__is_refused(config: Path, arguments: list[str], field: str) -> None:
    told = asked(config, *arguments)
    assert (told["exit"], told["field"]) == (2, field)


def test_score__empty_store__is_refused(databases: Databases, tmp_path: Path) -> None:
    config = config_of(databases.made(), tmp_path)
    assert "empty" in asked(config, AGENTS[0])["message"]
