"""Where a daemon is killed: just before or just after each thing it writes down, signs or sends."""

from __future__ import annotations

import importlib
import operator
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from oracle.domain.errors import EarnestError


@dataclass(frozen=True, slots=True)
class Point:
    """A function of the daemon, as the daemon looks it up. `moment`: `before` or `after` it ran."""

    module: str
    attribute: str
    moment: str

    def __str__(self) -> str:
        return f"{self.moment} {self.module.removeprefix('oracle.')}.{self.attribute}"


POINTS = (
    Point("oracle.daemon.assembly", "bind_deployment", "after"),  # a start: bound to the escrow
    Point("oracle.store.events", "Saving.finish", "after"),  # events read, not committed
    Point("oracle.daemon.watcher", "roll_back", "after"),  # orphans rolled back, not committed
    Point("oracle.daemon.watcher", "Watcher.step", "after"),  # events committed
    Point("oracle.store.work", "begin_evaluations", "after"),  # evaluation marked, not committed
    Point("oracle.daemon.evaluation", "PipelineEvaluation.evaluate", "before"),  # marked as running
    Point("oracle.daemon.evaluation", "keep", "after"),  # record kept, outcome not stored
    Point("oracle.store.work", "finish_evaluations", "after"),  # outcome written, not committed
    Point("oracle.store.work", "postpone_evaluation", "after"),  # it did not work out, not committed
    Point("oracle.store.work", "release_evaluations", "after"),  # lost ones are due, not committed
    Point("oracle.daemon.evaluator", "Evaluator._store", "before"),  # the run's step stored, the outcome not
    Point("oracle.daemon.evaluator", "Evaluator._store", "after"),  # outcome stored, the run not ended
    Point("oracle.durable.dbos_runs", "DbosRuns.submit", "before"),  # marked as running, in no run
    Point("oracle.durable.dbos_runs", "DbosRuns.submit", "after"),  # submitted
    Point("oracle.durable.dbos_runs", "_DbosSteps.run", "after"),  # a step of a run stored
    Point("oracle.store.journal", "StoredJournal.record_all", "before"),  # about to be written down
    Point("oracle.store.journal", "StoredJournal.record_all", "after"),  # written down, not signed
    Point("oracle.signing.journal", "checked", "after"),  # signed, the signature not stored
    Point("oracle.store.work", "save_attestations", "after"),  # stored, not committed
    Point("oracle.store.peers", "set_salts", "after"),  # a commitment being made
    Point("oracle.store.peers", "add_commitments", "after"),  # a commitment made, not committed
    Point("oracle.store.peers", "use_nonce", "after"),  # a peer's request being taken, not committed
    Point("oracle.store.peers", "note_incident", "after"),  # a peer's misbehaviour, not committed
    Point("oracle.store.work", "_note_contradiction", "after"),  # a proof of equivocation, not committed
    Point("oracle.daemon.peer_desk", "PeerDesk._answer", "after"),  # a peer's statements stored, not answered
    Point("oracle.daemon.peer_links", "Exchange._take", "before"),  # told a peer, its answer not stored
    Point("oracle.daemon.peer_links", "Exchange._take", "after"),  # its answer stored
    Point("oracle.store.outbox", "enqueue_all", "before"),  # a verdict is complete, nothing queued
    Point("oracle.store.outbox", "enqueue_all", "after"),  # queued, not committed
    Point("oracle.store.outbox", "save_signed", "before"),  # signed, not stored
    Point("oracle.store.outbox", "save_signed", "after"),  # stored, not committed
    Point("oracle.store.outbox", "set_next_nonce", "after"),  # nonces taken, not committed
    Point("oracle.store.outbox", "postpone", "after"),  # put off, not committed
    Point("oracle.store.outbox", "requeue", "after"),  # its nonce was lost, not committed
    Point("oracle.store.outbox", "drop", "after"),  # no longer wanted, not committed
    Point("oracle.daemon.adapter", "NodeChain.send_all", "before"),  # committed, not sent
    Point("oracle.daemon.adapter", "NodeChain.send_all", "after"),  # sent, not marked so
    Point("oracle.store.outbox", "mark_sent", "after"),  # marked, not committed
    Point("oracle.store.outbox", "save_receipts", "after"),  # mined, the receipt not committed
    Point("oracle.store.outbox", "finish", "after"),  # final, not committed
)


def check_points() -> None:
    """See that the daemon still has every function that is named here.

    Raises:
        EarnestError: one is not there any more.
    """
    for point in POINTS:
        try:
            operator.attrgetter(point.attribute)(importlib.import_module(point.module))
        except AttributeError as error:
            raise EarnestError(
                f"the daemon has no {point.module}.{point.attribute}",
                field="POINTS",
                next_step="name in scripts/chaos/points.py what does its work now",
            ) from error


def wrap(point: Point, is_fatal: Callable[[], bool]) -> None:
    """Replace the function by one that kills this process where `is_fatal` says so.

    Raises:
        AttributeError: the daemon has no such function any more.
    """
    owner: Any = importlib.import_module(point.module)
    *path, name = point.attribute.split(".")
    for step in path:
        owner = getattr(owner, step)
    original = getattr(owner, name)

    def deadly(*arguments: Any, **named: Any) -> Any:
        if point.moment == "before" and is_fatal():
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*arguments, **named)
        if point.moment == "after" and is_fatal():
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, deadly)
