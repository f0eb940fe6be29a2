"""Metrics count what the log says; alert rules, metrics, events and runbook fit together."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
import yaml
from prometheus_client import CollectorRegistry

from oracle.chain.breaker import BreakerState
from oracle.chain.pool import Standing
from oracle.daemon.logs import configure_logs
from oracle.daemon.metrics import Metrics, Samples
from oracle.daemon.vitals import Pulse
from oracle.decide import preflight
from oracle.decide.reorg import Heights
from oracle.store.overview import Overview

ROOT = Path(__file__).parents[3]
OVERVIEW = Overview(
    block=7, block_hash="0x" + "07" * 32, block_time=100, jobs={"open": 2}, evaluations={"done": 1},
    outbox={"queued": 1, "pending": 2}, signed=3, attestations=5, incidents={"late": 4}, oldest_waiting=1,
    oldest_unsent=2.0, oldest_unmined=None, nonces={"0x" + "aa" * 20: 9},
)  # fmt: skip
PULSE = Pulse(turned_at=50.0, turns=4, heights=Heights(9, 8, 7, 90), failures=1)
STANDINGS = [
    Standing("a", BreakerState.CLOSED, 9, 0, None),
    Standing("b", BreakerState.OPEN, None, None, "down"),
]
FINDINGS = [preflight.ok("disk", "well"), preflight.warning("balance", "low", "send")]
RULES: list[dict[str, Any]] = yaml.safe_load((ROOT / "examples/operator/alerts.yml").read_text())["groups"][
    0
]["rules"]


@pytest.fixture
def metrics() -> Metrics:
    made = Metrics()
    made.watch(
        pulse=lambda: PULSE,
        overview=lambda: OVERVIEW,
        standings=lambda: STANDINGS,
        samples=lambda: Samples(FINDINGS, 10**18, 80.0),
    )
    return made


@pytest.fixture
def logged(metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    configure_logs(level="error", output="json", count=metrics.count)
    yield written
    structlog.reset_defaults()


def _names(registry: CollectorRegistry) -> set[str]:
    return {sample.name for family in registry.collect() for sample in family.samples} | {
        family.name + "_total" for family in registry.collect() if family.type == "counter"
    }


def test_count__event_below_the_log_level__is_counted_and_not_logged(
    metrics: Metrics, logged: io.StringIO
) -> None:
    log = structlog.get_logger()
    log.warning("reorg", depth=3)
    log.info("reorg_free")
    log.debug("too_small")
    assert logged.getvalue() == ""
    value = metrics.registry.get_sample_value
    assert value("earnest_events_total", {"event": "reorg", "level": "warning"}) == 1
    assert value("earnest_events_total", {"event": "reorg_free", "level": "info"}) == 1
    assert value("earnest_events_total", {"event": "too_small", "level": "debug"}) is None
    log.error("reorg")
    assert '"event": "reorg"' in logged.getvalue()


def test_count__sentence_of_a_library__does_not_make_a_label(metrics: Metrics, logged: io.StringIO) -> None:
    structlog.get_logger().warning("Retrying in 3 s because of 0xabc")
    assert (
        metrics.registry.get_sample_value("earnest_events_total", {"event": "other", "level": "warning"}) == 1
    )


def test_count__evaluations_and_attestations__by_outcome(metrics: Metrics, logged: io.StringIO) -> None:
    log = structlog.get_logger()
    log.info("evaluated", outcome="pass", seconds=2.0)
    log.info("evaluated", outcome="hostile\nlabel", seconds=2.0)
    log.info("attested", outcome="fail")
    value = metrics.registry.get_sample_value
    assert value("earnest_evaluation_seconds_sum", {"outcome": "pass"}) == 2.0
    assert value("earnest_attestations_made_total", {"outcome": "fail"}) == 1
    assert not [s for f in metrics.registry.collect() for s in f.samples if "hostile" in str(s.labels)]


def test_watch__figures_of_loop_store_endpoints_and_samples__are_shown(metrics: Metrics) -> None:
    value = metrics.registry.get_sample_value
    assert value("earnest_loop_last_turn_timestamp_seconds") == 50.0
    assert value("earnest_chain_block", {"level": "safe"}) == 8
    assert value("earnest_jobs", {"state": "open"}) == 2
    assert value("earnest_outbox_oldest_seconds", {"standing": "pending"}) == 0
    assert value("earnest_endpoint_usable", {"endpoint": "b"}) == 0
    assert value("earnest_endpoint_lag_blocks", {"endpoint": "b"}) is None
    assert value("earnest_check_findings", {"check": "balance", "grade": "warning"}) == 1
    assert value("earnest_check_findings", {"check": "disk", "grade": "warning"}) == 0
    assert value("earnest_sender_balance_wei") == 10**18


def test_watch__source_that_fails__hides_no_other(metrics: Metrics) -> None:
    def down() -> Overview:
        raise RuntimeError("postgresql://user:hunter2@host")

    broken = Metrics()
    broken.watch(pulse=lambda: PULSE, overview=down, standings=lambda: STANDINGS, samples=Samples)
    value = broken.registry.get_sample_value
    assert value("earnest_figures_readable", {"source": "store"}) == 0
    assert value("earnest_figures_readable", {"source": "loop"}) == 1
    assert value("earnest_jobs", {"state": "open"}) is None
    assert value("earnest_loop_turns_total") == 4
    assert value("earnest_check_timestamp_seconds") is None


def test_watch__many_scrapes__read_the_store_once() -> None:
    reads: list[int] = []

    def read() -> Overview:
        reads.append(1)
        return OVERVIEW

    metrics = Metrics()
    metrics.watch(pulse=lambda: PULSE, overview=read, standings=lambda: STANDINGS, samples=Samples)
    for _ in range(5):
        list(metrics.registry.collect())
    assert len(reads) == 1


def test_rules__each_metric__exists(metrics: Metrics, logged: io.StringIO) -> None:
    structlog.get_logger().info("evaluated", outcome="pass", seconds=1.0)
    there = _names(metrics.registry) | {"up"}
    for rule in RULES:
        named = set(re.findall(r"\b(?:earnest_\w+|up)\b", rule["expr"]))
        assert named, rule["alert"]
        assert named <= there, rule["alert"]


def test_rules__each_event__is_logged_somewhere() -> None:
    code = "\n".join(path.read_text() for path in (ROOT / "oracle").rglob("*.py"))
    events = {
        event
        for rule in RULES
        for names in re.findall(r'event=~?"([^"]+)"', rule["expr"])
        for event in names.split("|")
    }
    assert len(events) > 15
    assert not [event for event in sorted(events) if f'"{event}"' not in code]


def test_rules__each_label__is_one_the_metric_has(metrics: Metrics, logged: io.StringIO) -> None:
    structlog.get_logger().info("evaluated", outcome="pass", seconds=1.0)
    labels: dict[str, set[str]] = {}
    for family in metrics.registry.collect():
        for sample in family.samples:
            labels.setdefault(sample.name, set()).update(sample.labels)
    for rule in RULES:
        for name, matchers in re.findall(r"(earnest_\w+)\{([^}]*)\}", rule["expr"]):
            asked = set(re.findall(r"(\w+)\s*(?:=|!)", matchers))
            assert asked <= labels[name], rule["alert"]


def test_rules__each_alert__has_a_heading_in_the_runbook_and_each_heading_an_alert() -> None:
    page = (ROOT / "docs/alerts.md").read_text()
    headings = set(re.findall(r"^## (Earnest\w+)$", page, re.MULTILINE))
    alerts = [rule["alert"] for rule in RULES]
    assert len(alerts) == len(set(alerts))
    assert headings == set(alerts)
    for rule in RULES:
        assert rule["annotations"]["runbook"] == f"docs/alerts.md#{rule['alert'].lower()}"
        assert rule["labels"]["severity"] in ("page", "ticket")


def test_page__each_metric__is_described(metrics: Metrics, logged: io.StringIO) -> None:
    page = (ROOT / "docs/alerts.md").read_text()
    structlog.get_logger().info("evaluated", outcome="pass", seconds=1.0)
    families = {
        family.name + ("_total" if family.type == "counter" else "") for family in metrics.registry.collect()
    }
    described = set(re.findall(r"^\| `(earnest_\w+)` \|", page, re.MULTILINE))
    assert described == families


def test_rules__incident_kinds__exist() -> None:
    code = "\n".join(path.read_text() for path in (ROOT / "oracle").rglob("*.py"))
    kinds = {
        kind
        for rule in RULES
        for names in re.findall(r'kind!?~?"?=?~?"([^"]+)"', rule["expr"])
        for kind in names.split("|")
    }
    assert kinds
    assert not [kind for kind in sorted(kinds) if f'"{kind}"' not in code]
