"""Puts up the world: chain, market, content, three evaluators with their wires, and a liar."""

from __future__ import annotations

import gc
import json
import multiprocessing
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerContext
from pathlib import Path

from web3 import HTTPProvider, Web3

from oracle.chain.rpc import Rpc
from oracle.domain.types import Hash
from oracle.evidence.store import ContentStore
from oracle.pact.delivery import Declaration
from oracle.pact.document import Pact
from oracle.pact.methodology import Methodology
from oracle.pact.packing import pack, read_folder
from scripts.chaos.driver import Actor, Blocks
from scripts.chaos.jobs import Job, Parties
from scripts.chaos.juror import StandIn, with_stand_in, write_jury
from scripts.chaos.liar import TOLD
from scripts.chaos.plan import ENDPOINTS, EVALUATORS, Delivery
from scripts.chaos.site import FIRST_SENDER, SQLITE, Site, write_site
from scripts.chaos.table import ARBITER_COST, THRESHOLD
from scripts.chaos.wire import NodeWire, PeerWire
from scripts.local.anvil import Anvil, account, anvil
from scripts.local.market import ACCOUNTS, UNIT, Market, build_market, fund_collateral
from scripts.local.ports import free_ports
from scripts.local.postgres import Postgres, postgres

EXAMPLES = Path(__file__).parents[2] / "examples"
COMMITTEE = 5
LIAR = 3  # index of the evaluator that lies; the last one is dead
LIES = "liar.log"
STAKE = 100_000 * UNIT
SECONDS = 2  # between two blocks
EPOCH = 8  # blocks until safe; twice as many until final, more than any reorg takes away
FIRST_BLOCKS = 40


@dataclass
class World:
    """Everything there is. `pacts` and `deliverables` are what jobs are about."""

    folder: Path
    chain: Anvil
    market: Market
    node: Rpc
    blocks: Blocks
    parties: Parties
    pacts: dict[Delivery, Hash]
    deliverables: dict[Delivery, Hash]
    juror: StandIn
    server: Postgres | None
    sites: list[Site] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    liar: subprocess.Popen[bytes] | None = None
    liar_port: int = 0
    begun_with: dict[str, int] = field(default_factory=dict)
    """What each party had, wallet and free collateral together, in USDC base units."""

    @property
    def handover(self) -> list[Path]:
        """Where content is put: two places, so that one may be broken."""
        return [self.folder / "mirror", self.folder / "handover"]

    def lies(self) -> Counter[str]:
        """How often the liar told which lie."""
        lines = (self.folder / LIES).read_text(encoding="utf-8", errors="replace").splitlines()
        return Counter(line.split()[1] for line in lines if line.startswith(f"{TOLD} "))

    def end(self) -> None:
        """No process is left."""
        for site in self.sites:
            site.stop(0.1)
        if self.liar is not None:
            self.liar.kill()
            self.liar.wait()

    def wealth(self, address: str) -> int:
        """An account's wallet and free collateral."""
        data = bytes.fromhex("70a08231") + bytes(12) + bytes.fromhex(address[2:])  # balanceOf(address)
        wallet = int.from_bytes(self.node.eth_call(self.market.usdc, data), "big")
        return wallet + self.market.escrow.collateral_of(address)


