"""What Prometheus reads: counters from the log's events, gauges from the loop, the store and the endpoints.

Every event of the log is counted by its name before its level is looked at, so that what an alert needs does
not depend on how much is logged. Names of events are constants of the code, and so are labels made of them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from structlog.typing import EventDict, WrappedLogger

from oracle import __version__
from oracle.chain.breaker import BreakerState
from oracle.chain.pool import Standing
from oracle.daemon.vitals import Pulse
from oracle.decide.preflight import Finding, Grade
from oracle.domain.types import Outcome
from oracle.store.overview import Overview

PREFIX = "earnest"
_SECONDS = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800)
_FRESH = 5.0  # seconds for which the store's figures are not read again
_OUTCOMES = frozenset(outcome.word for outcome in Outcome)


class Metrics:
    """The registry of one process, and what is counted from its log."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._events = Counter(
            f"{PREFIX}_events",
            "Events of the log, by name and level.",
            ["event", "level"],
            registry=self.registry,
        )
        self._evaluated = Histogram(
            f"{PREFIX}_evaluation_seconds",
            "Seconds an evaluation took, by its outcome.",
            ["outcome"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._attested = Counter(
            f"{PREFIX}_attestations_made",
            "Attestations signed by this process, by outcome.",
            ["outcome"],
            registry=self.registry,
        )

    def count(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """A structlog processor: counts, and hands on what it was given."""
        name = str(event.get("event", ""))
        # Other people's libraries log sentences; ours log words.
        known = name if name.isidentifier() else "other"
        self._events.labels(known, str(event.get("level", ""))).inc()
        outcome = event.get("outcome")
        if isinstance(outcome, str) and outcome in _OUTCOMES:
            if name == "evaluated" and isinstance(event.get("seconds"), int | float):
                self._evaluated.labels(outcome).observe(float(event["seconds"]))
            elif name == "attested":
                self._attested.labels(outcome).inc()
        return event

    def watch(
        self,
        *,
        pulse: Callable[[], Pulse],
        overview: Callable[[], Overview],
        standings: Callable[[], Iterable[Standing]],
        samples: Callable[[], Samples],
    ) -> None:
        """Read these at every scrape. Where one cannot be read its figures are missing, and that is shown."""
        self.registry.register(_Watched(pulse, _Fresh(overview), standings, samples))


class Samples:
    """What is looked at now and then, because a look costs requests. `balance` is the sender's, in wei."""

    def __init__(self, findings: Iterable[Finding] = (), balance: int | None = None, at: float = 0.0) -> None:
        self.findings = tuple(findings)
        self.balance = balance
        self.at = at


class _Fresh:
    """The store's figures, read at most every few seconds however often they are asked for."""

    def __init__(self, read: Callable[[], Overview], clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._last: tuple[float, Overview] | None = None

    def __call__(self) -> Overview:
        with self._lock:
            now = self._clock()
            if self._last is None or now - self._last[0] > _FRESH:
                self._last = (now, self._read())
            return self._last[1]


class _Watched(Collector):
    def __init__(
        self,
        pulse: Callable[[], Pulse],
        overview: Callable[[], Overview],
        standings: Callable[[], Iterable[Standing]],
        samples: Callable[[], Samples],
    ) -> None:
        self._parts: dict[str, Callable[[], Iterable[Metric]]] = {
            "loop": lambda: _loop(pulse()),
            "store": lambda: _store(overview(), time.time()),
            "endpoints": lambda: _endpoints(standings()),
            "samples": lambda: _samples(samples()),
        }

    def describe(self) -> Iterable[Metric]:
        """Nothing: the registry must not read the store to register us."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """All figures there are."""
        yield _gauge("build_info", "The version that runs.", {(__version__,): 1}, ["version"])
        readable: dict[tuple[str, ...], float] = {}
        for name, part in self._parts.items():
            try:
                yield from list(part())
            except Exception:  # noqa: BLE001 - one source that is down must not hide the others
                readable[name,] = 0
            else:
                readable[name,] = 1
        yield _gauge("figures_readable", "Whether a source of figures could be read.", readable, ["source"])


def _gauge(
    name: str, text: str, values: Mapping[tuple[str, ...], float], labels: list[str] | None = None
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"{PREFIX}_{name}", text, labels=labels or [])
    for label, value in values.items():
        family.add_metric(label, value)
    return family


def _counter(
    name: str, text: str, values: Mapping[tuple[str, ...], float], labels: list[str] | None = None
) -> CounterMetricFamily:
    """What only ever grows. Prometheus adds _total to the name."""
    family = CounterMetricFamily(f"{PREFIX}_{name}", text, labels=labels or [])
    for label, value in values.items():
        family.add_metric(label, value)
    return family


def _plain(name: str, text: str, value: float | None) -> Iterable[GaugeMetricFamily]:
    """A gauge without labels; none where there is nothing to show."""
    return () if value is None else (_gauge(name, text, {(): value}),)


def _by(name: str, text: str, counts: Mapping[str, float], label: str) -> GaugeMetricFamily:
    return _gauge(name, text, {(word,): count for word, count in counts.items()}, [label])


def _loop(pulse: Pulse) -> Iterable[Metric]:
    yield _counter("loop_turns", "Turns of the main loop.", {(): pulse.turns})
    yield _counter("loop_failures", "Turns that could not be done.", {(): pulse.failures})
    yield from _plain(
        "loop_last_turn_timestamp_seconds",
        "When a turn last went well; the start before the first.",
        pulse.turned_at,
    )
    if pulse.heights is not None:
        heights = {
            "latest": pulse.heights.latest,
            "safe": pulse.heights.safe,
            "finalized": pulse.heights.finalized,
        }
        yield _by("chain_block", "The chain's heights as the loop saw them.", heights, "level")
        yield from _plain(
            "chain_head_timestamp_seconds", "Time of the newest block the loop saw.", pulse.heights.timestamp
        )


def _store(seen: Overview, now: float) -> Iterable[Metric]:
    yield from _plain("stored_block", "The highest block that is stored.", seen.block)
    yield _by("jobs", "Jobs by state.", seen.jobs, "state")
    yield _by("evaluations", "Evaluations by state.", seen.evaluations, "state")
    yield _by("outbox_entries", "Live outbox entries, with and without a nonce.", seen.outbox, "standing")
    waiting = 0.0 if seen.oldest_waiting is None else max(0.0, now - seen.oldest_waiting)
    yield from _plain(
        "evaluation_oldest_seconds", "Since the oldest delivery whose evaluation is unfinished.", waiting
    )
    ages = {
        standing: 0.0 if since is None else max(0.0, now - since)
        for standing, since in (("queued", seen.oldest_unsent), ("pending", seen.oldest_unmined))
    }
    yield _by("outbox_oldest_seconds", "Age of the oldest live outbox entry.", ages, "standing")
    yield from _plain("journal_entries", "Attestations in the signing journal.", seen.signed)
    yield from _plain("attestations_stored", "Attestations stored, all evaluators'.", seen.attestations)
    kinds: dict[tuple[str, ...], float] = {(kind,): times for kind, times in seen.incidents.items()}
    yield _counter("peer_incidents", "What peers did that they should not have, by kind.", kinds, ["kind"])
    yield _by("nonce", "The next nonce of each sender.", seen.nonces, "sender")


def _endpoints(standings: Iterable[Standing]) -> Iterable[Metric]:
    usable: dict[tuple[str, ...], float] = {}
    lags: dict[tuple[str, ...], float] = {}
    for standing in standings:
        usable[standing.name,] = float(standing.state is BreakerState.CLOSED)
        if standing.lag is not None:
            lags[standing.name,] = standing.lag
    yield _gauge("endpoint_usable", "Whether an RPC endpoint is used.", usable, ["endpoint"])
    yield _gauge("endpoint_lag_blocks", "Blocks an endpoint is behind the best.", lags, ["endpoint"])


def _samples(samples: Samples) -> Iterable[Metric]:
    if not samples.at:
        return
    counts: dict[tuple[str, ...], float] = {}
    for check in {finding.check for finding in samples.findings}:
        for grade in Grade:
            counts[check, grade.value] = sum(
                finding.check == check and finding.grade is grade for finding in samples.findings
            )
    yield _gauge("check_findings", "What the last pre-flight look found.", counts, ["check", "grade"])
    yield from _plain("check_timestamp_seconds", "When the last pre-flight look was.", samples.at)
    yield from _plain("sender_balance_wei", "What the sender holds for gas.", samples.balance)
