"""A market on anvil, and a daemon over it that tests turn by hand or run as a process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from oracle.chain import calls
from oracle.chain.rpc import Rpc
from oracle.config import Settings, load_settings
from oracle.daemon import assembly
from oracle.daemon.adapter import NodeChain
from oracle.daemon.ports import EvaluationPort, EvaluationResult, EvaluationTask
from oracle.daemon.service import Service
from oracle.domain import typed
from oracle.domain.canonical import keccak_hex
from oracle.domain.terms import Agreement
from oracle.domain.types import Address, Hash, Outcome
from oracle.durable.port import Steps
from oracle.evidence.store import ContentStore
from oracle.opening.keys import load_keys
from oracle.opening.places import deployment_of
from oracle.pact.delivery import Declaration
from oracle.pact.document import Pact
from oracle.pact.methodology import Methodology
from oracle.pact.packing import pack, read_folder
from oracle.store import schema
from oracle.store.chain import bind_deployment
from oracle.store.database import Database
from scripts.local.anvil import CHAIN_ID, Anvil
from scripts.local.market import UNIT, Market
from tests.databases import Databases
from tests.markets import running_market

DELIVERABLE = "0x" + "d1" * 32
POLL = 0.1  # seconds between two looks of the daemon: more blocks than looks are work for nothing
EXAMPLES = Path(__file__).parents[3] / "examples"
EXTRACTION = EXAMPLES / "extraction"
METHODOLOGY = Methodology.parse((EXAMPLES / "methodology/demo.json").read_bytes())


@dataclass
class FixedEvaluation:
    """An evaluation that always comes to the same outcome; counts how often it is asked."""

    outcome: Outcome = Outcome.PASS
    asked: list[EvaluationTask] = field(default_factory=list)

    def is_quick(self, task: EvaluationTask) -> bool:  # noqa: ARG002
        return True

    def evaluate(self, task: EvaluationTask, steps: Steps) -> EvaluationResult:  # noqa: ARG002
        self.asked.append(task)
        return EvaluationResult(self.outcome, keccak_hex(task.job.encode()), "as the test wants it")

    def evidence_for(self, evidence: Hash, evaluator: Address) -> Hash:
        return keccak_hex((evidence + evaluator).encode())


@dataclass
class World:
    """Chain, market and a folder with the daemon's configuration."""

    chain: Anvil
    market: Market
    folder: Path
    opened: list[Database] = field(default_factory=list)

    @property
    def config(self) -> Path:
        return self.folder / "oracle.toml"

    @property
    def rpc(self) -> Rpc:
        return self.market.rpc

    def mine(self, blocks: int = 1) -> bool:
        """Make blocks. True, so that it can stand in an expression."""
        self.rpc.call("anvil_mine", [hex(blocks)], retry=False)
        return True

    def warp(self, seconds: int) -> None:
        self.chain.warp(self.rpc, seconds)

    def job(self, *, challenge: int = 86_400) -> tuple[Agreement, Hash]:
        """An open job of 1,000 USDC, bond 200, fee 20."""
        agreement = self.market.agreement(
            gated=1_000 * UNIT, bond=200 * UNIT, fee=20 * UNIT, challenge=challenge
        )
        self.market.open(agreement)
        return agreement, typed.job_id(self.market.escrow.domain, agreement)

    def real_job(self, *, challenge: int = 86_400) -> tuple[Agreement, Hash]:
        """An open job under the example pact for extraction; the daemon's store holds what it needs."""
        store = ContentStore(self.folder / "evidence")
        pact = Pact.parse((EXTRACTION / "pact.json").read_bytes())
        store.put(pact.canonical())
        store.put(METHODOLOGY.canonical())
        for _path, content in read_folder(EXTRACTION / "materials"):
            store.put(content)
        agreement = self.market.agreement(
            gated=1_000 * UNIT, bond=200 * UNIT, fee=20 * UNIT, challenge=challenge
        )
        agreement = replace(agreement, opening=replace(agreement.opening, pact=pact.hash()))
        self.market.open(agreement)
        return agreement, typed.job_id(self.market.escrow.domain, agreement)

    def deliver_example(self, job: Hash, who: str, *, hand_over: bool = True) -> Hash:
        """Anchor an example's delivery, and put it where the daemon finds it."""
        folder = EXTRACTION / "deliveries" / who
        pact = Pact.parse((EXTRACTION / "pact.json").read_bytes())
        declared = Declaration.parse((folder / "declared.json").read_bytes())
        packed = pack(folder / "files", pact=pact.hash(), declared=declared)
        if hand_over:
            store = ContentStore(self.folder / "evidence")
            store.put(packed.manifest)
            for content in packed.blobs.values():
                store.put(content)
        self.deliver(job, packed.hash)
        return packed.hash

    def deliver(self, job: Hash, deliverable: Hash = DELIVERABLE) -> None:
        self.market.send(self.market.provider, calls.deliver(job, deliverable))

    def settings(self) -> Settings:
        return load_settings(self.config)

    @contextmanager
    def service(
        self,
        evaluation: EvaluationPort,
        *,
        dry_run: bool = False,
        chain: object | None = None,
        **parts: Any,
    ) -> Iterator[Service]:
        """The daemon in this process, with an evaluation of the test's own."""
        settings = self.settings()
        deployment = deployment_of(settings)
        database = Database(settings.database_url())
        schema.upgrade(database)
        with database.write() as session:
            bind_deployment(session, CHAIN_ID, deployment.escrow, deployment.block)
        made = assembly.build(
            settings,
            deployment,
            load_keys(settings),
            database,
            NodeChain(self.market.escrow) if chain is None else chain,  # type: ignore[arg-type]
            evaluation,
            self.market.escrow,
            dry_run=dry_run,
            **parts,
        )
        try:
            yield made
        finally:
            made.close()
            database.close()

    def database(self) -> Database:
        """The daemon's database, closed when the test ends."""
        self.opened.append(Database(self.settings().database_url()))
        return self.opened[-1]


