"""Living and ready are different questions; a check that fails never reads as one that passed."""

from __future__ import annotations

from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry, Counter

from oracle.web.app import make_app
from oracle.web.health import Health, operator_router
from oracle.web.limits import Limits


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def _client(health: Health, registry: CollectorRegistry | None = None) -> TestClient:
    return TestClient(make_app([operator_router(health, registry)], limits=Limits()))


def test_livez__loop_that_no_longer_turns__fails_until_it_does() -> None:
    clock = Clock()
    health = Health(silence=60, clock=clock)
    client = _client(health)
    assert client.get("/livez").status_code == 200
    clock.now += 61
    answer = client.get("/livez")
    assert answer.status_code == 503
    assert answer.json()["problems"] == {"loop": "the main loop has not turned for 61 seconds"}
    health.beat()
    assert client.get("/livez").json() == {"ok": True, "problems": {}}


def test_readyz__broken_outside__says_what_and_livez_stays_well() -> None:
    health = Health(silence=60)
    problems: list[str | None] = [None]
    health.add("chain", lambda: problems[0])
    client = _client(health)
    assert client.get("/readyz").status_code == 200
    problems[0] = "the node is 90 seconds behind"
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["problems"] == {"chain": "the node is 90 seconds behind"}
    assert client.get("/livez").status_code == 200


def test_readyz__check_that_raises__is_not_ready_and_shows_no_secret() -> None:
    health = Health(silence=60)

    def broken() -> str | None:
        raise RuntimeError("https://node/v2/hunter2")

    health.add("chain", broken)
    answer = _client(health).get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["problems"] == {"chain": "the check itself failed: RuntimeError"}


def test_metrics__registry__is_served_as_text() -> None:
    registry = CollectorRegistry()
    Counter("earnest_turns", "Turns of the loop.", registry=registry).inc()
    answer = _client(Health(silence=60), registry).get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "earnest_turns_total 1.0" in answer.text


def test_metrics__without_a_registry__is_not_there() -> None:
    assert _client(Health(silence=60)).get("/metrics").status_code == 404
