"""The loop: read the chain, decide what is due, carry it out, send what is to be sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from oracle.chain.errors import DecodeError, RpcError, WrongChainError
from oracle.daemon.anchor import IsAnchored
from oracle.daemon.calldata import calldata
from oracle.daemon.evaluator import Evaluator
from oracle.daemon.facts import REVEAL_BEFORE, Situation
from oracle.daemon.outbox import Outbox
from oracle.daemon.pace import rest_after
from oracle.daemon.recent import Recent
from oracle.daemon.running import Running
from oracle.daemon.signing import Attester
from oracle.daemon.vitals import Vitals
from oracle.daemon.watcher import Watcher
from oracle.decide.due import Due, DuePolicy, Evaluate, Purpose, Send, SignFor, due
from oracle.decide.jobs import ImpossibleEventsError
from oracle.decide.reorg import BrokenChainError, Heights
from oracle.domain.errors import EarnestError
from oracle.domain.types import Address, Hash, Outcome, members_of
from oracle.signing.signer import SigningError
from oracle.store import jobs as job_store
from oracle.store import outbox as outbox_store
from oracle.store.database import Database
from oracle.store.holds import notice_holds

log = structlog.get_logger(__name__)

_PASSES = 3  # decisions follow each other within a turn: signed, so a verdict is complete, so it is sent
_QUIET = (
    2.0  # seconds after which all jobs are looked at though nothing has happened: waits end by themselves
)
_IDLE_KEYS_EVERY = 60.0  # seconds between two looks for keys that do nothing
_SAID = 10_000  # things said once that are remembered
_FIRST_WAIT = 1.0  # seconds after a first failure
_LONGEST_WAIT = 30.0  # seconds between tries while a node is down


@dataclass(frozen=True, slots=True)
class Parts:
    """What the service ties together. `outbox` is None in a dry run: nothing is signed or sent."""

    database: Database
    watcher: Watcher
    evaluator: Evaluator
    attester: Attester
    outbox: Outbox | None


@dataclass(frozen=True, slots=True)
class _Done:
    """What one pass did for any job: chose it for evaluation, signed, queued a transaction."""

    chosen: bool
    signed: bool
    queued: bool

    @property
    def any(self) -> bool:
        """Whether it did anything."""
        return self.chosen or self.signed or self.queued


class Service:
    """One evaluator's process, or several in one.

    Args:
        parts: What it is made of.
        escrow: The contract every transaction goes to.
        keys: Addresses of the evaluators' keys held here.
        policies: Due policy of each committee that has one of its own.
        default_policy: For all others.
        close_for: Committees whose jobs are closed (lapse, settle) though no key of them is held here.
        poll: Seconds between two looks at the chain.
        prepare: Done before the first turn, once the node answers; raises where nothing may be signed here.
        vitals: Told of every turn.
        reveal_before: Seconds before `judgeBy` from which all attestations count; see `facts.gather`.
        on_signed: Called after a turn in which something was signed here.
        is_anchored: Whether a delivery is agreed on well enough to sign for it.
        leads: Whether this process may act now; of several on one database one does.
    """

    def __init__(
        self,
        parts: Parts,
        *,
        escrow: Address,
        keys: Collection[Address],
        policies: Mapping[Hash, DuePolicy],
        default_policy: DuePolicy,
        close_for: Collection[Hash] = (),
        poll: float = 1.0,
        prepare: Callable[[], None] | None = None,
        vitals: Vitals | None = None,
        reveal_before: int = REVEAL_BEFORE,
        on_signed: Callable[[], None] = lambda: None,
        is_anchored: IsAnchored = lambda _job, _record: True,
        leads: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._parts = parts
        self._escrow = escrow
        self._keys = frozenset(keys)
        self._policies = dict(policies)
        self._default = default_policy
        self._running = Running(self._keys, close_for, reveal_before=reveal_before)
        self._poll = poll
        self._clock = clock
        self._prepare = prepare
        self._vitals = vitals or Vitals()
        self._on_signed = on_signed
        self._is_anchored = is_anchored
        self._leads = leads
        self._shown: Recent[bool] = Recent(_SAID)
        self._heights: Heights | None = None
        self._look_at = 0.0
        self._full_at = 0.0
        self._idle_keys_at = 0.0
        self._stop = threading.Event()
        self._wake = threading.Event()

    def stop(self) -> None:
        """End the loop after the turn it is in. May be called from a signal handler or another thread."""
        self._stop.set()
        self._wake.set()

    def wake(self) -> None:
        """Begin the next turn now."""
        self._wake.set()

    def run(self) -> None:
        """Turn until stopped. A node or signer that is down is waited for; a node of another chain ends it.

        Raises:
            WrongChainError: the node serves another chain.
        """
        failures = 0
        busy = True
        while not self._stop.is_set():
            now = time.monotonic()
            try:
                # What wakes us between two looks at the chain changes nothing on it.
                busy = self.turn(look=now >= self._look_at, full=busy or now >= self._full_at)
            except WrongChainError:
                raise
            except (
                RpcError,
                DecodeError,
                BrokenChainError,
                ImpossibleEventsError,
                OperationalError,
                SigningError,
                IntegrityError,  # another process, which led until now, wrote the same
            ) as error:
                failures += 1
                busy = True
                self._running.forget()  # what was due may not have been done
                self._look_at = 0.0
                wait = min(_FIRST_WAIT * 2 ** min(failures - 1, 8), _LONGEST_WAIT)
                what = _trouble(error)
                reason = error.message if isinstance(error, EarnestError) else str(error.orig)
                log.warning(what, error=type(error).__name__, reason=reason, retry_in=wait)
                self._vitals.failed(f"{what}: {type(error).__name__}")
                self._stop.wait(wait)
            else:
                if failures:
                    log.info("usable_again", failures=failures)
                failures = 0
                self._stop.wait(min(rest_after(time.monotonic() - now), self._poll))
                busy = self._wake.wait(max(0.0, self._look_at - time.monotonic())) or busy
                self._wake.clear()
        log.info("stopped")

    def run_once(self, *, patience: float) -> None:
        """Turn until nothing is being evaluated and nothing is due, or `patience` seconds are over."""
        end = self._clock() + patience
        while True:
            acted = self.turn()
            if (not acted and not self._parts.evaluator.busy) or self._stop.is_set():
                return
            if self._clock() > end:
                log.warning("once_incomplete", evaluating=self._parts.evaluator.busy)
                return
            self._wake.wait(self._poll)
            self._wake.clear()

    def close(self) -> None:
        """Let running evaluations end, and take no more."""
        self._parts.evaluator.close()

    def turn(self, *, look: bool = True, full: bool = True) -> bool:
        """Read, decide, act, send: once. Whether anything was done for a job.

        Where another process leads, this one only evaluates, in threads of its own.

        Args:
            look: Whether to look at the chain; if not, what was seen last is acted on.
            full: Whether to look at the jobs though the chain has not moved.

        Raises:
            RpcError, DecodeError, BrokenChainError, ImpossibleEventsError: the chain cannot be read now.
            SigningError: the key that pays the gas cannot be used now.
        """
        self._parts.evaluator.tend()
        if not self._leads():
            self._heights = None
            self._running.forget()
            self._look_at = time.monotonic() + self._poll
            self._vitals.stood_by()
            return False
        if self._prepare is not None:
            self._prepare()
            self._prepare = None
            released = self._parts.evaluator.resume()
            with self._parts.database.write() as session:
                held = notice_holds(session)
            if held:
                log.error("restored_from_backup", next_step="see docs/databases.md: signing is held back")
            log.info("started", sender=self._sender, keys=sorted(self._keys), evaluations_again=released)
        before = self._heights
        heights = None if look else before
        looked = heights is None
        if heights is None:
            self._look_at = time.monotonic() + self._poll
            heights = self._heights = self._parts.watcher.step()
        every = heights != before or time.monotonic() >= self._full_at
        if not full and not every:
            self._vitals.turned(heights)
            return False
        if every:
            self._full_at = time.monotonic() + _QUIET
        self._say_idle_keys()
        acted = queued = False
        for _ in range(_PASSES):
            done = self._act(heights, every=every)
            acted, queued, every = acted or done.any, queued or done.queued, False
            if not done.signed:
                break
        if self._parts.outbox is not None and (looked or queued):
            self._parts.outbox.step(heights)
        self._vitals.turned(heights)
        return acted

    @property
    def _sender(self) -> str | None:
        return None if self._parts.outbox is None else self._parts.outbox.sender

    def _act(self, heights: Heights, *, every: bool) -> _Done:
        with self._parts.database.read() as session:
            situations = self._running.look(session, every=every)
        chosen = False
        to_sign: list[tuple[Situation, SignFor]] = []
        to_send: list[tuple[Situation, Send]] = []
        for situation in situations:
            policy = self._policies.get(situation.facts.terms.committee, self._default)
            steps = due(situation.facts, heights, policy, self._clock())
            if steps:
                self._running.unsettled(situation.facts.job)
            for step in steps:
                match step:
                    case Evaluate():
                        chosen = self._evaluate(situation, heights) or chosen
                    case _ if self._parts.outbox is None:
                        self._log_once("would", **_shown(step))
                    case SignFor(job, _):
                        if self._is_anchored(job, situation.stored.record):
                            to_sign.append((situation, step))
                    case Send():
                        to_send.append((situation, step))
        self._parts.evaluator.flush()
        return _Done(chosen=chosen, signed=self._sign(to_sign), queued=self._send(to_send))

    def _say_idle_keys(self) -> None:
        """A key that signs in no committee does nothing: most likely another was meant."""
        if time.monotonic() < self._idle_keys_at:
            return
        self._idle_keys_at = time.monotonic() + _IDLE_KEYS_EVERY
        with self._parts.database.read() as session:
            idle = [key for key in sorted(self._keys) if not job_store.committees_of_keys(session, [key])]
        for key in idle:
            self._log_once("key_in_no_committee", key=key, next_step="join with it: oracle committee join")

    def _log_once(self, event: str, **values: object) -> None:
        """What repeats every turn is said once."""
        key = "/".join((event, *map(str, values.values())))
        if self._shown.get(key) is None:
            log.warning(event, **values)
        self._shown.put(key, True)

    def _evaluate(self, situation: Situation, heights: Heights) -> bool:
        mine = min(situation.facts.held)
        return self._parts.evaluator.start(
            situation.stored, situation.committee, situation.keys[mine], heights.timestamp
        )

    def _sign(self, wanted: Sequence[tuple[Situation, SignFor]]) -> bool:
        """Whether anything was signed."""
        if not wanted:
            return False
        hindered = self._parts.attester.sign_all([(situation, step.index) for situation, step in wanted])
        for (_situation, step), error in zip(wanted, hindered, strict=True):
            if error is not None:
                self._log_once("not_done", **_shown(step), reason=error.message)
        if all(hindered):
            return False
        self._on_signed()
        return True

    def _send(self, wanted: Sequence[tuple[Situation, Send]]) -> bool:
        """Queue all of it in one transaction. Whether anything was not on its way already."""
        outbox = self._parts.outbox
        if outbox is None or not wanted:
            return False
        steps: list[Send] = []
        made: list[outbox_store.Call] = []
        for situation, step in wanted:
            try:
                data = calldata(situation, step)
            except EarnestError as error:
                self._log_once("not_done", **_shown(step), reason=error.message)
                continue
            steps.append(step)
            made.append(outbox_store.Call(step.purpose, step.job, self._escrow, data))
        with self._parts.database.write() as session:
            entries = outbox_store.enqueue_all(session, outbox.sender, made)
        for step, entry in zip(steps, entries, strict=True):
            if entry is not None:
                log.info("queued", entry=entry, **_shown(step))
        return any(entry is not None for entry in entries)


def _trouble(error: Exception) -> str:
    """The event a failed turn is logged as."""
    if isinstance(error, DBAPIError):
        return "database_unusable"
    return "key_unusable" if isinstance(error, SigningError) else "chain_unusable"


def _shown(step: Due) -> dict[str, object]:
    match step:
        case Evaluate(job):
            return {"step": "evaluate", "job": job}
        case SignFor(job, index):
            return {"step": "sign", "job": job, "evaluator": index}
        case Send(job, purpose, outcome, signers):
            shown: dict[str, object] = {"step": purpose.value, "job": job}
            if outcome is not Outcome.NONE or purpose is Purpose.PROVE:
                shown |= {"outcome": outcome.word, "signers": members_of(signers)}
            return shown
