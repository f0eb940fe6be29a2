"""Blocks from the one at which policy lets a delivery be acted on to the verdict's: one job a second.

Three evaluators with their exchange, deterministic pact, 2-second blocks, PostgreSQL. Policy here acts on the
latest block, so a delivery may be acted on in the block that holds it.
"""

from __future__ import annotations

import statistics
import time

from oracle.chain import calls
from oracle.domain.events import Delivered
from scripts.bench.evaluators import yard
from scripts.local.postgres import postgres

_JOBS = 60
_BLOCK_TIME = 2  # seconds
_EVERY = 1.0  # seconds between two deliveries


def run() -> dict[str, float]:
    """Median and 99th percentile, in blocks."""
    with (
        postgres() as server,
        yard(lambda _folder, _index: server.url(server.create()), block_time=_BLOCK_TIME) as ready,
    ):
        jobs = ready.open_jobs(_JOBS + 1)
        ready.start()
        first = ready.market.rpc.block_number()
        ready.send(ready.market.provider, [calls.deliver(jobs[0], ready.deliverable)], mine=False)
        ready.wait(lambda: jobs[0] in ready.judged(first), seconds=120)  # warm
        for job in jobs[1:]:
            started = time.monotonic()
            ready.send(ready.market.provider, [calls.deliver(job, ready.deliverable)], mine=False)
            time.sleep(max(0.0, _EVERY - (time.monotonic() - started)))
        ready.wait(lambda: len(ready.judged(first)) > _JOBS, seconds=240)
        judged = ready.judged(first)
        events = ready.market.escrow.events(first, ready.market.rpc.block_number())
        delivered = {
            item.event.job: item.block_number for item in events if isinstance(item.event, Delivered)
        }
    blocks = [float(judged[job] - delivered[job]) for job in jobs[1:]]
    print(f"  blocks from delivery to verdict: {sorted(blocks)}", flush=True)
    return {
        "verdict_latency_blocks": statistics.median(blocks),
        "verdict_latency_blocks_p99": statistics.quantiles(blocks, n=100, method="inclusive")[98],
    }
