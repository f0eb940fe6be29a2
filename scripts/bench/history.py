"""What 100,000 jobs of history cost: memory, a restart, and the next jobs.

One process with the three keys of a committee, on SQLite. History is written into its tables as closed jobs
leave it: events, versions, evaluations, attestations, journal, outbox. Then it settles new jobs on top.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import insert

from oracle.chain import calls
from oracle.decide.jobs import JobRecord
from oracle.domain.events import Delivered
from oracle.domain.types import State
from oracle.signing.journal import domain_hash
from oracle.store import codec
from oracle.store.database import Database
from oracle.store.tables import (
    AttestationRow,
    Base,
    CommitmentRow,
    EvaluationRow,
    EventRow,
    JobRow,
    JobVersion,
    JournalRow,
    OutboxRow,
    ReceiptRow,
    TransactionRow,
)
from scripts.bench.evaluators import SIZE, Yard, yard
from scripts.bench.picture import draw

SIZES = (1_000, 10_000, 100_000)  # closed jobs
_PICTURE = Path.cwd() / ".build" / "bench" / "history.svg"
_NEW = 40  # jobs settled on top of each right after a start
_LATER = 80  # and then
_ROUNDS = 3  # starts on each; their median counts
_BLOCKS = 2_000  # over which history is spread
_AT_ONCE = 2_000  # jobs written in one transaction
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def run() -> dict[str, float]:
    """Memory and restart at the largest size; CPU for a new job at each, just after the start and later.

    The sizes take turns, so that whatever else the machine does meanwhile concerns all of them.
    """
    figures: dict[str, float] = {}
    with yard(_file, block_time=1, together=True) as ready:
        ready.market.rpc.call("anvil_mine", [hex(_BLOCKS)], retry=False)
        urls = {size: ready.urls[0].replace("oracle", f"oracle_{size}") for size in SIZES}
        for size, url in urls.items():
            _prepare(ready, size, url)
        seen: dict[int, list[_Seen]] = {size: [] for size in SIZES}
        for _ in range(_ROUNDS):
            for size, url in urls.items():
                one = _look(ready, url)
                seen[size].append(one)
                print(
                    f"  {size}: restart {one.restart:.1f} s, {one.memory:.0f} MB, CPU for a job "
                    f"{one.first:.1f} ms at first, then {one.later:.1f}",
                    flush=True,
                )
    for size, looks in seen.items():
        figures[f"cpu_ms_per_job_at_{size}"] = statistics.median(one.later for one in looks)
        figures[f"cpu_ms_per_first_job_at_{size}"] = statistics.median(one.first for one in looks)
    largest = seen[SIZES[-1]]
    figures["memory_mb"] = max(one.memory for one in largest)
    figures["restart_seconds"] = statistics.median(one.restart for one in largest)
    draw({size: figures[f"cpu_ms_per_job_at_{size}"] for size in SIZES}, _PICTURE)
    print(f"  {_PICTURE.relative_to(Path.cwd())}", flush=True)
    return figures


class _Seen(NamedTuple):
    """One start and what came after: seconds, CPU for a job of the first and of later ones (ms), MB."""

    restart: float
    first: float
    later: float
    memory: float


def _prepare(ready: Yard, size: int, url: str) -> None:
    """A database that has seen some jobs, so that what follows finds its documents, and then its history."""
    ready.urls = [url]
    ready.start()
    _settled(ready, _NEW)
    ready.stop()
    started = time.monotonic()
    write_history(url, ready, 0, size)
    print(f"  {size} jobs of history written in {time.monotonic() - started:.0f} s", flush=True)


def _look(ready: Yard, url: str) -> _Seen:
    ready.urls = [url]
    started = time.monotonic()
    ready.start(upgrade=False)
    restart = time.monotonic() - started
    first, later = _settled(ready, _NEW), _settled(ready, _LATER)
    memory = _memory(ready.processes[0].pid)
    ready.stop()
    return _Seen(restart, first, later, memory)


def _file(folder: Path, _index: int) -> str:
    return f"sqlite:///{folder / 'oracle.sqlite3'}"


def _settled(ready: Yard, count: int) -> float:
    """Have new jobs judged. CPU of the evaluator for each, ms."""
    jobs = ready.open_jobs(count)
    first = ready.market.rpc.block_number()
    wanted = set(jobs)
    before = _cpu(ready.processes[0].pid)
    ready.send(ready.market.provider, [calls.deliver(job, ready.deliverable) for job in jobs], mine=False)
    ready.wait(lambda: wanted <= set(ready.judged(first)), seconds=300)
    return (_cpu(ready.processes[0].pid) - before) / count * 1000


def _cpu(pid: int) -> float:
    """CPU seconds a process and the children it has waited for have used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / _TICKS


