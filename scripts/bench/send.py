"""`send_ratio`: verdicts confirmed a second through the outbox, over a plain loop on the same anvil.

The plain loop is web3.py as its documentation shows it: build (which estimates and asks for fees and nonce),
sign, send, one after the other; the receipts are looked at when all are sent. Ours puts each call into the
outbox, which stores every transaction, synced to disk, before it is sent, follows the chain, and stores every
receipt. Both post verdicts of the same kind, each of a job of its own, and the median of the rounds counts.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path

from eth_account.signers.local import LocalAccount
from sqlalchemy import func, select
from web3 import HTTPProvider, Web3
from web3.contract import Contract

from oracle.chain.decoder import TOPICS
from oracle.chain.escrow import Escrow
from oracle.chain.pool import Pool, PoolPolicy, Source
from oracle.chain.turn import Turn
from oracle.daemon.adapter import NodeChain
from oracle.daemon.calldata import wanted_now
from oracle.daemon.outbox import Outbox
from oracle.daemon.watcher import Watcher
from oracle.decide.due import Purpose
from oracle.decide.lane import LanePolicy
from oracle.domain.types import Hash
from oracle.signing.signer import LocalSigner
from oracle.store import outbox as store
from oracle.store import schema
from oracle.store.database import Database
from oracle.store.tables import ReceiptRow
from scripts.bench.jobs import Jobs, opened_jobs
from scripts.local.anvil import CHAIN_ID

ABI = resources.files("oracle.chain.abi").joinpath("Escrow.json")
JOBS = 200  # verdicts of a round, for each side
ROUNDS = 3
IN_FLIGHT = 100  # nonces; a node of one's own takes as many, public ones some 16
_POLL = 0.005  # seconds between two looks at a chain that mines at once


def run() -> dict[str, float]:
    """Verdicts a second of both, and their ratio."""
    with opened_jobs(2 * JOBS * ROUNDS) as jobs:
        jobs.deliver()
        jobs.market.rpc.call("evm_setAutomine", [True], retry=False)
        ids, verdicts = jobs.ids(), jobs.verdicts()
        ours, theirs = [], []
        for start in range(0, len(ids), 2 * JOBS):
            middle, end = start + JOBS, start + 2 * JOBS
            ours.append(through_the_outbox(jobs, ids[start:middle], verdicts[start:middle]))
            theirs.append(plainly(jobs, verdicts[middle:end]))
            print(f"  {ours[-1]:,.0f} tx/s through the outbox, {theirs[-1]:,.0f} tx/s plainly", flush=True)
    mine, other = statistics.median(ours), statistics.median(theirs)
    return {"send_ratio": mine / other, "outbox_tx_per_second": mine, "plain_tx_per_second": other}


def through_the_outbox(jobs: Jobs, ids: Sequence[Hash], verdicts: Sequence[bytes]) -> float:
    """Transactions a second, from the first put into the outbox to the last receipt stored."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'oracle.sqlite3'}")
        schema.upgrade(database)
        pool = Pool.open([Source("anvil", jobs.chain.url)], chain_id=CHAIN_ID, policy=PoolPolicy())
        chain = NodeChain(Escrow(Turn(pool, TOPICS.values()), jobs.market.escrow.address, CHAIN_ID))
        watcher = Watcher(database, chain, first_block=0)
        outbox = Outbox(
            database,
            chain,
            LocalSigner(bytes(jobs.market.relayer.key)),
            chain_id=CHAIN_ID,
            policy=replace(LanePolicy(), max_in_flight=IN_FLIGHT),
            wanted=wanted_now,
        )
        watcher.step()  # what came before is read before the clock starts
        started = time.perf_counter()
        with database.write() as session:
            escrow = jobs.market.escrow.address
            calls = [
                store.Call(Purpose.JUDGE, job, escrow, data) for job, data in zip(ids, verdicts, strict=True)
            ]
            store.enqueue_all(session, outbox.sender, calls)
        while _confirmed(database) < len(ids):
            outbox.step(watcher.step())
            time.sleep(_POLL)
        seconds = time.perf_counter() - started
        pool.close()
        database.close()
    return len(ids) / seconds


def _confirmed(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(ReceiptRow).where(ReceiptRow.ok)) or 0


def plainly(jobs: Jobs, verdicts: Sequence[bytes]) -> float:
    """Transactions a second, from the first one built to the last receipt."""
    web3 = Web3(HTTPProvider(jobs.chain.url))
    escrow: Contract = web3.eth.contract(
        address=Web3.to_checksum_address(jobs.market.escrow.address),
        abi=json.loads(ABI.read_text(encoding="utf-8")),
    )
    by: LocalAccount = jobs.market.arbiter
    decoded = [escrow.decode_function_input(data) for data in verdicts]  # not on the clock
    started = time.perf_counter()
    sent = []
    for function, arguments in decoded:
        transaction = function(**arguments).build_transaction(
            {"from": by.address, "nonce": web3.eth.get_transaction_count(by.address, "pending")}
        )
        signed = by.sign_transaction(transaction)
        sent.append(web3.eth.send_raw_transaction(signed.raw_transaction))
    receipts = [web3.eth.wait_for_transaction_receipt(tx_hash) for tx_hash in sent]
    seconds = time.perf_counter() - started
    if not all(receipt["status"] for receipt in receipts):
        raise RuntimeError("a verdict of the plain loop failed")
    return len(verdicts) / seconds
