"""Three evaluators of one committee, each a process of its own, on one chain."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest

from oracle.chain import calls
from oracle.domain import typed
from oracle.domain.terms import Agreement
from oracle.domain.types import Hash, State
from oracle.evidence.store import ContentStore
from oracle.pact.delivery import Declaration
from oracle.pact.document import Pact
from oracle.pact.packing import pack, read_folder
from oracle.store import schema
from oracle.store.database import Database
from scripts.local import processes
from scripts.local.anvil import CHAIN_ID, Anvil, account
from scripts.local.market import UNIT, Market
from scripts.local.ports import free_ports
from scripts.local.processes import Death
from tests.databases import Databases
from tests.integration.daemon.conftest import EXTRACTION, METHODOLOGY, POLL, until
from tests.markets import running_market

SIZE, THRESHOLD = 3, 2
_FIRST_SENDER = 40  # accounts that pay the evaluators' gas


@dataclass
class Site:
    """One evaluator: its folder with configuration, database and evidence, and its process while it runs."""

    index: int
    folder: Path
    port: int
    environment: dict[str, str]
    database_url: str
    process: ForkServerProcess | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def config(self) -> Path:
        return self.folder / "oracle.toml"

    @property
    def log(self) -> Path:
        return self.folder / "daemon.log"

    def upgrade(self) -> None:
        """Make the tables; in this process, where nothing has to start."""
        database = self.database()
        schema.upgrade(database)
        database.close()

    def start(self, death: Death | None = None) -> None:
        """Run the daemon, until it dies where it is told to."""
        self.process = processes.start(self.config, self.log, os.environ | self.environment, death)

    def kill(self) -> None:
        if self.process is not None:
            processes.kill(self.process)
            self.process = None

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        assert self.process.pid is not None
        os.kill(self.process.pid, number)

    def database(self) -> Database:
        return Database(self.database_url)

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Lines of one event in the daemon's log."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        found = [json.loads(line) for line in lines if line.startswith("{")]
        return [line for line in found if line.get("event") == event]


@dataclass
class Trio:
    """Chain, market, and the evaluators' folders."""

    chain: Anvil
    market: Market
    folder: Path
    databases: Databases
    sites: list[Site] = field(default_factory=list)

    @property
    def handover(self) -> ContentStore:
        """Where pacts and deliveries are put; every evaluator may read there."""
        return ContentStore(self.folder / "handover")

    def mine(self, blocks: int = 1) -> None:
        self.market.rpc.call("anvil_mine", [hex(blocks)], retry=False)

    def warp(self, seconds: int) -> None:
        self.chain.warp(self.market.rpc, seconds)

    def job(
        self, *, challenge: int = 86_400, judge_within: int | None = None, offchain: Hash | None = None
    ) -> tuple[Agreement, Hash]:
        """An open job under the example pact for extraction."""
        pact = Pact.parse((EXTRACTION / "pact.json").read_bytes())
        store = self.handover
        store.put(pact.canonical())
        store.put(METHODOLOGY.canonical())
        for _path, content in read_folder(EXTRACTION / "materials"):
            store.put(content)
        agreement = self.market.agreement(
            gated=1_000 * UNIT, bond=200 * UNIT, fee=20 * UNIT, challenge=challenge
        )
        agreement = replace(agreement, opening=replace(agreement.opening, pact=pact.hash()))
        if offchain is not None:
            agreement = replace(agreement, opening=replace(agreement.opening, offchain=offchain))
        if judge_within is not None:
            now = self.market.now()
            agreement = replace(
                agreement,
                terms=replace(agreement.terms, judge_by=now + judge_within),
                opening=replace(
                    agreement.opening, open_by=now + judge_within // 4, deliver_by=now + judge_within // 2
                ),
            )
        self.market.open(agreement)
        return agreement, typed.job_id(self.market.escrow.domain, agreement)

    def deliver(self, job: Hash, who: str = "careful", *, into: ContentStore | None = None) -> Hash:
        """Anchor an example's delivery; its files go where the evaluators read, or into `into`."""
        folder = EXTRACTION / "deliveries" / who
        pact = Pact.parse((EXTRACTION / "pact.json").read_bytes())
        declared = Declaration.parse((folder / "declared.json").read_bytes())
        packed = pack(folder / "files", pact=pact.hash(), declared=declared)
        store = into or self.handover
        store.put(packed.manifest)
        for content in packed.blobs.values():
            store.put(content)
        self.market.send(self.market.provider, calls.deliver(job, packed.hash))
        return packed.hash

    def reaches(self, job: Hash, state: State, *, seconds: float = 150.0) -> None:
        """Make blocks until a job is in a state."""
        until(lambda: self.market.escrow.job_state(job).state is state, each=self.beat, seconds=seconds)

    def beat(self) -> None:
        """A block twice a second: time for all to read the last one."""
        self.mine()
        time.sleep(0.4)


@pytest.fixture(scope="session")
def small_market() -> Iterator[tuple[Anvil, Market]]:
    with running_market(size=SIZE, threshold=THRESHOLD, methodology=METHODOLOGY.hash()) as made:
        yield made


@pytest.fixture
def trio(small_market: tuple[Anvil, Market], tmp_path: Path, databases: Databases) -> Iterator[Trio]:
    chain, market = small_market
    snapshot = market.rpc.call("evm_snapshot", [], retry=False)
    chain.keep_step(market.rpc)
    trio = Trio(chain, market, tmp_path, databases)
    ports = free_ports(SIZE)
    for index in range(SIZE):
        trio.sites.append(make_site(trio, index, ports))
    yield trio
    for site in trio.sites:
        site.kill()
    market.rpc.call("evm_revert", [snapshot], retry=False)


def make_site(trio: Trio, index: int, ports: list[int], *, extra: str = "") -> Site:
    """One evaluator's folder."""
    folder = trio.folder / f"evaluator-{index}"
    folder.mkdir(exist_ok=True)
    market = trio.market
    market.write_deployment(folder / "deployment.json")
    others = "\n".join(
        f'[[peers.others]]\nevaluator = "{market.committee.evaluators[other]}"\n'
        f'url = "http://127.0.0.1:{ports[other]}"'
        for other in range(SIZE)
        if other != index
    )
    (folder / "oracle.toml").write_text(
        f"""
[chain]
rpc = "{trio.chain.url}"
chain_id = {CHAIN_ID}
deployment = "deployment.json"
poll = {POLL}
[keys.sender]
env = "TEST_SENDER"
[[keys.evaluators]]
env = "TEST_EVALUATOR"
[policy]
sign_at = "latest"
stagger = 3
[evidence]
others = ["{trio.folder / "handover"}"]
[evaluation]
wait = 0.1
[outbox]
retry_every = 0.1
[web]
port = {ports[index]}
[peers]
again_every = 1.0
timeout = 3.0
prove = true
{extra}
{others}
"""
    )
    url = trio.databases.empty()
    site = Site(
        index,
        folder,
        ports[index],
        {
            "TEST_SENDER": "0x" + bytes(account(_FIRST_SENDER + index).key).hex(),
            "TEST_EVALUATOR": "0x" + bytes(market.evaluators[index].key.key).hex(),
            "ORACLE_DATABASE__URL": url,
        },
        url,
    )
    site.upgrade()
    return site


@contextmanager
def running(*sites: Site) -> Iterator[None]:
    """Daemons, until the context ends."""
    try:
        for site in sites:
            site.start()
        yield
    finally:
        for site in sites:
            site.kill()