@pytest.fixture(scope="session")
def shared_market() -> Iterator[tuple[Anvil, Market]]:
    with running_market(methodology=METHODOLOGY.hash()) as made:
        yield made


@pytest.fixture
def world(
    shared_market: tuple[Anvil, Market],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    databases: Databases,
) -> Iterator[World]:
    chain, market = shared_market
    snapshot = market.rpc.call("evm_snapshot", [], retry=False)
    chain.keep_step(market.rpc)
    keys = {"SENDER": market.deployer.key} | {
        f"EVALUATOR_{i}": market.evaluators[i].key.key for i in range(len(market.evaluators))
    }
    for name, key in keys.items():
        monkeypatch.setenv(f"TEST_{name}", "0x" + bytes(key).hex())
    if databases.kind == "postgresql":
        # Not in the file: tests that write it anew mean the same database.
        monkeypatch.setenv("ORACLE_DATABASE__URL", databases.empty())
    write_config(tmp_path, chain, market)
    made = World(chain, market, tmp_path)
    yield made
    for database in made.opened:
        database.close()
    market.rpc.call("evm_revert", [snapshot], retry=False)


def write_config(folder: Path, chain: Anvil, market: Market, *, keys: int = 3, extra: str = "") -> None:
    """The deployment's record and a configuration with the keys of the first evaluators."""
    market.write_deployment(folder / "deployment.json")
    evaluators = "\n".join(f'[[keys.evaluators]]\nenv = "TEST_EVALUATOR_{i}"' for i in range(keys))
    (folder / "oracle.toml").write_text(
        f"""
[chain]
rpc = "{chain.url}"
chain_id = {CHAIN_ID}
deployment = "deployment.json"
poll = {POLL}
[keys.sender]
env = "TEST_SENDER"
{evaluators}
[evaluation]
wait = 0.1
[outbox]
retry_every = 0.1
{extra}
"""
    )


def until(
    condition: Callable[[], bool],
    *,
    seconds: float = 150.0,
    each: Callable[[], object] | None = None,
    every: float = 0.02,
) -> None:
    """Wait for a condition, doing `each` before every look, `every` so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it did not happen in time")
        if each is not None:
            each()
        time.sleep(every)
