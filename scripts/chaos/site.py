"""One honest evaluator: its folder, its database, its wires, and its process while it lives."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass, field, replace
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from oracle.store import schema
from oracle.store.database import Database
from scripts.chaos import inside
from scripts.chaos.databases import Hindrance
from scripts.chaos.inside import Orders
from scripts.chaos.transactions import Signed
from scripts.chaos.wire import NodeWire, PeerWire
from scripts.local.anvil import CHAIN_ID, account
from scripts.local.market import Market

FIRST_SENDER = 40  # accounts that pay the evaluators' gas
SQLITE = "oracle.sqlite3"


@dataclass
class Site:
    """One evaluator. `deaths` counts SIGKILLs, `exits` ends that nobody ordered."""

    index: int
    folder: Path
    port: int
    nodes: list[NodeWire]
    inbox: PeerWire
    database_url: str
    context: ForkServerContext
    environment: dict[str, str]
    plant: str | None = None
    process: ForkServerProcess | None = None
    orders: Orders = field(default_factory=Orders)
    deaths: int = 0
    exits: list[int] = field(default_factory=list)
    restart_at: int = 0
    overheard: list[Signed] = field(default_factory=list)
    paused: bool = False
    hindrance: Hindrance = field(init=False)

    def __post_init__(self) -> None:
        self.hindrance = Hindrance(self.database_url, self.folder / SQLITE)

    @property
    def sender(self) -> str:
        """The account that pays its gas."""
        return str(account(FIRST_SENDER + self.index).address).lower()

    @property
    def log(self) -> Path:
        """What the daemon writes."""
        return self.folder / "daemon.log"

    def start(self) -> None:
        """Run the daemon."""
        process = self.context.Process(
            target=inside.run, args=(str(self.folder), self.environment, self.plant), daemon=True
        )
        process.start()
        self.process = process

    def order(self, **changes: object) -> None:
        """Change what the process is to suffer."""
        self.orders = replace(self.orders, **changes)  # type: ignore[arg-type]
        self.orders.write(self.folder)

    def look(self, step: int, rest: int) -> None:
        """Notice a death; the daemon is started again `rest` steps later, as a supervisor would."""
        if self.process is not None and self.process.exitcode is not None:
            if self.process.exitcode == -signal.SIGKILL:
                self.deaths += 1
            else:
                self.exits.append(self.process.exitcode)
            self.process.join()
            self.process = None
            self.paused = False
            self.restart_at = step + rest
        if self.process is None and step >= self.restart_at:
            self.start()

    def kill(self) -> bool:
        """SIGKILL. Whether there was anything to kill."""
        return self._signal(signal.SIGKILL)

    def pause(self, *, on: bool) -> bool:
        """Stop the process without its knowing, or let it go on. Whether there is one."""
        signalled = self._signal(signal.SIGSTOP if on else signal.SIGCONT)
        self.paused = signalled and on
        return signalled

    def _signal(self, number: signal.Signals) -> bool:
        if self.process is None or self.process.pid is None or self.process.exitcode is not None:
            return False
        os.kill(self.process.pid, number)
        return True

    def stop(self, seconds: float) -> bool:
        """End it in good order; False where it had to be killed."""
        if self.process is None:
            return True
        self.pause(on=False)
        self._signal(signal.SIGTERM)
        self.process.join(seconds)
        ended = self.process.exitcode == 0
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()
        self.process = None
        return ended

    def fill_database(self, *, on: bool) -> bool:
        """Leave no room in it, or some again. Whether that could be done now."""
        if self.hindrance.is_sqlite:
            self.order(full=on)
            return True
        return self.hindrance.fill(on=on)

    def database(self) -> Database:
        """Its database, opened by the driver."""
        return Database(self.database_url)


def write_site(site: Site, market: Market, peers: dict[int, str], handover: list[Path]) -> None:
    """Deployment, configuration and tables of an evaluator.

    Args:
        peers: Where the other members of the committee are reached, by index.
        handover: Where pacts and deliveries are put.
    """
    market.write_deployment(site.folder / "deployment.json")
    others = "\n".join(
        f'[[peers.others]]\nevaluator = "{market.committee.evaluators[index]}"\nurl = "{url}"'
        for index, url in peers.items()
    )
    config = f"""
[chain]
rpc = {json.dumps([node.url for node in site.nodes])}
chain_id = {CHAIN_ID}
deployment = "deployment.json"
poll = 0.3
timeout = 2.0
[keys.sender]
env = "CHAOS_SENDER"
[[keys.evaluators]]
env = "CHAOS_EVALUATOR"
[policy]
stagger = 3
[database]
url = {json.dumps(site.database_url)}
[evidence]
others = {json.dumps([str(place) for place in handover])}
[evaluation]
tries = 60
wait = 0.5
[jury]
providers = "providers.toml"
[outbox]
stuck_after = 4.0
rebroadcast_every = 2.0
retry_every = 0.5
[web]
port = {site.port}
[peers]
again_every = 2.0
timeout = 3.0
longest_wait = 4.0
prove = true
{others}
"""
    (site.folder / "oracle.toml").write_text(config, encoding="utf-8")
    database = site.database()
    schema.upgrade(database)
    database.close()
    site.orders.write(site.folder)
