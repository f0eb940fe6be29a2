"""The state machine of the daemon finds bugs that are put in on purpose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy.exc import SQLAlchemyError

from oracle.daemon import running
from oracle.daemon.outbox import Outbox
from oracle.daemon.watcher import Watcher
from oracle.domain.errors import EarnestError
from oracle.store import outbox, rollback
from tests.databases import Databases
from tests.property.test_daemon_machine import DaemonMachine

pytestmark = pytest.mark.timeout(600)  # some forty lives of a daemon

Plant = Callable[[pytest.MonkeyPatch], None]


def a_rollback_that_leaves_ended_rows_ended(patch: pytest.MonkeyPatch) -> None:
    begins, _ends = rollback.derived_tables()
    patch.setattr(rollback, "derived_tables", lambda: (begins, []))


def a_watcher_that_does_not_look_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Watcher, "_ancestor", lambda _self, stored: stored[0] if stored else None)


def a_transaction_that_is_sent_before_it_is_stored(patch: pytest.MonkeyPatch) -> None:
    original = Outbox._store

    def store(self: Any, made: Any, first_nonce: int) -> bool:
        self._chain.send_all([item.signed.raw for item in made])
        return original(self, made, first_nonce)

    patch.setattr(Outbox, "_store", store)


def a_nonce_that_is_not_counted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(outbox, "set_next_nonce", lambda _session, _sender, _nonce: None)


def a_look_that_does_not_notice_a_rollback(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(running, "_undone", lambda _session, _before, _head: False)


PLANTED: list[Plant] = [
    a_rollback_that_leaves_ended_rows_ended,
    a_watcher_that_does_not_look_back,
    a_transaction_that_is_sent_before_it_is_stored,
    a_nonce_that_is_not_counted,
    a_look_that_does_not_notice_a_rollback,
]


@pytest.mark.slow
@pytest.mark.database
@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_found(databases: Databases, monkeypatch: pytest.MonkeyPatch, plant: Plant) -> None:
    monkeypatch.setattr(DaemonMachine, "databases", databases, raising=False)
    plant(monkeypatch)
    with pytest.raises((AssertionError, EarnestError, SQLAlchemyError, LookupError)):
        run_state_machine_as_test(
            DaemonMachine,
            settings=settings(
                max_examples=150,
                stateful_step_count=30,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate],
                derandomize=True,
                database=None,
                report_multiple_bugs=False,
            ),
        )
