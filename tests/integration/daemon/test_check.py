"""`oracle check`: a sound machine has no problem; what is broken is named, with how to mend it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner
from eth_hash.auto import keccak

from oracle.cli.main import cli
from oracle.decide.preflight import Finding
from oracle.preflight import machine, peers
from oracle.store import schema
from oracle.store.chain import bind_deployment
from oracle.web.app import make_app
from oracle.web.host import Host
from oracle.web.limits import Limits
from scripts.local.ports import free_ports
from tests.integration.daemon.conftest import World, write_config


@pytest.fixture
def sound(world: World) -> Iterator[World]:
    """A world in which nothing is wrong."""
    write_config(
        world.folder,
        world.chain,
        world.market,
        extra=f'[operator]\nport = 0\n[committees."{world.market.committee_id}"]',
    )
    world.config.chmod(0o600)
    deployment = world.folder / "deployment.json"
    document = json.loads(deployment.read_text())
    code = world.rpc.code(world.market.escrow.address)
    document["escrow"]["code_hash"] = "0x" + keccak(code).hex()
    deployment.write_text(json.dumps(document))
    schema.upgrade(world.database())
    world.mine()
    yield world
    structlog.reset_defaults()


def _check(world: World, *options: str, exit_code: int) -> dict[str, Any]:
    result = CliRunner().invoke(cli, ["check", "--config", str(world.config), "--json", *options])
    assert result.exit_code == exit_code, (result.output, result.exception)
    found: dict[str, Any] = json.loads(result.output[result.output.index("{") :])
    return found


def _bad(found: dict[str, Any]) -> dict[str, str]:
    """Messages that are not ok by check; each must say how to mend it."""
    bad = [item for item in found["findings"] if item["grade"] != "ok"]
    assert all(item["mend"] for item in bad)
    return {item["check"]: item["message"] for item in bad}


def _edit(world: World, old: str, new: str) -> None:
    text = world.config.read_text()
    assert old in text
    world.config.write_text(text.replace(old, new))


def test_check__sound__has_no_problem_and_names_what_it_looked_at(sound: World) -> None:
    found = _check(sound, exit_code=0)
    # What a test machine has not: jurors, and maybe room.
    assert set(_bad(found)) <= {"models", "disk", "sandbox", "clock"}
    looked = {item["check"] for item in found["findings"]}
    assert looked >= {
        "keys", "chain", "contracts", "clock", "balance", "stake", "coverage", "database", "disk", "sandbox",
        "models", "peers",
    }  # fmt: skip
    stakes = [item for item in found["findings"] if item["check"] == "stake"]
    assert len(stakes) == 3


def test_check__strict__fails_on_warnings(sound: World) -> None:
    assert _check(sound, "--strict", exit_code=1)["grade"] == "warning"


def test_check__in_words__ends_with_a_count(sound: World) -> None:
    result = CliRunner().invoke(cli, ["check", "--config", str(sound.config)])
    assert "Next: add [jury] providers" in result.output
    assert "0 problems" in result.output.splitlines()[-1]


def test_check__node_down__says_so_and_looks_at_the_rest(sound: World) -> None:
    (port,) = free_ports(1)
    _edit(sound, sound.chain.url, f"http://127.0.0.1:{port}/hunter2")
    found = _check(sound, exit_code=1)
    assert "must agree before anything is signed" in _bad(found)["chain"]
    assert {"contracts", "clock", "balance"} <= set(_bad(found))
    assert any(item["check"] == "keys" and item["grade"] == "ok" for item in found["findings"])
    assert "hunter2" not in json.dumps(found)


def test_check__another_chain__says_so(sound: World) -> None:
    _edit(sound, "chain_id = 31337", "chain_id = 8453")
    document = json.loads((sound.folder / "deployment.json").read_text())
    (sound.folder / "deployment.json").write_text(json.dumps(document | {"chain_id": 8453}))
    bad = _bad(_check(sound, exit_code=1))
    assert "chain" in bad
    assert "lies open in the environment" in bad["keys"]


def test_check__other_code_at_the_address__is_a_problem(sound: World) -> None:
    path = sound.folder / "deployment.json"
    document = json.loads(path.read_text())
    document["escrow"]["code_hash"] = "0x" + "11" * 32
    path.write_text(json.dumps(document))
    assert f"not 0x{'11' * 32}" in _bad(_check(sound, exit_code=1))["contracts"]


def test_check__no_contract_at_the_address__is_a_problem(sound: World) -> None:
    path = sound.folder / "deployment.json"
    document = json.loads(path.read_text())
    document["escrow"]["address"] = "0x" + "77" * 20
    path.write_text(json.dumps(document))
    assert "there is no contract at" in _bad(_check(sound, exit_code=1))["contracts"]


def test_check__no_deployment__is_a_problem(sound: World) -> None:
    (sound.folder / "deployment.json").unlink()
    assert "there is no deployment at" in _bad(_check(sound, exit_code=1))["contracts"]


def test_check__key_missing__is_a_problem(sound: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_EVALUATOR_1")
    found = _check(sound, exit_code=1)
    assert "TEST_EVALUATOR_1 does not hold 32 bytes of hex" in _bad(found)["keys"]


def test_check__key_of_no_committee__is_named(sound: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_EVALUATOR_1", "0x" + "5a" * 32)
    found = _check(sound, exit_code=0)
    assert "signs in no committee that is known here" in _bad(found)["stake"]


def test_check__sender_without_money__says_how_much(sound: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SENDER", "0x" + "5b" * 32)
    found = _check(sound, exit_code=1)
    mend = next(item["mend"] for item in found["findings"] if item["check"] == "balance")
    assert mend.startswith("send ")


def test_check__one_key_for_both__is_warned_of(sound: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SENDER", os.environ["TEST_EVALUATOR_0"])
    assert "one key both signs" in _bad(_check(sound, exit_code=1))["keys"]


def test_check__database_without_tables__says_upgrade(sound: World, databases: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("ORACLE_DATABASE__URL", databases.empty())
    found = _check(sound, exit_code=1)
    mend = next(item["mend"] for item in found["findings"] if item["check"] == "database")
    assert mend == "run: oracle db upgrade"


def test_check__database_of_another_escrow__is_a_problem(sound: World) -> None:
    with sound.database().write() as session:
        bind_deployment(session, 31337, "0x" + "88" * 20, 0)
    assert "follows the escrow 0x88" in _bad(_check(sound, exit_code=1))["database"]


def test_check__open_configuration__is_warned_of(sound: World) -> None:
    sound.config.chmod(0o644)
    assert "may be read by others" in _bad(_check(sound, exit_code=0))["settings"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param("[operator]\nport = 0", "", "no [operator] section", id="nothing can watch it"),
        pytest.param(
            "[operator]",
            '[operator]\nbind = "0.0.0.0"',
            "metrics are open to whoever",
            id="metrics in public",
        ),
    ],
)
def test_check__dangerous_setting__is_warned_of(sound: World, old: str, new: str, said: str) -> None:
    _edit(sound, old, new)
    assert said in _bad(_check(sound, exit_code=0))["settings"]


def _with_peer(world: World, url: str) -> list[Finding]:
    world.config.write_text(
        world.config.read_text()
        + f'[[peers.others]]\nevaluator = "{world.market.evaluators[4].account.address}"\nurl = "{url}"\n'
    )
    return list(peers.peers(world.settings()))


def test_peers__without_a_host_of_our_own__is_a_problem(sound: World) -> None:
    _with_peer(sound, "http://127.0.0.1:1")
    found = _check(sound, exit_code=1)
    assert "without [web] they cannot reach this process" in _bad(found)["settings"]
    assert "cannot be reached: ConnectError" in _bad(found)["peers"]


def test_peers__something_else_serves_there__is_named(sound: World) -> None:
    host = Host(make_app([], limits=Limits()), "127.0.0.1", 0)
    host.start()
    with closing(host):
        found = _with_peer(sound, host.url)
    assert "answers with HTTP 404: no evaluator serves there" in found[0].message


def test_peers__that_answers__is_well(sound: World) -> None:
    from oracle.peers.router import peer_router

    class Silent:
        def exchange(self, body: bytes, signature: str) -> bytes:  # noqa: ARG002 - the desk's signature
            raise AssertionError("a look asks for nothing")

    host = Host(make_app([peer_router(Silent())], limits=Limits()), "127.0.0.1", 0)
    host.start()
    with closing(host):
        assert _with_peer(sound, host.url)[0].message.endswith("answers")


def test_disk__folder_that_may_not_be_written__is_a_problem(
    sound: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_writable", lambda _folder: False)  # root may write everywhere
    assert "may not be written" in _bad(_check(sound, exit_code=1))["disk"]


def test_sandbox__missing__is_warned_of(sound: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from oracle.domain.errors import EarnestError

    def missing() -> str:
        raise EarnestError("bubblewrap (bwrap) is not installed")

    monkeypatch.setattr(machine, "sandbox_version", missing)
    assert "is not installed" in _bad(_check(sound, exit_code=0))["sandbox"]


def test_models__providers_file_malformed__is_a_problem(sound: World) -> None:
    (sound.folder / "providers.toml").write_text("[providers.a]\nkind = 'nonsense'\n")
    sound.config.write_text(sound.config.read_text() + '[jury]\nproviders = "providers.toml"\n')
    assert "models" in _bad(_check(sound, exit_code=1))


def test_check__a_check_that_crashes__is_a_problem_and_hides_nothing(
    sound: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash() -> list[Finding]:
        raise RuntimeError("hunter2")

    monkeypatch.setattr(machine, "sandbox", crash)
    found = _check(sound, exit_code=1)
    assert _bad(found)["sandbox"] == "this check failed: RuntimeError"
    assert any(item["check"] == "balance" for item in found["findings"])


def test_check__no_configuration__says_init(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["check", "--config", str(tmp_path / "none.toml"), "--json"])
    assert result.exit_code == 2
    assert json.loads(result.output)["next_step"] == "run: oracle init"
