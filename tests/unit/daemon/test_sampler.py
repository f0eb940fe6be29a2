"""Looks now and then: what is wrong is told once, and one look that fails hides no other."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from oracle.chain.errors import RpcUnavailableError
from oracle.daemon import sampler as module
from oracle.daemon.sampler import Sampler
from oracle.decide import preflight
from oracle.decide.preflight import Finding, Grade
from oracle.opening.keys import Keys
from oracle.preflight import machine
from oracle.signing.signer import LocalSigner


class NoPool:
    """Endpoints that do not answer."""

    endpoints: tuple[Any, ...] = ()

    def ask_in_turn(self, *_: object, **__: object) -> None:
        raise RpcUnavailableError("the node at https://node/v2/hunter2 is down")


@pytest.fixture
def findings(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Finding] | Exception]:
    """What each check answers, or raises."""
    said: dict[str, list[Finding] | Exception] = {}

    def answers(name: str) -> Any:
        def check(*_: object) -> list[Finding]:
            answer = said.get(name, [preflight.ok(name, "well")])
            if isinstance(answer, Exception):
                raise answer
            return answer

        return check

    for name, where in (("clock", "chain"), ("balance", "chain"), ("stakes", "chain"), ("disk", "machine")):
        monkeypatch.setattr(getattr(module, where), name, answers(name))
    monkeypatch.setattr(machine, "known_committees", lambda *_: set())
    return said


def _sampler(**named: Any) -> Sampler:
    keys = Keys(LocalSigner(b"\x11" * 32), {})
    pool: Any = NoPool()
    settings: Any = Path()
    return Sampler(settings, pool, pool, keys, **named)


def test_look__one_check_crashes_and_one_refuses__the_others_are_kept(
    findings: dict[str, list[Finding] | Exception],
) -> None:
    findings["clock"] = RuntimeError("hunter2")
    findings["stakes"] = RpcUnavailableError("no endpoint answers")
    samples = _sampler().look()
    grades = {item.check: item.grade for item in samples.findings}
    assert grades == {
        "clock": Grade.PROBLEM,
        "balance": Grade.OK,
        "stake": Grade.WARNING,
        "disk": Grade.OK,
    }
    assert samples.balance is None
    assert samples.at > 0
    assert not [item for item in samples.findings if "hunter2" in item.message]


def test_tell__what_stays_wrong__is_logged_once_and_again_when_it_comes_back(
    findings: dict[str, list[Finding] | Exception],
) -> None:
    sampler = _sampler()
    low = [preflight.warning("balance", "0.1 ETH left", "send 1 ETH")]
    lower = [preflight.warning("balance", "0.05 ETH left", "send 1 ETH")]
    with capture_logs() as logs:
        for found in (low, lower, [], low):
            sampler._tell(found)
    assert [line["reason"] for line in logs] == ["0.1 ETH left", "0.1 ETH left"]


def test_run__before_the_loop_has_read__nothing_is_looked_at(
    findings: dict[str, list[Finding] | Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FIRST", 0.01)
    begun = threading.Event()
    sampler = _sampler(begun=begun.is_set, every=0.01)
    sampler.start()
    assert sampler.samples.at == 0
    begun.set()
    for _ in range(6_000):
        if sampler.samples.at:
            break
        threading.Event().wait(0.01)
    sampler.close()
    assert sampler.samples.at > 0