@contextmanager
def world(folder: Path, *, database: str = "sqlite", plant: str | None = None) -> Iterator[World]:
    """Put it up; everything is gone on leaving but what is in `folder`."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["scripts.chaos.preload"])
    with ExitStack() as stack:
        chain = stack.enter_context(
            anvil(accounts=ACCOUNTS, slots_in_an_epoch=EPOCH, log=folder / "anvil.log")
        )
        server = stack.enter_context(postgres()) if database == "postgresql" else None
        methodology = with_stand_in((EXAMPLES / "methodology/demo.json").read_bytes())
        juror = StandIn()
        stack.callback(juror.close)
        market = build_market(
            chain,
            size=COMMITTEE,
            threshold=THRESHOLD,
            stake=STAKE,
            methodology=methodology.hash(),
            arbiter_cost=ARBITER_COST,
        )
        stack.callback(market.rpc.close)
        web3 = Web3(HTTPProvider(chain.url))
        for party in (market.buyer, market.provider):
            fund_collateral(market, web3, party, 300_000 * UNIT)
        for evaluator in market.evaluators:
            fund_collateral(market, web3, evaluator.account, STAKE)
        node = stack.enter_context(chain.rpc())
        blocks = Blocks(node)
        blocks.call("anvil_mine", hex(FIRST_BLOCKS))
        blocks.prepare(SECONDS)
        parties = Parties(Actor(market.buyer), Actor(market.provider), Actor(market.arbiter))
        made = World(
            folder,
            chain,
            market,
            node,
            blocks,
            parties,
            *_content(folder, methodology),
            juror=juror,
            server=server,
        )
        made.begun_with = {actor.address: made.wealth(actor.address) for actor in parties.all()}
        _evaluators(made, stack, context, plant)
        for site in made.sites:
            write_jury(site.folder, methodology, juror.url)
        stack.callback(made.end)
        yield made
    # web3 leaves its sockets to the garbage collector.
    del web3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def _content(folder: Path, methodology: Methodology) -> tuple[dict[Delivery, Hash], dict[Delivery, Hash]]:
    """Put everything where evaluators find it; returns pact and deliverable by kind of delivery."""
    pacts: dict[Delivery, Hash] = {}
    deliverables: dict[Delivery, Hash] = {}
    for name in ("handover", "mirror"):
        store = ContentStore(folder / name)
        store.put(methodology.canonical())
        for kind in Delivery:
            example = EXAMPLES / ("prose" if kind is Delivery.VAGUE else "extraction")
            pact = Pact.parse((example / "pact.json").read_bytes())
            pacts[kind] = store.put(pact.canonical())
            for _path, content in read_folder(example / "materials"):
                store.put(content)
            if kind is Delivery.NONE:
                continue
            home = example / "deliveries" / ("careful" if kind is Delivery.VAGUE else kind.value)
            declared = Declaration.parse((home / "declared.json").read_bytes())
            packed = pack(home / "files", pact=pact.hash(), declared=declared)
            store.put(packed.manifest)
            for content in packed.blobs.values():
                store.put(content)
            deliverables[kind] = packed.hash
    return pacts, deliverables


def _evaluators(made: World, stack: ExitStack, context: ForkServerContext, plant: str | None) -> None:
    ports = free_ports(EVALUATORS + 1)
    for index in range(EVALUATORS):
        folder = made.folder / f"evaluator-{index}"
        folder.mkdir()
        nodes = [NodeWire(made.chain.url) for _ in range(ENDPOINTS)]
        inbox = PeerWire(index, f"http://127.0.0.1:{ports[index]}")
        for node in nodes:
            stack.callback(node.close)
        stack.callback(inbox.close)
        url = f"sqlite:///{folder / SQLITE}"
        if made.server is not None:
            url = made.server.url(made.server.create())
        environment = {
            "CHAOS_SENDER": "0x" + bytes(account(FIRST_SENDER + index).key).hex(),
            "CHAOS_EVALUATOR": "0x" + bytes(made.market.evaluators[index].key.key).hex(),
        }
        made.sites.append(
            Site(
                index,
                folder,
                ports[index],
                nodes,
                inbox,
                url,
                context,
                environment,
                plant,
            )
        )
    urls = {site.index: site.inbox.url for site in made.sites} | {LIAR: f"http://127.0.0.1:{ports[-1]}"}
    for site in made.sites:
        peers = {index: url for index, url in urls.items() if index != site.index}
        write_site(site, made.market, peers, made.handover)
    made.liar_port = ports[-1]


def start_liar(made: World, seed: int, equivocate_from: int) -> None:
    """The fourth evaluator: a process that lies with a real key.

    Args:
        equivocate_from: From which delivery on it signs things that contradict each other; that ends with its
            expulsion.
    """
    task = {
        "seed": seed,
        "rpc": made.chain.url,
        "escrow": made.market.escrow.address,
        "committee": made.market.committee_id,
        "index": LIAR,
        "equivocate_from": equivocate_from,
        "peers": {str(site.index): site.inbox.url for site in made.sites},
        "port": made.liar_port,
    }
    key = "0x" + bytes(made.market.evaluators[LIAR].key.key).hex()
    with (made.folder / LIES).open("wb") as log:
        made.liar = subprocess.Popen(
            [sys.executable, "-m", "scripts.chaos.liar"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=Path(__file__).parents[2],
            env={"CHAOS_LIAR": key, "PATH": "/usr/bin:/bin"},
        )
    if made.liar.stdin is not None:
        made.liar.stdin.write(json.dumps(task).encode("utf-8"))
        made.liar.stdin.close()
