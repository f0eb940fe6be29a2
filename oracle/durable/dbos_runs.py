"""`Runs` on DBOS: stored beside the database, on SQLite for one process, on PostgreSQL for several.

DBOS keeps which runs there are, which step of each has finished and with what result. It holds nothing that
could not be made again from the oracle's own tables: where it is lost, evaluations are only done once more.
DBOS is one to a process, and importing it takes a while; both stay in here.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import Engine, create_engine, event, make_url

from oracle.durable.port import Item, Threaded, Work, batches, keys_of
from oracle.durable.presence import KEEPALIVE, Presence

if TYPE_CHECKING:
    from dbos import DBOS

log = structlog.get_logger(__name__)

VERSION = "earnest-evaluation-1"
"""Of the steps' order and form. Runs of another version are left alone: change it with either."""

SCHEMA = "earnest_durable"  # in PostgreSQL; on SQLite it is a file of its own
_QUEUE = "evaluations"
_QUEUE_POLL = 1.0  # seconds until an idle worker notices what another submitted
_AHEAD = 8  # quick runs that wait for their turn here, rather than in the queue for whoever has room
_MOST_IN_A_RUN = 16  # quick items
_UNFINISHED = ["PENDING", "ENQUEUED", "DELAYED"]
_FINISHED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
_FORGOTTEN_AT_ONCE = 500  # finished runs
_CLOSE_LOOK = 0.02  # seconds between two looks whether all runs have stopped
STRAY_AFTER = 30.0  # seconds for which a run is this process's by the database, and no thread is in it


