"""`index_ratio`: events a second from chain to stored rows, over web3.py's `get_logs` only decoding them.

Same anvil, same blocks, same run: the whole life of many jobs, old enough to be history, as in a first sync.
Both read all of it, turn by turn, in one process whose garbage collector is set as `oracle run` sets it, and
the median of each counts; the first turn of both does not, in which our memory and the node's are warmed up.
What the turn before left behind is collected before either is timed, as is what making the tables left: some
passes of 100 ms fell into turns of 300.
Ours stores every event and each record that follows from it in SQLite, each range synced to disk; web3's are
thrown away as soon as they are decoded.
"""

from __future__ import annotations

import gc
import json
import statistics
import tempfile
import time
from importlib import resources
from pathlib import Path

from sqlalchemy import func, select
from web3 import HTTPProvider, Web3
from web3.contract import Contract

from oracle.chain.decoder import TOPICS
from oracle.chain.escrow import Escrow
from oracle.chain.pool import Pool, PoolPolicy, Source
from oracle.chain.turn import Turn
from oracle.daemon.adapter import NodeChain
from oracle.daemon.collector import settle
from oracle.daemon.watcher import KEPT_BLOCKS, Watcher
from oracle.store import schema
from oracle.store.database import Database
from oracle.store.tables import EventRow
from scripts.bench.jobs import Jobs, opened_jobs
from scripts.local.anvil import CHAIN_ID

ABI = resources.files("oracle.chain.abi").joinpath("Escrow.json")
JOBS = 5_000  # four events each
ROUNDS = 15  # a turn of ours takes half a second, and lies up to a third beside its neighbours


def run() -> dict[str, float]:
    """Events a second of both, and their ratio."""
    with opened_jobs(JOBS) as jobs:
        jobs.deliver()
        jobs.send(jobs.market.relayer, jobs.verdicts())
        jobs.age(KEPT_BLOCKS + 8)  # it is history, as in a first sync
        ours, theirs = [], []
        settle()
        for turn in range(1 + ROUNDS):
            ours.append(indexed(jobs))
            theirs.append(decoded(jobs))
            print(
                f"  {ours[-1]:,.0f} events/s stored, {theirs[-1]:,.0f} events/s decoded by web3.py"
                + ("" if turn else " (warming up)"),
                flush=True,
            )
    mine, other = statistics.median(ours[1:]), statistics.median(theirs[1:])
    return {"index_ratio": mine / other, "index_events_per_second": mine, "web3_events_per_second": other}


def indexed(jobs: Jobs) -> float:
    """Events a second through the watcher into a new database."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'oracle.sqlite3'}")
        schema.upgrade(database)
        pool = Pool.open([Source("anvil", jobs.chain.url)], chain_id=CHAIN_ID, policy=PoolPolicy())
        chain = NodeChain(Escrow(Turn(pool, TOPICS.values()), jobs.market.escrow.address, CHAIN_ID))
        watcher = Watcher(database, chain, first_block=0)
        gc.collect()
        started = time.perf_counter()
        watcher.step()
        seconds = time.perf_counter() - started
        with database.read() as session:
            stored = session.scalar(select(func.count()).select_from(EventRow)) or 0
        pool.close()
        database.close()
    return stored / seconds


def decoded(jobs: Jobs) -> float:
    """Events a second through `contract.events.X.get_logs` for every kind of event that there is."""
    web3 = Web3(HTTPProvider(jobs.chain.url))
    escrow: Contract = web3.eth.contract(
        address=Web3.to_checksum_address(jobs.market.escrow.address),
        abi=json.loads(ABI.read_text(encoding="utf-8")),
    )
    head = web3.eth.block_number
    there = {item.topics[0] for item in jobs.market.rpc.logs(jobs.market.escrow.address, 0, head)}
    kinds = [name for name, topic in TOPICS.items() if topic in there]
    gc.collect()
    started = time.perf_counter()
    count = sum(len(escrow.events[name].get_logs(from_block=0, to_block=head)) for name in kinds)
    return count / (time.perf_counter() - started)
