"""The daemon answers its operator over HTTP: whether it lives, and whether it does its work."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from oracle.chain.errors import RpcUnavailableError
from oracle.cli.main import main
from oracle.daemon import assembly
from oracle.daemon.service import Service
from oracle.signing.signer import SigningError
from oracle.store import jobs, schema
from oracle.web.host import HostError
from scripts.local.ports import free_ports
from tests.integration.daemon.conftest import World, until, write_config


@pytest.fixture
def port() -> int:
    return free_ports(1)[0]


@pytest.fixture
def service(world: World, port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setenv("ORACLE_EVALUATION__WAIT", "60")  # what waits stays so
    write_config(world.folder, world.chain, world.market, extra=f"[operator]\nport = {port}")
    database = world.database()
    schema.upgrade(database)
    database.close()
    with assembly.assembled(world.settings()) as made:
        yield made


def test_readyz__from_start_to_first_turn_to_a_broken_node(
    service: Service, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"http://127.0.0.1:{port}"
    assert get(f"{url}/livez").status_code == 200
    assert get(f"{url}/readyz").json()["problems"] == {"loop": "nothing was read from the chain yet"}

    service.turn()
    assert get(f"{url}/readyz").json() == {"ok": True, "problems": {}}
    assert get(f"{url}/metrics").status_code == 200

    def down(*_: object) -> None:
        service.stop()  # so that the loop ends after this turn
        raise RpcUnavailableError("the node at https://node/v2/hunter2 is down")

    monkeypatch.setattr(service._parts.watcher, "step", down)
    service.run()
    answer = get(f"{url}/readyz")
    assert answer.status_code == 503
    assert answer.json()["problems"] == {"loop": "chain_unusable: RpcUnavailableError"}
    assert get(f"{url}/livez").status_code == 200


def test_assembled__port_in_use__ends_with_a_clear_error(world: World, port: int) -> None:
    write_config(world.folder, world.chain, world.market, extra=f"[operator]\nport = {port}")
    database = world.database()
    schema.upgrade(database)
    database.close()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with (
            pytest.raises(HostError, match=f"cannot listen on 127.0.0.1 port {port}"),
            assembly.assembled(world.settings()),
        ):
            pass


def test_readyz__key_that_pays_out_of_reach__says_so_and_the_daemon_goes_on(
    service: Service, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []

    def unreachable(*_: object) -> None:
        tries.append(1)
        if len(tries) == 2:
            service.stop()
        raise SigningError("web3signer at https://signer cannot be reached: ConnectError")

    monkeypatch.setattr(service._parts.outbox, "step", unreachable)
    service.run()
    assert len(tries) == 2  # it waited, and tried again
    answer = get(f"http://127.0.0.1:{port}/readyz")
    assert answer.json()["problems"] == {"loop": "key_unusable: SigningError"}
    assert _figure(port, "earnest_loop_failures_total") == 2


def test_metrics__delivery_that_cannot_be_had__is_as_old_as_its_anchoring(
    service: Service, port: int, world: World
) -> None:
    _, job = world.real_job()
    world.deliver_example(job, "careful", hand_over=False)
    until(lambda: _figure(port, 'earnest_evaluations{state="waiting"}') == 1, each=service.turn, seconds=60)
    assert _figure(port, 'earnest_jobs{state="open"}') == 1
    assert _figure(port, "earnest_loop_turns_total") >= 1
    with world.database().read() as session:
        stored = jobs.get_job(session, job)
    assert stored is not None
    age = _figure(port, "earnest_evaluation_oldest_seconds")
    assert abs(age - max(0.0, time.time() - stored.record.delivered_at)) < 60
    assert _figure(port, 'earnest_check_findings{check="balance",grade="ok"}') == 1
    assert _figure(port, 'earnest_figures_readable{source="store"}') == 1


def get(url: str) -> httpx.Response:
    return httpx.get(url, timeout=60)


def _figure(port: int, name: str) -> float:
    time.sleep(0.3)  # the store's figures are read at most every few seconds
    text = get(f"http://127.0.0.1:{port}/metrics").text
    found = [line for line in text.splitlines() if line.startswith(name + " ")]
    return float(found[0].rpartition(" ")[2]) if found else -1.0


def test_api__beside_the_daemon__answers_what_the_chain_says(
    world: World, port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    root = world.market.committee_id
    extra = f'[web]\nport = {port}\n[api]\nkey = "api.key"\n[score]\nroots = ["{root}"]'
    write_config(world.folder, world.chain, world.market, extra=extra)
    database = world.database()
    schema.upgrade(database)
    database.close()
    agreement, job = world.job()
    with assembly.assembled(world.settings()) as service:
        url = f"http://127.0.0.1:{port}"
        assert get(f"{url}/v1/status").status_code == 503
        service.turn()
        shown = get(f"{url}/v1/jobs/{job}")
        assert shown.json()["job"]["state"] == "open"
        assert shown.json()["job"]["price"] == str(agreement.price)
        agent = agreement.terms.provider
        until(lambda: get(f"{url}/v1/agents/{agent}/score").status_code == 200)
        score = get(f"{url}/v1/agents/{agent}/score").json()
        assert (score["score"], score["roots"]) == (None, [root])
        assert int(score["coverage"]["exposure"]) >= agreement.price
        assert get(f"{url}/readyz").status_code == 404
    assert (world.folder / "api.key").stat().st_mode & 0o777 == 0o600
    assert main_score(world, agent, capsys)["coverage"] == score["coverage"]


def main_score(world: World, agent: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What the command line says of the agent, from the same store."""
    capsys.readouterr()  # what the daemon logged
    with pytest.raises(SystemExit):
        main(["score", agent, "--config", str(world.config), "--json"])
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told
