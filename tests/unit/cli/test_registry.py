"""`oracle registry`: what was decided, where it stands, and what getSummary says by a node's answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from eth_abi.abi import decode, encode

from oracle.cli.main import cli
from oracle.registry.aggregate import Aggregate, digest_of
from oracle.store import registry as store
from oracle.store.database import Database
from oracle.store.registry import Post
from tests.databases import Databases
from tests.unit.cli.configs import config_of
from tests.unit.registry.test_desk import CLIENT, OWNER, PERIOD, PLACE, WALLET, WEEK

REGISTRY = """
[registry]
reputation = "{registry}"
key = {{ env = "REGISTRY_KEY" }}
"""


def post(agent_id: int, provider: str, start: int, state: str, reason: str | None = None) -> Post:
    period = replace(PERIOD, start=start, end=start + WEEK)
    one = Aggregate(agent_id, provider, period, 3, 1, ())
    document = one.document(PLACE)
    return Post(
        one.subject(PLACE, CLIENT), agent_id, provider, period.start, period.end, 3, 1, one.value,
        digest_of(document), document.decode(), state, reason, 2, 900_000.0, None,
    )  # fmt: skip


@pytest.fixture
def config(databases: Databases, tmp_path: Path) -> Path:
    url = databases.made()
    database = Database(url)
    with database.write() as session:
        store.add(
            session,
            [
                post(7, OWNER, 10 * WEEK, store.WAITING, "getSummary does not count it\x1b[2J"),
                post(7, OWNER, 9 * WEEK, store.POSTED),
                post(8, OWNER, 9 * WEEK, store.REFUSED, "neither owned"),
                post(7, WALLET, 10 * WEEK, store.QUEUED),
            ],
        )
        store.confirmed(session, post(7, OWNER, 9 * WEEK, store.POSTED).subject, 1, 7_500)
    database.close()
    return config_of(url, tmp_path)


def asked(config: Path, *arguments: str) -> Any:
    result = CliRunner().invoke(cli, ["registry", *arguments, "--config", str(config), "--json"])
    return json.loads(result.output) | {"exit": result.exit_code}


def standing(told: Any) -> list[tuple[str, str, int]]:
    return [(one["state"], one["agent_id"], one["since"] // WEEK) for one in told["posts"]]


def test_list__says_where_each_stands_the_last_period_first(config: Path) -> None:
    told = asked(config, "list")
    assert standing(told) == [
        ("waiting", "7", 10), ("queued", "7", 10), ("posted", "7", 9), ("refused", "8", 9),
    ]  # fmt: skip
    waiting, queued, posted, refused = told["posts"]
    assert (waiting["retry_at"], waiting["tries"], queued["retry_at"]) == (900_000.0, 2, None)
    assert (posted["value"], posted["summary"]) == (7_500, {"count": 1, "value": 7_500})
    assert (
        digest_of(json.dumps(posted["document"], sort_keys=True, separators=(",", ":")).encode())
        == posted["hash"]
    )
    assert refused["reason"] == "neither owned"


@pytest.mark.parametrize(
    ("arguments", "states"),
    [
        pytest.param(["--due"], ["waiting", "queued"], id="due"),
        pytest.param(["--state", "refused"], ["refused"], id="state"),
        pytest.param(["--due", "--state", "posted"], [], id="due and posted"),
        pytest.param([OWNER], ["waiting", "posted", "refused"], id="provider"),
        pytest.param([f"{OWNER}:8"], ["refused"], id="id"),
        pytest.param(["--limit", "1"], ["waiting"], id="limit"),
    ],
)
def test_list__of_some__shows_those(config: Path, arguments: list[str], states: list[str]) -> None:
    assert [one["state"] for one in asked(config, "list", *arguments)["posts"]] == states


def test_list__for_people__names_share_reason_and_next_try_without_control_characters(config: Path) -> None:
    printed = CliRunner().invoke(cli, ["registry", "list", "--due", "--config", str(config)]).output
    assert "3 passed, 1 failed, 75.00 %" in printed
    assert "again after 1970-01-11" in printed
    assert "\x1b" not in printed


@contextmanager
def node(count: int, value: int, decimals: int) -> Iterator[tuple[str, list[Any]]]:
    """A node that answers getSummary alone; what it was asked."""
    calls: list[Any] = []

    class Node(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = json.loads(self.rfile.read(int(self.headers["content-length"])))
            batch = sent if isinstance(sent, list) else [sent]
            answers = [self.answer(one) for one in batch]
            body = json.dumps(answers if isinstance(sent, list) else answers[0]).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def answer(self, one: Any) -> Any:
            result = "0x7a69"
            if one["method"] == "eth_call":
                data = bytes.fromhex(one["params"][0]["data"][2:])
                calls.append(
                    (one["params"][0]["to"], *decode(("uint256", "address[]", "string", "string"), data[4:]))
                )
                result = "0x" + encode(("uint64", "int128", "uint8"), (count, value, decimals)).hex()
            return {"jsonrpc": "2.0", "id": one["id"], "result": result}

        def log_message(self, *_arguments: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Node)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", calls
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def with_registry(config: Path, rpc: str) -> Path:
    text = config.read_text().replace("http://127.0.0.1:1", rpc) + REGISTRY.format(registry=PLACE.registry)
    config.write_text(text)
    return config


def test_summary__asks_the_registry_for_these_clients(config: Path) -> None:
    with node(3, 6_666, 2) as (rpc, calls):
        told = asked(with_registry(config, rpc), "summary", "42", "--client", CLIENT)
        printed = CliRunner().invoke(
            cli, ["registry", "summary", "42", "--client", CLIENT, "--config", str(config)]
        )
    assert (told["exit"], told["count"], told["value"], told["decimals"]) == (0, 3, 6_666, 2)
    assert calls[0] == (PLACE.registry, 42, (CLIENT,), "successRate", "")
    assert "66.66 %, of 3 feedback(s)." in printed.output


def test_summary__without_clients__is_of_the_configured_key(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_KEY", "0x" + "01" * 32)
    with node(0, 0, 0) as (rpc, calls):
        told = asked(with_registry(config, rpc), "summary", "42")
    assert told["clients"] == ["0x1a642f0e3c3af545e7acbd38b07251b3990914f1"]
    assert calls[0][2] == tuple(told["clients"])


@pytest.mark.parametrize("number", ["0", "+1", "1e9", "0x2a", "9" * 78, "²"])
def test_summary__of_what_is_no_id__is_refused(config: Path, number: str) -> None:
    told = asked(config, "summary", number, "--client", CLIENT)
    assert (told["exit"], told["error"], told["field"]) == (2, "AgentIdError", "AGENT_ID")


def test_summary__without_a_registry__says_what_to_add(config: Path) -> None:
    told = asked(config, "summary", "42", "--client", CLIENT)
    assert (told["exit"], told["field"]) == (2, "registry")
    assert "[registry]" in told["next_step"]
