"""What the loop shows of itself to health checks, systemd and metrics."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from oracle.daemon.notify import Notifier
from oracle.daemon.vitals import STALE, Vitals
from oracle.decide.reorg import Heights


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_vitals__from_start_to_trouble_and_back() -> None:
    beats: list[int] = []
    clock = Clock()
    vitals = Vitals(lambda: beats.append(1), clock=clock)
    assert vitals.problem() == "nothing was read from the chain yet"
    vitals.turned(Heights(5, 4, 3, 990))
    assert vitals.problem() is None
    assert vitals.stale() is None
    vitals.failed("chain_unusable: RpcUnavailableError")
    assert vitals.problem() == "chain_unusable: RpcUnavailableError"
    clock.now = 990 + STALE + 1
    assert vitals.stale() == "the newest block is 121 seconds old"
    vitals.turned(Heights(6, 5, 4, 1_110))
    assert (vitals.problem(), vitals.stale()) == (None, None)
    assert (vitals.pulse.turns, vitals.pulse.failures, len(beats)) == (2, 1, 3)


def test_vitals__another_process_leads__is_no_problem() -> None:
    clock = Clock()
    vitals = Vitals(clock=clock)
    vitals.failed("database_unusable: OperationalError")
    clock.now += 7
    vitals.stood_by()
    assert (vitals.problem(), vitals.stale(), vitals.pulse.turned_at) == (None, None, 1_007.0)


@pytest.fixture
def systemd(tmp_path: Path) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(str(tmp_path / "notify"))
    listening.settimeout(2)
    return listening


def test_notifier__ready_once_then_alive_not_too_often_then_stopping(
    systemd: socket.socket, tmp_path: Path
) -> None:
    clock = Clock()
    with systemd:
        notifier = Notifier(str(tmp_path / "notify"), clock=clock)
        notifier.alive()
        assert systemd.recv(100) == b"READY=1\nWATCHDOG=1"
        notifier.alive()  # within the same second: nothing
        clock.now += 1.5
        notifier.alive()
        assert systemd.recv(100) == b"WATCHDOG=1"
        notifier.stopping()
        assert systemd.recv(100) == b"STOPPING=1"


def test_notifier__from_the_environment__which_children_do_not_inherit(
    systemd: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with systemd:
        Notifier().stopping()
        assert systemd.recv(100) == b"STOPPING=1"
    assert "NOTIFY_SOCKET" not in os.environ


@pytest.mark.parametrize("address", ["", "/nowhere/notify", "@earnest-nobody-listens"])
def test_notifier__nobody_listens__is_silent(address: str) -> None:
    notifier = Notifier(address)
    notifier.alive()
    notifier.stopping()