def _memory(pid: int) -> float:
    """Resident memory of a process and its children, MB."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    pages = sum(int(Path(f"/proc/{each}/statm").read_text().split()[1]) for each in [str(pid), *children])
    return pages * _PAGE / 1e6


def write_history(url: str, ready: Yard, first: int, after: int) -> None:
    """Write closed jobs number `first` to `after` as the daemon would have left them."""
    database = Database(url)
    agreement = codec.AGREEMENTS.text(ready.any_agreement())
    for start in range(first, after, _AT_ONCE):
        rows: dict[type[Base], list[dict[str, Any]]] = {}
        for number in range(start, min(start + _AT_ONCE, after)):
            for kind, row in _job_rows(ready, number, agreement):
                rows.setdefault(kind, []).append(row)
        with database.write() as session:
            for kind, found in rows.items():
                session.execute(insert(kind), found)
    database.close()


def _job_rows(ready: Yard, number: int, agreement: str) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    """All rows one closed job has left."""
    job, block = f"0x{number + 1:064x}", 1 + number % (_BLOCKS - 8)
    committee, deliverable = ready.market.committee_id, ready.deliverable
    domain = domain_hash(ready.market.escrow.domain)
    now = time.time()
    yield (
        JobRow,
        {
            "job": job, "committee": committee, "buyer": ready.market.buyer.address,
            "provider": ready.market.provider.address, "pact": ready.pact, "opening_hash": job,
            "agreement": agreement, "block_number": block,
        },
    )  # fmt: skip
    states = (State.OPEN, State.OPEN, State.JUDGED, State.CLOSED)
    for step, state in enumerate(states):
        record = JobRecord(state, 7, 0, 1_000, deliverable, 1_000, block + 1, job)
        yield (
            JobVersion,
            {
                "job": job, "committee": committee, "log_index": number * 8 + step, "state": int(state),
                "record": codec.JOB_RECORDS.text(record), "block_number": block + step,
                "until_block": None if step + 1 == len(states) else block + step + 1,
            },
        )  # fmt: skip
        yield (
            EventRow,
            {
                "block_number": block + step, "log_index": number * 8 + step + 1_000, "tx_hash": job,
                "name": "Delivered", "subject": job, "body": codec.event_text(Delivered(job, deliverable)),
            },
        )  # fmt: skip
    yield (
        EvaluationRow,
        {
            "job": job, "deliverable": deliverable, "anchor_hash": job, "state": "done", "tries": 1,
            "retry_at": 0.0, "outcome": 1, "evidence": job, "reason": "all hold", "updated_at": now,
        },
    )  # fmt: skip
    for index in range(SIZE):
        signer = ready.market.evaluators[index].key.address
        said = {"signer": signer, "subject": job, "deliverable": deliverable}
        digest = f"0x{(number + 1) * 4 + index:064x}"
        yield (
            JournalRow,
            said | {
                "domain": domain, "outcome": 1, "payable": "0", "evidence": job, "digest": digest,
                "written_at": now,
            },
        )  # fmt: skip
        yield (
            AttestationRow,
            said | {
                "committee": committee, "evaluator": index, "outcome": 1, "payable": "0", "evidence": job,
                "digest": digest, "r": digest, "vs": digest, "received_at": now, "salt": digest,
                "seen_at": 1_000,
            },
        )  # fmt: skip
        yield (
            CommitmentRow,
            said | {
                "committee": committee, "evaluator": index, "commitment": digest, "signature": digest,
                "stored_at": now,
            },
        )  # fmt: skip
    entry = -number - 1  # new ones count up from what is there
    yield (
        OutboxRow,
        {
            "id": entry, "sender": ready.market.deployer.address, "purpose": "judge", "subject": job,
            "target": ready.market.escrow.address, "data": "0x" + "da" * 600, "nonce": number, "gas": 200_000,
            "created_at": now, "retry_at": 0.0, "tries": 0, "dropped": None, "error": None,
            "until_block": block + 2,
        },
    )  # fmt: skip
    yield (
        TransactionRow,
        {
            "tx_hash": job, "entry": entry, "sequence": 0, "nonce": number, "noop": False, "max_fee": 1,
            "priority_fee": 1, "raw": "0x" + "fa" * 700, "signed_at": now, "sent_at": now,
            "underpriced": False, "abandoned": False,
        },
    )  # fmt: skip
    yield (
        ReceiptRow,
        {
            "tx_hash": job, "block_number": block + 2, "block_hash": job, "ok": True, "gas_used": 100_000,
            "gas_price": 1,
        },
    )  # fmt: skip
