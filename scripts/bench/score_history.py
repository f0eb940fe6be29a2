"""A million closed jobs, written into the store's tables as the watcher and the keeper of scores leave them.

Each event, job and version has the text the codec makes: of one job by the codec itself, of the others by
putting their values into that text. What is evidence is computed by the functions the keeper uses; afterwards
one agent's is compared with what comes out of the jobs themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from oracle.decide.jobs import JobRecord
from oracle.domain.events import JobClosed, JobOpened, Judged
from oracle.domain.terms import Agreement, Opening, Terms
from oracle.domain.types import Ending, Outcome, State
from oracle.score.evidence import contest_of, finding_of, outlay_of
from oracle.store import chain as chain_store
from oracle.store import closed, codec, scores
from oracle.store.chain import Header
from oracle.store.columns import HexBytes
from oracle.store.database import Database
from oracle.store.rows import insert_tuples, table_of
from oracle.store.tables import (
    Base,
    Block,
    EventRow,
    JobRow,
    JobVersion,
    ScoreEvidenceRow,
    ScoreProgressRow,
)

ROOT = "0x" + "c0" * 32
BUYERS = 5_000
UNCOUNTED = "0x" + "11" * 32
START = 1_767_225_600
_USDC = 1_000_000
_A_BLOCK = 50  # jobs
_AT_ONCE = 20_000  # jobs in one transaction

_COLUMNS: dict[type[Base], tuple[str, ...]] = {
    Block: ("block_number", "hash", "parent_hash", "timestamp"),
    EventRow: ("block_number", "log_index", "tx_hash", "name", "subject", "body"),
    JobRow: ("job", "committee", "buyer", "provider", "pact", "opening_hash", "agreement", "block_number"),
    JobVersion: ("job", "committee", "log_index", "state", "record", "block_number", "until_block"),
    ScoreEvidenceRow: (
        "block_number", "log_index", "subject", "period", "kind", "provider", "agent_id", "buyer",
        "committee", "at", "finding", "contest", "value", "bond", "secured", "outlay",
    ),
}  # fmt: skip


def agent(number: int) -> str:
    """An agent's address."""
    return f"0xa{number:039x}"


def header(number: int) -> Header:
    """A block of the history: one a minute."""
    return Header(number, f"0x{number:064x}", f"0x{max(0, number - 1):064x}", START + number * 60)


def events(number: int, of: int) -> tuple[JobOpened, Judged, JobClosed]:
    """What happens to job `number`, of agent `of`."""
    job = f"0x{number + 1:064x}"
    terms = Terms(
        f"0xb{number % BUYERS:039x}", agent(of), ROOT, (20 + number % 90) * _USDC, 10 * _USDC, 30 * _USDC,
        2**33, 86_400, 86_400,
    )  # fmt: skip
    agreement = Agreement(terms, Opening(UNCOUNTED, UNCOUNTED, 0, 0, 2**33, 2**33, number))
    outcome = Outcome.FAIL if number % 40 == 0 else Outcome.PASS
    return (
        JobOpened(job, terms.buyer, terms.provider, agreement, 0b111, 0),
        Judged(job, outcome, 0b111, 2**33, (UNCOUNTED,) * 3),
        JobClosed(job, outcome, Ending.SETTLED, 0, terms.gated, terms.fee, 0b111, 3),
    )


def write(database: Database, jobs: Sequence[tuple[int, int]]) -> None:
    """Write jobs (number, agent), and what is evidence of them."""
    with database.write() as session:
        chain_store.bind_deployment(session, 31_337, "0x" + "e5" * 20, 0)
    spent: dict[str, int] = {}
    for start in range(0, len(jobs), _AT_ONCE):
        rows: dict[type[Base], list[tuple[Any, ...]]] = {kind: [] for kind in _COLUMNS}
        some = jobs[start : start + _AT_ONCE]
        for block in sorted({_block(number) for number, _ in some}):
            at = header(block)
            rows[Block].append((at.number, at.hash, at.parent_hash, at.timestamp))
        for number, of in some:
            _add(rows, number, of, spent)
        with database.write() as session:
            for kind, found in rows.items():
                if session.get_bind().dialect.name == "postgresql":
                    _copy(session.connection().connection.driver_connection, kind, found)
                else:
                    insert_tuples(session, kind, _COLUMNS[kind], found)
    with database.write() as session:
        end = _block(jobs[-1][0])
        insert_tuples(
            session, ScoreProgressRow, ("block_number", "roots"), [(end, scores.roots_hash([ROOT]))]
        )
    _check(database, agent(jobs[0][1]), end)


def _block(number: int) -> int:
    return 1 + number // _A_BLOCK


def _check(database: Database, who: str, up_to: int) -> None:
    """Raises where what was written as evidence is not what the jobs say."""
    with database.read() as session:
        written = list(scores.evidence_about(session, who))
        made = closed.evidence_of(session, who, up_to=up_to, roots=[ROOT])
    if written != made:
        raise RuntimeError("the evidence that was written is not what the jobs say")


def _add(rows: dict[type[Base], list[tuple[Any, ...]]], number: int, of: int, spent: dict[str, int]) -> None:
    block = _block(number)
    time, slot = START + block * 60, (number % _A_BLOCK) * 3
    opened, judged, ended = events(number, of)
    agreement, job = opened.agreement, opened.job
    terms = agreement.terms
    record = JobRecord(
        State.CLOSED, 0b111, 0, time - 3_600, outcome=ended.outcome, ending=Ending.SETTLED,
        to_provider=ended.to_provider, to_evaluators=ended.to_evaluators, closed_at=time,
    )  # fmt: skip
    rows[JobRow].append(
        (job, ROOT, terms.buyer, terms.provider, UNCOUNTED, job, codec.AGREEMENTS.text(agreement), block)
    )
    rows[JobVersion].append(
        (job, ROOT, slot + 2, int(State.CLOSED), codec.JOB_RECORDS.text(record), block, None)
    )
    rows[EventRow] += (
        (block, slot + 1, UNCOUNTED, "Judged", job, codec.event_text(judged)),
        (block, slot + 2, UNCOUNTED, "JobClosed", job, codec.event_text(ended)),
    )
    spent[terms.buyer] = outlay = spent.get(terms.buyer, 0) + outlay_of(agreement, record, counted_fee=True)
    rows[ScoreEvidenceRow].append(
        (
            block, slot + 2, job, 0, "job", terms.provider, "0", terms.buyer, ROOT, time,
            finding_of(record, ended.outcome).value, contest_of(agreement, record, ended.outcome).value,
            terms.gated, terms.bond, True, outlay,
        )
    )  # fmt: skip


def _copy(connection: Any, kind: type[Base], rows: Iterable[tuple[Any, ...]]) -> None:
    """PostgreSQL's own way for very many rows."""
    table, names = table_of(kind), _COLUMNS[kind]
    hexed = [isinstance(table.c[name].type, HexBytes) for name in names]
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy,
    ):
        for line in _lines(rows, hexed):
            copy.write(line)


def _lines(rows: Iterable[tuple[Any, ...]], hexed: Sequence[bool]) -> Iterator[str]:
    """Rows in COPY's text form; nothing here has a tab, a line's end or a backslash in it."""
    for row in rows:
        cells = [
            "\\N" if value is None else ("\\\\x" + value[2:] if is_hex else str(value))
            for value, is_hex in zip(row, hexed, strict=True)
        ]
        yield "\t".join(cells) + "\n"