class DbosRuns:
    """See `Runs`.

    Args:
        url: The oracle's database: SQLite, beside which a second file is laid, or PostgreSQL.
        name: Of this process: its own on PostgreSQL, always the same on SQLite.
        presence: Tells which other processes live.
        workers: Runs this process is in at a time.
    """

    def __init__(self, url: str, *, name: str, presence: Presence, workers: int) -> None:
        self._url = url
        self._name = name
        self._presence = presence
        self._workers = workers
        self._work: Work | None = None
        self._engine: Engine | None = None
        self._run: Callable[[list[str], list[str]], None] | None = None
        self._guard = threading.Lock()
        self._turns = threading.BoundedSemaphore(workers)
        self._here = 0
        self._entered: set[str] = set()  # runs that a thread of this process is in
        self._strays: dict[str, float] = {}  # runs that should be here and are not: since when
        self._closing = threading.Event()

    def open(self, work: Work) -> None:
        """See `Runs`."""
        from dbos import DBOS, DBOSPortableJSONSerializer

        logging.getLogger("dbos").setLevel(logging.WARNING)
        self._work = work
        self._engine = _engine(self._url)
        DBOS(
            config={
                "name": "earnest",
                "system_database_engine": self._engine,
                "dbos_system_schema": SCHEMA,
                "application_version": VERSION,
                "executor_id": self._name,
                "serializer": DBOSPortableJSONSerializer(),
                "log_level": "WARNING",
                "notification_listener_polling_interval_sec": 5.0,
                "notification_coalesce_sec": 0.25,  # we send none, and by default it looks 100 times a second
                "scheduler_polling_interval_sec": 600.0,
            }
        )

        def evaluate(keys: list[str], arguments: list[str]) -> None:  # noqa: ARG001 - `active` reads the keys
            self._enter(str(DBOS.workflow_id), arguments)

        self._run = DBOS.workflow(name="evaluate", max_recovery_attempts=None)(evaluate)
        DBOS.launch()
        DBOS.register_queue(_QUEUE, worker_concurrency=self._workers, polling_interval_sec=_QUEUE_POLL)

    def submit(self, items: Sequence[Item]) -> None:
        """See `Runs`. What this process has no room for is queued for whichever has."""
        from dbos import DBOS

        if self._run is None:
            raise RuntimeError("submit before open")
        for batch in batches(items, workers=self._workers, most=_MOST_IN_A_RUN):
            keys, arguments = keys_of(batch), [item.argument for item in batch]
            with self._guard:
                free = self._here < self._workers + (_AHEAD if all(item.quick for item in batch) else 0)
            if free:
                DBOS.start_workflow(self._run, keys, arguments)
            else:
                DBOS.enqueue_workflow(_QUEUE, self._run, keys, arguments)

    def active(self) -> set[str]:
        """See `Runs`."""
        from dbos import DBOS

        found: set[str] = set()
        for run in DBOS.list_workflows(status=_UNFINISHED, app_version=VERSION, load_output=False):
            given: Any = run.input
            found.update(given["args"][0])
        return found

    def tend(self) -> None:
        """See `Runs`."""
        from dbos import DBOS

        running = DBOS.list_workflows(
            status="PENDING", app_version=VERSION, load_input=False, load_output=False
        )
        others = {run.executor_id for run in running if run.executor_id not in (None, self._name)}
        dead = sorted(name for name in others if name and self._presence.is_dead(name))
        if dead:
            log.warning("worker_gone", workers=dead)
            DBOS._recover_pending_workflows(dead)  # noqa: SLF001 - what DBOS's own recovery calls
        self._resume_strays(DBOS, {run.workflow_id for run in running if run.executor_id == self._name})
        self._forget(DBOS)

    def _resume_strays(self, dbos: type[DBOS], mine: set[str]) -> None:
        """Begin again what this process took and is not in.

        Where the database dies just after it stored that a run was taken from the queue, DBOS hears of a
        failure and begins nothing; the run would count as under way for as long as this process lives. One
        that is only slow to begin or to store its end loses nothing: its finished steps are not repeated.
        """
        now = time.monotonic()
        with self._guard:
            absent = mine - self._entered
        self._strays = {run: self._strays.get(run, now) for run in absent}
        for run in [run for run, since in self._strays.items() if now - since >= STRAY_AFTER]:
            log.warning("run_begun_again", run=run)
            dbos.resume_workflow(run)
            del self._strays[run]

    def _forget(self, dbos: type[DBOS]) -> None:
        """What the runs came to is in our own tables."""
        while True:
            ended = dbos.list_workflows(
                status=_FINISHED, load_input=False, load_output=False, limit=_FORGOTTEN_AT_ONCE
            )
            if ended:
                dbos.delete_workflows([run.workflow_id for run in ended])
            if len(ended) < _FORGOTTEN_AT_ONCE:
                return

    def close(self) -> None:
        """See `Runs`."""
        from dbos import DBOS

        self._closing.set()
        while self._here:
            time.sleep(_CLOSE_LOOK)
        DBOS.destroy(destroy_registry=True)
        if self._engine is not None:
            self._engine.dispose()

    def _enter(self, run: str, arguments: list[str]) -> None:
        """What the workflow does. Its arguments are stored with it."""
        with self._guard:
            self._here += 1
            self._entered.add(run)
        try:
            with self._turns:
                if self._closing.is_set() or self._work is None:
                    raise _ClosingError
                self._work(_DbosSteps(self._closing.is_set), arguments)
        finally:
            with self._guard:
                self._here -= 1
                self._entered.discard(run)


class _ClosingError(BaseException):
    """The process ends: the run stays unfinished. No `except Exception` may end it."""


class _DbosSteps(Threaded):
    """`Steps` of the workflow that the caller's thread is in; none is begun once the process ends."""

    def __init__(self, is_closing: Callable[[], bool]) -> None:
        self._is_closing = is_closing

    def run(self, name: str, act: Callable[[], str]) -> str:
        """See `Steps`."""
        from dbos import DBOS

        if self._is_closing():
            raise _ClosingError
        return DBOS.run_step({"name": name}, act)


def own_name(url: str) -> str:
    """What this process is known by: on SQLite, where it is alone, always the same."""
    return "alone" if make_url(url).get_backend_name() == "sqlite" else uuid.uuid4().hex


def durable_file(database: Path) -> Path:
    """Where an SQLite database's runs lie."""
    return database.with_name(database.name + ".runs")


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, pool_size=5, connect_args=KEEPALIVE)
    path = durable_file(Path(parsed.database or ""))
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = "IMMEDIATE"  # as DBOS sets on engines of its own
        for pragma in (
            "busy_timeout=30000",
            "journal_mode=WAL",  # four times as fast as DBOS's default
            "synchronous=NORMAL",  # a power cut may undo the last steps: they are done again
            "foreign_keys=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    return engine
