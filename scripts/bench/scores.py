"""What scores and the API cost: 10,000 agents with 1,000,000 closed jobs, one server on a core of its own.

History is written into the store's tables as the watcher leaves it, made into evidence as the daemon does it,
and asked for over HTTP: agents drawn uniformly, no conditional requests, a new verdict every second. Every
agent was asked for once before: answers are kept, and made anew where a verdict comes.

`EARNEST_BENCH_DATABASE=postgresql` runs it there; `EARNEST_BENCH_JOBS` makes it smaller.
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

from oracle.decide.jobs import JobRecord, Place
from oracle.domain.events import EscrowEvent, JobClosed, JobOpened, Judged
from oracle.domain.terms import Agreement, Opening, Terms
from oracle.domain.types import Ending, Hash, Outcome, State
from oracle.score import v1
from oracle.store import chain as chain_store
from oracle.store import codec, scores
from oracle.store.chain import Header
from oracle.store.database import Database
from oracle.store.events import Happened, save_events
from oracle.store.rows import Row, insert_rows
from oracle.store.schema import upgrade
from oracle.store.tables import EventRow, JobRow, JobVersion
from scripts.bench.load import Load, measured
from scripts.local.postgres import postgres

JOBS = int(os.environ.get("EARNEST_BENCH_JOBS", "1000000"))
EACH = 100  # jobs of an agent
AGENTS = max(1, JOBS // EACH)
LARGE = 10_000  # jobs of the one agent that is scored from scratch
BUYERS = 5_000
SECONDS = float(os.environ.get("EARNEST_BENCH_SECONDS", "20"))
CONNECTIONS = 16
ROOT = "0x" + "c0" * 32
_USDC = 1_000_000
_START = 1_767_225_600
_A_BLOCK = 50  # jobs
_AT_ONCE = 5_000  # jobs in one transaction
_UNCOUNTED = "0x" + "11" * 32


def agent(number: int) -> str:
    """An agent's address."""
    return f"0xa{number:039x}"


def run() -> dict[str, float]:
    """Figures of the formula and of the API."""
    with _database() as url:
        database = Database(url)
        upgrade(database)
        started = time.monotonic()
        _write(database)
        print(f"  {JOBS} jobs written in {time.monotonic() - started:.0f} s", flush=True)
        started = time.monotonic()
        while True:
            with database.write() as session:
                if scores.advance(session, [ROOT], limit=5_000) is None:
                    break
        print(f"  made into evidence in {time.monotonic() - started:.0f} s", flush=True)
        figures = _formula(database)
        figures |= _served(database, url)
        database.close()
    return figures


def _formula(database: Database) -> dict[str, float]:
    """CPU milliseconds for an agent of 10,000 jobs: to read it, to score it from nothing, and one more."""
    roots, large = frozenset([ROOT]), agent(AGENTS)
    with database.read() as session:
        warm = scores.evidence_about(session, agent(0))
        v1.standing(warm, roots).score(2 * _START)  # statements are compiled and libraries loaded once
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
        header = _header(block)
        happened: tuple[EscrowEvent, ...] = _events(number, choose.randrange(AGENTS))
        events = [
            Happened(event, _UNCOUNTED, Place(block, header.hash, header.timestamp, index))
            for index, event in enumerate(happened)
        ]
        with database.write() as session:
            chain_store.save_blocks(session, [header])
            save_events(session, events)


def _header(number: int) -> Header:
    return Header(number, f"0x{number:064x}", f"0x{max(0, number - 1):064x}", _START + number * 60)


def _events(number: int, of: int) -> tuple[JobOpened, Judged, JobClosed]:
    job = f"0x{number + 1:064x}"
    terms = Terms(
        f"0xb{number % BUYERS:039x}", agent(of), ROOT, (20 + number % 90) * _USDC, 10 * _USDC, 30 * _USDC,
        2**33, 86_400, 86_400,
    )  # fmt: skip
    agreement = Agreement(terms, Opening(_UNCOUNTED, _UNCOUNTED, 0, 0, 2**33, 2**33, number))
    outcome = Outcome.FAIL if number % 40 == 0 else Outcome.PASS
    return (
        JobOpened(job, terms.buyer, terms.provider, agreement, 0b111, 0),
        Judged(job, outcome, 0b111, 2**33, (_UNCOUNTED,) * 3),
        JobClosed(job, outcome, Ending.SETTLED, 0, terms.gated, terms.fee, 0b111, 3),
    )


def _write(database: Database) -> None:
    """All jobs, an agent's spread over the whole time; then those of the large agent."""
    numbers = [(number, number % AGENTS) for number in range(JOBS)]
    numbers += [(JOBS + number, AGENTS) for number in range(min(LARGE, JOBS))]
    with database.write() as session:
        chain_store.bind_deployment(session, 31_337, "0x" + "e5" * 20, 0)
    for start in range(0, len(numbers), _AT_ONCE):
        rows: dict[type[EventRow] | type[JobRow] | type[JobVersion], list[Row]] = {
            EventRow: [],
            JobRow: [],
            JobVersion: [],
        }
        blocks: dict[int, Header] = {}
        for number, of in numbers[start : start + _AT_ONCE]:
            block = 1 + number // _A_BLOCK
            blocks[block] = _header(block)
            _rows(rows, number, of, blocks[block])
        with database.write() as session:
            chain_store.save_blocks(session, blocks.values())
            for kind, found in rows.items():
                insert_rows(session, kind, found)


def _rows(
    rows: dict[type[EventRow] | type[JobRow] | type[JobVersion], list[Row]],
    number: int,
    of: int,
    header: Header,
) -> None:
    opened, judged, ended = _events(number, of)
    terms = opened.agreement.terms
    slot = (number % _A_BLOCK) * 3
    rows[JobRow].append(
        {
            "job": opened.job, "committee": ROOT, "buyer": terms.buyer, "provider": terms.provider,
            "pact": _UNCOUNTED, "opening_hash": opened.job,
            "agreement": codec.AGREEMENTS.text(opened.agreement), "block_number": header.number,
        }
    )  # fmt: skip
    record = JobRecord(
        State.CLOSED, 0b111, 0, header.timestamp - 3_600, outcome=ended.outcome, ending=Ending.SETTLED,
        to_provider=ended.to_provider, to_evaluators=ended.to_evaluators, closed_at=header.timestamp,
    )  # fmt: skip
    rows[JobVersion].append(
        {
            "job": opened.job, "committee": ROOT, "log_index": slot + 2, "state": int(State.CLOSED),
            "record": codec.JOB_RECORDS.text(record), "block_number": header.number, "until_block": None,
        }
    )  # fmt: skip
    rows[EventRow] += [
        {
            "block_number": header.number, "log_index": slot + index, "tx_hash": _UNCOUNTED,
            "name": type(event).__name__, "subject": _subject(event), "body": codec.event_text(event),
        }
        for index, event in ((1, judged), (2, ended))
    ]  # fmt: skip


def _subject(event: Judged | JobClosed) -> Hash:
    return event.job


@contextmanager
def _database() -> Iterator[str]:
    if os.environ.get("EARNEST_BENCH_DATABASE", "sqlite") == "postgresql":
        with postgres() as server:
            yield server.url(server.create())
        return
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/oracle.sqlite3"
