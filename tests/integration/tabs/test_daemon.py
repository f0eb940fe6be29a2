"""Two daemons take a tab's period from its presentation to moved money: neither has a quorum's keys alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from oracle.chain.abi import load_abi
from oracle.cli.main import cli
from oracle.domain.tab_events import PeriodJudged, PeriodSettled, TabEvent
from oracle.domain.types import Hash, Outcome
from oracle.evaluation.tab_record import parse_tab_record
from oracle.evidence.store import ContentStore, DirectoryLocation
from scripts.local.anvil import CHAIN_ID, Anvil, account
from scripts.local.market import Market
from scripts.local.ports import free_ports
from scripts.local.tabs import hand_over, open_tab, present, serve, tab_terms, tabs_of
from tests.integration.tabs.conftest import METHODOLOGY, PACT
from tests.unit.tabs.periods import BAD, GOOD, REQUEST

CALLS, PRICE = 60, 5_000
KEYS = ((0, 1), (2, 3))  # of the evaluators, by daemon; three are a quorum


def configure(folder: Path, chain: Anvil, market: Market, number: int, ports: list[int]) -> Path:
    place = folder / f"daemon-{number}"
    place.mkdir()
    market.write_deployment(place / "deployment.json")
    others = "\n".join(
        f'[[peers.others]]\nevaluator = "{market.evaluators[KEYS[other][0]].account.address}"\n'
        f'url = "http://127.0.0.1:{port}"'
        for other, port in enumerate(ports)
        if other != number
    )
    keys = "\n".join(f'[[keys.evaluators]]\nenv = "KEY_{index}"' for index in KEYS[number])
    path = place / "oracle.toml"
    path.write_text(
        f"""
[chain]
rpc = "{chain.url}"
chain_id = {CHAIN_ID}
deployment = "deployment.json"
poll = 0.2
[policy]
sign_at = "latest"
[tabs]
poll = 0.3
[evidence]
others = ["{folder / "store"}"]
[evaluation]
wait = 0.3
[web]
port = {ports[number]}
[keys.sender]
env = "KEY_SENDER"
{keys}
{others}
""",
        encoding="utf-8",
    )
    return path


@contextmanager
def daemons(folder: Path, chain: Anvil, market: Market) -> Iterator[list[subprocess.Popen[bytes]]]:
    oracle, ports = str(Path(sys.executable).parent / "oracle"), free_ports(len(KEYS))
    with ExitStack() as stack:
        running = []
        for number in range(len(KEYS)):
            config = configure(folder, chain, market, number, ports)
            keys = {
                f"KEY_{index}": "0x" + bytes(market.evaluators[index].key.key).hex() for index in KEYS[number]
            }
            environment = os.environ | keys | {"KEY_SENDER": "0x" + bytes(account(number + 5).key).hex()}
            command = [sys.executable, oracle]
            subprocess.run([*command, "db", "upgrade", "--config", str(config)], env=environment, check=True)
            with (config.parent / "daemon.log").open("wb") as log:
                process = subprocess.Popen(
                    [*command, "run", "--config", str(config)], env=environment, stdout=log, stderr=log
                )
            stack.callback(process.wait, 120)
            stack.callback(process.terminate)
            running.append(process)
        yield running


def replayed(market: Market, config: Path, tab: Hash) -> dict[str, Any]:
    """`oracle replay` of the tab, once the daemon has read its settlement."""
    end = time.monotonic() + 120
    while True:
        said = CliRunner().invoke(cli, ["replay", tab, "--chain", "--config", str(config), "--json"])
        if "settlement of period 1" in said.output or time.monotonic() >= end:
            answer: dict[str, Any] = json.loads(said.output)
            return answer
        market.rpc.call("anvil_mine", ["0x1"], retry=False)
        time.sleep(0.5)


@pytest.mark.slow
@pytest.mark.timeout(600)  # two processes start and follow a chain
def test_a_period_is_drawn_judged_and_paid(tab_market: tuple[Anvil, Market], tmp_path: Path) -> None:
    chain, market = tab_market
    store = ContentStore(tmp_path / "store")
    for document in (PACT, METHODOLOGY):
        store.put(document.canonical())
    opened = open_tab(market, tab_terms(market, pact=PACT.hash(), ceiling=PRICE, deposit=CALLS * PRICE))
    exchanges = [(REQUEST, BAD if number % 6 == 0 else GOOD) for number in range(CALLS)]
    served = serve(market, opened, exchanges, PRICE, tmp_path / "provider.sqlite3")
    hand_over(market, opened, served, store)
    balance = load_abi("USDC").functions["balanceOf"]
    wallet = balance.encode(market.provider.address)
    before = balance.decode(market.rpc.eth_call(market.usdc, wallet))[0]
    present(market, opened, served)
    tabs, found = tabs_of(market), None
    events: list[TabEvent] = []
    with daemons(tmp_path, chain, market) as running:
        end = time.monotonic() + 240
        while found is None and time.monotonic() < end:
            assert all(process.poll() is None for process in running)
            market.rpc.call("anvil_mine", ["0x1"], retry=False)
            time.sleep(0.5)
            events = [each.event for each in tabs.events(0, market.rpc.block_number(), tab=opened.tab)]
            found = next((each for each in events if isinstance(each, PeriodSettled)), None)
        replays = [replayed(market, tmp_path / f"daemon-{n}/oracle.toml", opened.tab) for n in range(2)]
    logs = "".join(path.read_text() for path in tmp_path.glob("daemon-*/daemon.log"))
    assert found is not None, logs[-4_000:]
    judged = next(each for each in events if isinstance(each, PeriodJudged))
    evidence = ContentStore(
        tmp_path / "store", [DirectoryLocation(tmp_path / f"daemon-{n}/evidence") for n in range(2)]
    )
    data = evidence.get(judged.evidence[0], max_bytes=10_000_000)
    record = parse_tab_record(data)
    assert found.outcome is judged.outcome is Outcome.PASS
    assert found.payable == judged.payable == int(record.estimate.payable)
    assert 0 < found.payable < CALLS * PRICE
    folders = [str(tmp_path / f"daemon-{n}/evidence") for n in range(2)]
    arguments = ["tab", "verify", judged.evidence[0], "--store", folders[0], "--from", folders[1]]
    said = CliRunner().invoke(cli, [*arguments, "--from", str(tmp_path / "store"), "--json"])
    assert said.exit_code == 0, said.output
    assert json.loads(said.output)["payable"] == str(found.payable)
    paid = balance.decode(market.rpc.eth_call(market.usdc, wallet))[0] - before
    assert paid == found.payable
    assert record.estimate.drawn == 45  # 15, doubled for thin evidence, and half as many again: a new pair
    assert judged.signers.bit_count() == market.committee.threshold
    for replay in replays:
        assert replay["holds"], [step for step in replay["steps"] if not step["holds"]]
        words = " | ".join(step["what"] for step in replay["steps"])
        assert any("asked of the chain" in step.get("note", "") for step in replay["steps"])
        for expected in ("id of the tab", "estimate of period 1", "vote of 0x", "verdict on period 1"):
            assert expected in words
    assert {"judge", "settle"} <= {
        step["what"].split(" (entry")[0] for replay in replays for step in replay["steps"]
    }
