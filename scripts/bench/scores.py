"""What scores and the API cost: 10,000 agents with 1,000,000 closed jobs, one server on a core of its own.

History is written into the store's tables as the daemon leaves it, on SQLite and on PostgreSQL, and asked for
over HTTP: agents drawn uniformly, no conditional requests, a new verdict every second. Every agent was asked
for once before: answers are kept, and made anew where a verdict comes.

`EARNEST_BENCH_DATABASE=postgresql` or `sqlite` runs one alone; `EARNEST_BENCH_JOBS` makes it smaller.
"""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oracle.decide.jobs import Place
from oracle.domain.events import EscrowEvent
from oracle.score import v1
from oracle.store import chain as chain_store
from oracle.store import scores
from oracle.store.database import Database
from oracle.store.events import Happened, save_events
from oracle.store.schema import upgrade
from scripts.bench.load import Load, measured
from scripts.bench.score_history import ROOT, UNCOUNTED, agent, events, write
from scripts.bench.score_history import header as block_header
from scripts.local.postgres import postgres

JOBS = int(os.environ.get("EARNEST_BENCH_JOBS", "1000000"))
EACH = 100  # jobs of an agent
AGENTS = max(1, JOBS // EACH)
LARGE = 10_000  # jobs of the one agent that is scored from scratch
SECONDS = float(os.environ.get("EARNEST_BENCH_SECONDS", "20"))
CONNECTIONS = 16


def run() -> dict[str, float]:
    """Figures of the formula and of the API, on both databases."""
    only = os.environ.get("EARNEST_BENCH_DATABASE")
    figures: dict[str, float] = {}
    for kind in ("sqlite", "postgresql") if only is None else (only,):
        with _database(kind) as url:
            found = _run(kind, url)
        figures |= found if kind == "sqlite" else {f"{name}_{kind}": value for name, value in found.items()}
    return figures


def _run(kind: str, url: str) -> dict[str, float]:
    database = Database(url)
    upgrade(database)
    started = time.monotonic()
    jobs = [(number, number % AGENTS) for number in range(JOBS)]
    write(database, jobs + [(JOBS + number, AGENTS) for number in range(min(LARGE, JOBS))])
    if kind == "postgresql":
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")  # as its own daemon does in time
    print(f"  {kind}: {JOBS} jobs written in {time.monotonic() - started:.0f} s", flush=True)
    figures = _formula(database) | _served(database, url)
    database.close()
    return figures


def _formula(database: Database) -> dict[str, float]:
    """CPU milliseconds for an agent of 10,000 jobs: to read it, to score it from nothing, and one more."""
    roots, large = frozenset([ROOT]), agent(AGENTS)
    with database.read() as session:
        warm = list(scores.evidence_about(session, agent(1)))
        v1.standing(warm, roots).score(warm[-1].at)  # statements are compiled and libraries loaded once
        begun = time.process_time()
        evidence = list(scores.evidence_about(session, large))
        read = time.process_time()
    found = v1.standing(evidence[:-1], roots)
    found.score(evidence[-1].at)
    done = time.process_time()
    found.add(evidence[-1])
    told = found.score(evidence[-1].at)
    updated = time.process_time()
    print(f"  {told.pieces} pieces: {told.value} from {told.interval}, {told.counterparties} proven buyers")
    return {
        "score_read_ms": 1e3 * (read - begun),
        "score_full_ms": 1e3 * (done - read),
        "score_update_ms": 1e3 * (updated - done),
    }


def _served(database: Database, url: str) -> dict[str, float]:
    """Requests a second and their 99th percentile."""
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder, _server(url, Path(folder), cores[0]) as (pid, port):
        os.sched_setaffinity(0, {cores[-1]})
        targets = [f"/v1/agents/{agent(number)}/score" for number in range(AGENTS)]
        asyncio.run(measured(port, targets, connections=8, once=True))
        before = _cpu(pid)
        stop = threading.Event()
        verdicts = threading.Thread(target=_verdicts, args=(database, stop))
        verdicts.start()
        try:
            found: Load = asyncio.run(measured(port, targets, connections=CONNECTIONS, seconds=SECONDS))
        finally:
            stop.set()
            verdicts.join()
            os.sched_setaffinity(0, set(cores))
        cpu = _cpu(pid) - before
    print(f"  {found.answered} answers in {found.seconds:.1f} s, {found.refused} others", flush=True)
    if found.refused:
        raise RuntimeError(f"{found.refused} requests were not answered with 200")
    return {
        "api_rps": found.answered / found.seconds,
        "api_p99_ms": found.percentile(0.99) * 1e3,
        "api_cpu_us": 1e6 * cpu / found.answered,
    }


def _cpu(pid: int) -> float:
    """CPU seconds a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _server(url: str, folder: Path, core: int) -> Iterator[tuple[int, int]]:
    command = [sys.executable, "-m", "scripts.bench.score_server", url, str(folder / "key"), ROOT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            os.sched_setaffinity(process.pid, {core})
            for line in process.stdout or ():
                if line.startswith("port "):
                    yield process.pid, int(line.split()[1])
                    break
            else:
                raise RuntimeError("the server ended before it served")
        finally:
            process.terminate()


def _verdicts(database: Database, stop: threading.Event) -> None:
    """A new job every second, closed at once, of an agent drawn at random."""
    choose = random.Random(7)  # noqa: S311 - the same draws every time
    with database.read() as session:
        head = chain_store.cursor(session)
    number, block = JOBS + LARGE, 0 if head is None else head.number
    while not stop.wait(1):
        number, block = number + 1, block + 1
        header = block_header(block)
        happened: tuple[EscrowEvent, ...] = events(number, choose.randrange(AGENTS))
        made = [
            Happened(event, UNCOUNTED, Place(block, header.hash, header.timestamp, index))
            for index, event in enumerate(happened)
        ]
        with database.write() as session:
            chain_store.save_blocks(session, [header])
            save_events(session, made)


@contextmanager
def _database(kind: str) -> Iterator[str]:
    if kind == "postgresql":
        with postgres() as server:
            yield server.url(server.create())
        return
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/oracle.sqlite3"
