"""The process ends in good order when asked once, at once when asked twice; a dry run does nothing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import structlog
from sqlalchemy import func, select
from structlog.testing import capture_logs

from oracle.daemon import assembly
from oracle.domain.types import State
from oracle.store import schema
from oracle.store.database import Database
from oracle.store.tables import AttestationRow, EvaluationRow, JournalRow, OutboxRow
from tests.integration.daemon.conftest import POLL, World, until, write_config


def _daemon(world: World, notify: Path, *before: str) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3]), "NOTIFY_SOCKET": str(notify)}
    start = "; ".join([*before, "from oracle.cli.main import main; main()"])
    with (world.folder / "daemon.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-c", start, "run", "--config", str(world.config)],
            stdout=log,
            stderr=log,
            env=environment,
        )


@pytest.fixture
def systemd(tmp_path: Path) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(str(tmp_path / "notify"))
    listening.settimeout(150)
    return listening


@pytest.mark.timeout(450)
def test_sigterm__once__ends_in_good_order_and_says_so(
    world: World, systemd: socket.socket, tmp_path: Path
) -> None:
    write_config(world.folder, world.chain, world.market, extra="[operator]\nport = 0")
    schema.upgrade(world.database())
    daemon = _daemon(world, tmp_path / "notify")
    try:
        with systemd:
            assert systemd.recv(100).startswith(b"READY=1")
            daemon.send_signal(signal.SIGTERM)
            while (said := systemd.recv(100)) != b"STOPPING=1":
                assert said == b"WATCHDOG=1"
        assert daemon.wait(150) == 0
    finally:
        daemon.kill()
        daemon.wait()
    log = (world.folder / "daemon.log").read_text()
    assert '"event": "stopped"' in log
    assert "Traceback" not in log


# An evaluation that never ends: the first signal waits for it, the second does not.
HANGING = (
    "import time",
    "from oracle.daemon.evaluation import PipelineEvaluation",
    "PipelineEvaluation.evaluate = lambda *a, **k: time.sleep(600)",
    "PipelineEvaluation.is_quick = lambda *a, **k: True",
)


@pytest.mark.timeout(450)
def test_sigterm__twice__ends_at_once(world: World, systemd: socket.socket, tmp_path: Path) -> None:
    schema.upgrade(world.database())
    _, job = world.real_job()
    world.deliver_example(job, "careful")
    daemon = _daemon(world, tmp_path / "notify", *HANGING)
    try:
        with systemd:
            assert systemd.recv(100).startswith(b"READY=1")
            database = world.database()
            until(lambda: _count(database, EvaluationRow) == 1, seconds=150, each=world.mine, every=POLL)
            daemon.send_signal(signal.SIGTERM)
            while systemd.recv(100) != b"STOPPING=1":
                pass
            with pytest.raises(subprocess.TimeoutExpired):
                daemon.wait(2)
            daemon.send_signal(signal.SIGTERM)
            began = time.monotonic()
            assert daemon.wait(150) == -signal.SIGTERM
            assert time.monotonic() - began < 120
    finally:
        daemon.kill()
        daemon.wait()


def _count(database: Database, table: type) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_dry_run__delivered_job__says_what_it_would_do_and_does_nothing(world: World) -> None:
    write_config(world.folder, world.chain, world.market, extra="[policy]\nstagger = 0")
    schema.upgrade(world.database())
    agreement, job = world.real_job()
    world.deliver_example(job, "careful")
    nonce = world.rpc.nonce(world.market.deployer.address)
    structlog.reset_defaults()
    with capture_logs() as logs, assembly.assembled(world.settings(), dry_run=True) as service:

        def would(step: str) -> bool:
            return any(line["event"] == "would" and line["step"] == step for line in logs)

        until(lambda: would("sign"), seconds=150, each=lambda: (service.turn(), world.mine()))
        world.warp(agreement.terms.judge_by)
        world.mine()
        until(lambda: would("lapse"), seconds=150, each=lambda: (service.turn(), world.mine()))
    evaluated = next(line for line in logs if line["event"] == "evaluated")
    assert evaluated["outcome"] == "pass"
    database = world.database()
    assert [_count(database, table) for table in (JournalRow, AttestationRow, OutboxRow)] == [0, 0, 0]
    assert world.rpc.nonce(world.market.deployer.address) == nonce
    assert world.market.escrow.job_state(job).state is State.OPEN
