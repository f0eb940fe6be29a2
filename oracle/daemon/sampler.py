"""Looks now and then at what can go wrong slowly: balance, stake, coverage, clock, disk and endpoints."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

import structlog

from oracle.chain.anyone import Anyone
from oracle.chain.escrow import Escrow
from oracle.chain.pool import Pool
from oracle.config import Settings
from oracle.daemon.metrics import Samples
from oracle.decide import preflight as grade
from oracle.decide.preflight import Finding, Grade
from oracle.domain.errors import EarnestError
from oracle.opening.keys import Keys
from oracle.periodic import Periodic
from oracle.preflight import chain, machine

log = structlog.get_logger(__name__)

_FIRST = 0.5  # seconds between two looks whether the loop has begun


class Sampler(Periodic):
    """A thread of its own, so that a slow answer delays nothing.

    Args:
        every: Seconds between two looks.
        begun: Whether the loop has read the chain: before, no committee of ours is known.
    """

    def __init__(
        self,
        settings: Settings,
        pool: Pool,
        escrow: Escrow,
        keys: Keys,
        *,
        every: float = 300.0,
        begun: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__("sampler", every=every, hindered="sampler_hindered")
        self._settings = settings
        self._pool = pool
        self._escrow = escrow
        self._keys = keys
        self._begun = begun
        self._lock = threading.Lock()
        self._samples = Samples()
        self._told: set[tuple[str, str]] = set()

    @property
    def samples(self) -> Samples:
        """What the last look found; empty before the first."""
        with self._lock:
            return self._samples

    def look(self) -> Samples:
        """Look once."""
        found: list[Finding] = []
        addresses = list(self._keys.evaluators)
        checks: dict[str, Callable[[], Iterable[Finding]]] = {
            "clock": lambda: chain.clock(self._pool),
            "balance": lambda: chain.balance(self._pool, self._keys.sender.address),
            "stake": lambda: chain.stakes(
                self._escrow, addresses, machine.known_committees(self._settings, addresses)
            ),
            "disk": lambda: machine.disk(self._settings),
        }
        for name, check in checks.items():
            try:
                found += check()
            except EarnestError as error:
                found.append(grade.warning(name, error.message, error.next_step or "see docs/runbook.md"))
            except Exception as error:  # noqa: BLE001 - a look that crashes is a finding, not the end of looking
                found.append(grade.problem(name, f"the look failed: {type(error).__name__}", "see the log"))
        try:
            balance = Anyone(self._pool).balance(self._keys.sender.address)
        except EarnestError:
            balance = None
        samples = Samples(found, balance, time.time())
        with self._lock:
            self._samples = samples
        return samples

    def _turn(self) -> float | None:
        if not self._begun():
            return _FIRST
        self._tell(self.look().findings)
        return None

    def _tell(self, findings: Iterable[Finding]) -> None:
        """Log each thing that is wrong once, and again when it went away and came back."""
        wrong = {(item.check, item.mend or ""): item for item in findings if item.grade is not Grade.OK}
        for key in wrong.keys() - self._told:
            item = wrong[key]
            log.warning(
                "check_found",
                check=item.check,
                grade=item.grade.value,
                reason=item.message,
                next_step=item.mend,
            )
        self._told = set(wrong)
