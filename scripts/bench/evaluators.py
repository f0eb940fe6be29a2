"""Three evaluators on one chain, each `oracle run` in a process with its own key, database and evidence."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from eth_account.signers.local import LocalAccount
from web3 import HTTPProvider, Web3

from oracle.chain import calls
from oracle.chain.errors import RpcError
from oracle.chain.transactions import Transaction, sign_transaction
from oracle.domain import typed
from oracle.domain.errors import EarnestError
from oracle.domain.events import Judged
from oracle.domain.signatures import compact, sign_digest
from oracle.domain.terms import Agreement
from oracle.domain.types import Funding, Hash
from oracle.evidence.store import ContentStore
from oracle.pact.delivery import Declaration
from oracle.pact.document import Pact
from oracle.pact.methodology import Methodology
from oracle.pact.packing import pack, read_folder
from scripts.local.anvil import CHAIN_ID, Anvil, account, anvil
from scripts.local.market import ACCOUNTS, UNIT, Market, build_market, fund_collateral
from scripts.local.ports import free_ports

SIZE, THRESHOLD = 3, 2
_EXAMPLES = Path(__file__).parents[2] / "examples"
_FIRST_SENDER = 40  # accounts that pay the evaluators' gas
_GAS = 400_000  # more than any call here uses
_FEE = 10**12  # wei; the local base fee rises while blocks are full
_WAVE = 60  # calls mined together: below a block's gas limit


class BenchError(EarnestError):
    """Something that is measured did not happen."""


@dataclass
class Yard:
    """A chain, a market with a committee of three, and the evaluators' folders."""

    chain: Anvil
    market: Market
    folder: Path
    urls: Sequence[str]
    """The evaluators' databases."""
    deliverable: Hash
    pact: Hash
    together: bool = False
    """Whether one process holds all keys."""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _nonces: dict[str, int] = field(default_factory=dict)

    def send(self, by: LocalAccount, data: Sequence[bytes], *, mine: bool = True) -> None:
        """Hand calls of the escrow to the chain in order; mined in waves, or by the chain's own clock.

        Raises:
            RpcError: one was refused.
        """
        rpc, target = self.market.rpc, self.market.escrow.address
        # Those of the pool count too.
        nonce = max(self._nonces.get(by.address, 0), rpc.nonce(by.address.lower(), "latest"))
        self._nonces[by.address] = nonce + len(data)
        for start in range(0, len(data), _WAVE):
            signed = [
                sign_transaction(
                    Transaction(CHAIN_ID, nonce + start + at, target, call, _GAS, _FEE, 1),
                    bytes(by.key),
                )
                for at, call in enumerate(data[start : start + _WAVE])
            ]
            for fate in rpc.send_raw_batch([transaction.raw for transaction in signed]):
                if isinstance(fate, RpcError):
                    raise fate
            if mine:
                rpc.call("evm_mine", [], retry=False)

    def open_jobs(self, count: int) -> list[Hash]:
        """Open jobs; each reserves some of every evaluator's stake until its challenge is over."""
        agreements = [self.any_agreement() for _ in range(count)]
        ids = [typed.job_id(self.market.escrow.domain, agreement) for agreement in agreements]
        self.send(
            self.market.buyer,
            [
                calls.open_job(agreement, Funding.COLLATERAL, provider_signature=self._agreed(job))
                for agreement, job in zip(agreements, ids, strict=True)
            ],
        )
        return ids

    def any_agreement(self) -> Agreement:
        """One more agreement under the pact; nothing is opened."""
        # Without a challenge a verdict closes its job.
        made = self.market.agreement(gated=10 * UNIT, bond=UNIT, fee=2 * UNIT, challenge=0)
        return replace(made, opening=replace(made.opening, pact=self.pact))

    def _agreed(self, job: Hash) -> bytes:
        r, vs = compact(sign_digest(bytes(self.market.provider.key), job))
        return bytes.fromhex(r[2:] + vs[2:])

    def judged(self, from_block: int, to_block: int | None = None) -> dict[Hash, int]:
        """Jobs judged from one block to another, by default the newest, and in which."""
        last = self.market.rpc.block_number() if to_block is None else to_block
        events = self.market.escrow.events(from_block, last)
        return {item.event.job: item.block_number for item in events if isinstance(item.event, Judged)}

    def start(self, *, upgrade: bool = True) -> None:
        """Migrate the databases, where asked to, and run the evaluators until they have read the chain."""
        for index, url in enumerate(self.urls):
            environment = os.environ | {
                "BENCH_SENDER": "0x" + bytes(account(_FIRST_SENDER + index).key).hex(),
                "ORACLE_DATABASE__URL": url,
            }
            for number, evaluator in enumerate(self.market.evaluators):
                if self.together or number == index:
                    environment[f"BENCH_EVALUATOR_{number}"] = "0x" + bytes(evaluator.key.key).hex()
            program = [sys.executable, "-c", "from oracle.cli.main import main; main()"]
            config = ["--config", str(self.folder / str(index) / "oracle.toml")]
            if upgrade:
                subprocess.run(
                    [*program, "db", "upgrade", *config], env=environment, check=True, capture_output=True
                )
            with (self.folder / str(index) / "log").open("wb") as log:
                self.processes.append(
                    subprocess.Popen([*program, "run", *config], env=environment, stdout=log, stderr=log)
                )
        self.wait(
            lambda: all('"started"' in self.log(index) for index in range(len(self.urls))),
            seconds=90,
            each=0.02,
        )

    def log(self, index: int) -> str:
        """What an evaluator has said."""
        return (self.folder / str(index) / "log").read_text(errors="replace")

    def wait(self, condition: Callable[[], bool], *, seconds: float, each: float = 0.2) -> None:
        """Wait for a condition.

        Raises:
            BenchError: it did not come true in time, or an evaluator has ended.
        """
        end = time.monotonic() + seconds
        while not condition():
            for index, process in enumerate(self.processes):
                if process.poll() is not None:
                    raise BenchError(f"evaluator {index} ended: {self.log(index)[-2000:]}")
            if time.monotonic() > end:
                raise BenchError(f"not within {seconds} s; evaluator 0 said last: {self.log(0)[-2000:]}")
            time.sleep(each)

    def stop(self) -> None:
        """End the evaluators."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()


@contextmanager
def yard(databases: Callable[[Path, int], str], *, block_time: int, together: bool = False) -> Iterator[Yard]:
    """Everything up to the evaluators' start.

    Args:
        databases: The URL of an evaluator's empty database, by its folder and number.
        block_time: Seconds between blocks.
        together: One process with all keys, instead of one each.
    """
    methodology = Methodology.parse((_EXAMPLES / "methodology/demo.json").read_bytes())
    with tempfile.TemporaryDirectory() as place, anvil(accounts=ACCOUNTS) as chain:
        folder = Path(place)
        market = build_market(
            chain, size=SIZE, threshold=THRESHOLD, stake=400_000 * UNIT, methodology=methodology.hash()
        )
        try:
            web3 = Web3(HTTPProvider(chain.url))
            for party in (market.buyer, market.provider):
                fund_collateral(market, web3, party, 900_000 * UNIT)
            market.rpc.call("evm_setAutomine", [False], retry=False)
            handover = ContentStore(folder / "handover")
            pact, deliverable = _hand_over(handover, methodology)
            urls = []
            ports = free_ports(SIZE)
            for index in range(1 if together else SIZE):
                (folder / str(index)).mkdir()
                urls.append(databases(folder / str(index), index))
                keys = range(SIZE) if together else [index]
                _configure(folder, chain, market, index, keys, ports)
            made = Yard(chain, market, folder, urls, deliverable, pact, together)
            try:
                market.rpc.call("evm_setIntervalMining", [block_time], retry=False)
                yield made
            finally:
                made.stop()
        finally:
            market.rpc.close()


def _hand_over(store: ContentStore, methodology: Methodology) -> tuple[Hash, Hash]:
    """Put the example pact for extraction and a good delivery where the evaluators find them."""
    example = _EXAMPLES / "extraction"
    pact = Pact.parse((example / "pact.json").read_bytes())
    declared = Declaration.parse((example / "deliveries/careful/declared.json").read_bytes())
    packed = pack(example / "deliveries/careful/files", pact=pact.hash(), declared=declared)
    materials = [content for _path, content in read_folder(example / "materials")]
    for content in (
        pact.canonical(), methodology.canonical(), packed.manifest, *packed.blobs.values(), *materials,
    ):  # fmt: skip
        store.put(content)
    return pact.hash(), packed.hash


def _configure(
    folder: Path, chain: Anvil, market: Market, index: int, keys: Sequence[int], ports: Sequence[int]
) -> None:
    place = folder / str(index)
    market.write_deployment(place / "deployment.json")
    others = "\n".join(
        f'[[peers.others]]\nevaluator = "{market.committee.evaluators[other]}"\n'
        f'url = "http://127.0.0.1:{ports[other]}"'
        for other in range(SIZE)
        if other not in keys
    )
    held = "\n".join(f'[[keys.evaluators]]\nenv = "BENCH_EVALUATOR_{key}"' for key in keys)
    (place / "oracle.toml").write_text(
        f"""
[chain]
rpc = "{chain.url}"
chain_id = {CHAIN_ID}
deployment = "deployment.json"
poll = 0.5
[keys.sender]
env = "BENCH_SENDER"
{held}
[policy]
sign_at = "latest"
stagger = 4
[evidence]
others = ["{folder / "handover"}"]
[outbox]
max_in_flight = 200
[web]
port = {ports[index]}
[peers]
requests_per_second = 1000
{others}
""",
        encoding="utf-8",
    )
