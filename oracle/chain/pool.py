"""Several nodes of one chain: who is healthy, who lags, who is asked next, and what enough of them say.

A single endpoint is a pool too; it is then asked whatever happens, because there is no other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, as_completed, wait
from dataclasses import dataclass
from typing import TypeVar

import structlog

from oracle.chain.breaker import Breaker, BreakerState
from oracle.chain.client import Heads
from oracle.chain.endpoint import Endpoint
from oracle.chain.errors import (
    AlreadyKnownError,
    ChainError,
    RpcError,
    RpcUnavailableError,
    SendError,
    WrongChainError,
)
from oracle.chain.rpc import Rpc
from oracle.domain.types import Hash

log = structlog.get_logger(__name__)

PATIENCE = 1.0  # seconds to wait for the other endpoints once one has answered

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Source:
    """An endpoint as configured. The address may hold a secret and is never shown."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class PoolPolicy:
    """What an endpoint must hold to.

    Args:
        max_lag: Blocks it may be behind the best before it is not read from.
        timeout: Seconds to connect, and between two pieces of an answer.
        attempts: How often a single endpoint is asked in all; of several each is asked once.
    """

    max_lag: int = 5
    timeout: float = 10.0
    attempts: int = 4


@dataclass(frozen=True, slots=True)
class Standing:
    """How one endpoint stands. `lag` in blocks behind the best; None where its head is not known."""

    name: str
    state: BreakerState
    head: int | None
    lag: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Poll:
    """Names of the endpoints that said yes, that said no, and that did not say."""

    yes: tuple[str, ...]
    no: tuple[str, ...]
    silent: tuple[str, ...]


class Pool:
    """The endpoints. Close it when done.

    Args:
        endpoints: At least one, the preferred first.
        chain_id: The chain they must serve; None believes any.
    """

    def __init__(self, endpoints: Sequence[Endpoint], *, chain_id: int | None, policy: PoolPolicy) -> None:
        self.endpoints = tuple(endpoints)
        self.chain_id = chain_id
        self.policy = policy
        self._lock = threading.Lock()
        self._doubted: dict[str, float] = {}

    @classmethod
    def open(cls, sources: Sequence[Source], *, chain_id: int | None, policy: PoolPolicy) -> Pool:
        """A pool of these nodes; nothing is sent yet.

        Raises:
            RpcUnavailableError: an address is none.
        """
        attempts = policy.attempts if len(sources) == 1 else 1
        return cls(
            [
                Endpoint(
                    source.name,
                    Rpc(source.url, chain_id=chain_id, timeout=policy.timeout, attempts=attempts),
                    Breaker(),
                )
                for source in sources
            ],
            chain_id=chain_id,
            policy=policy,
        )

    @property
    def single(self) -> bool:
        """Whether there is only one endpoint: nothing it says is checked against another."""
        return len(self.endpoints) == 1

    def close(self) -> None:
        """Close all connections; questions on their way are let go."""
        for endpoint in self.endpoints:
            endpoint.close()

    def standings(self) -> list[Standing]:
        """How each endpoint stands, in the configured order."""
        best = self.best_head()
        return [
            Standing(
                name=endpoint.name,
                state=endpoint.breaker.state,
                head=None if endpoint.heads is None else endpoint.heads.latest.number,
                lag=None if endpoint.heads is None else max(0, best - endpoint.heads.latest.number),
                error=None if endpoint.error is None else endpoint.error.message,
            )
            for endpoint in self.endpoints
        ]

    def best_head(self) -> int:
        """The head others are measured by: the highest, or of three and more the second highest.

        So one endpoint that invents blocks cannot make all others look late.
        """
        heads = sorted(
            (endpoint.heads.latest.number for endpoint in self.endpoints if endpoint.heads), reverse=True
        )
        if not heads:
            return 0
        return heads[1] if len(heads) > 2 else heads[0]

    def look(self) -> None:
        """Ask every endpoint that may be asked where it sees the chain.

        Waits for the first answer, and for the others a moment; who has not answered then has no head.
        """
        if self.single:
            self.endpoints[0].look(self.chain_id)
            return
        asked: dict[Future[Heads | None], Endpoint] = {}
        for endpoint in self.endpoints:
            if endpoint.breaker.admits():
                asked[endpoint.look_later(self.chain_id)] = endpoint
            else:
                endpoint.heads = None
        waiting = set(asked)
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            if any(future.result() is not None for future in done):
                waiting = wait(waiting, timeout=PATIENCE).not_done
                break
        for future in waiting:
            asked[future].heads = None

    def readable(self) -> list[Endpoint]:
        """Endpoints to read from, best first: healthy, and near the best head by the last `look`."""
        if self.single:
            return [self.endpoints[0]]
        best = self.best_head()
        near = [
            endpoint
            for endpoint in self.endpoints
            if endpoint.heads is not None
            and endpoint.breaker.state is BreakerState.CLOSED
            and best - endpoint.heads.latest.number <= self.policy.max_lag
        ]
        return sorted(near, key=self.is_doubted)

    def none_readable(self) -> ChainError:
        """Why nothing can be read, as an error to raise."""
        errors = [endpoint.error for endpoint in self.endpoints]
        if all(isinstance(error, WrongChainError) for error in errors):
            return next(error for error in errors if error is not None)
        if self.single and errors[0] is not None:
            return errors[0]
        reasons = "; ".join(
            f"{endpoint.name}: {endpoint.error.message if endpoint.error else endpoint.breaker.state}"
            for endpoint in self.endpoints
        )
        return RpcUnavailableError(
            f"none of the {len(self.endpoints)} RPC endpoints can be read from ({reasons})",
            field="rpc",
            next_step="check the nodes, or name others",
        )

    def doubt(self, endpoint: Endpoint, seconds: float) -> None:
        """Prefer others for some seconds: what it said did not fit together."""
        with self._lock:
            self._doubted[endpoint.name] = time.monotonic() + seconds

    def is_doubted(self, endpoint: Endpoint | None) -> bool:
        """Whether others are preferred now."""
        with self._lock:
            return endpoint is not None and self._doubted.get(endpoint.name, 0.0) > time.monotonic()

    def ask_in_turn(self, question: Callable[[Rpc], _Answer], *, first: Endpoint | None = None) -> _Answer:
        """The answer of the first endpoint that has one: the next is asked where one fails.

        Raises:
            ChainError: what they failed with, or what one that works refused the question with.
        """
        failure: ChainError | None = None
        for endpoint in self._order(first):
            try:
                return endpoint.ask(question)
            except ChainError as error:
                if not is_endpoint_failure(error):
                    raise
                if failure is None or isinstance(failure, RpcUnavailableError):
                    failure = error
        if failure is None or (isinstance(failure, WrongChainError) and not self.single):
            raise self.none_readable()
        raise failure

    def poll(self, question: Callable[[Rpc], bool], *, enough: int) -> Poll:
        """What the endpoints say to a yes-or-no question; those that fail or are left alone are silent.

        Returns once `enough` have said yes, or all have had their say.
        """
        asked = {endpoint.later(question): endpoint.name for endpoint in self._healthy()}
        said: dict[str, bool] = {}
        for future in as_completed(asked):
            error = future.exception()
            if error is None:
                said[asked[future]] = future.result()
            elif not isinstance(error, ChainError):
                raise error
            if sum(said.values()) >= enough:
                break
        _let_go(asked)
        return Poll(
            tuple(name for name, yes in said.items() if yes),
            tuple(name for name, yes in said.items() if not yes),
            tuple(endpoint.name for endpoint in self.endpoints if endpoint.name not in said),
        )

    def broadcast(self, raws: Sequence[bytes]) -> list[Hash | RpcError]:
        """Hand transactions to every healthy endpoint; what one of them took is sent.

        Returns as soon as one endpoint took all of them, or when the others have had a moment longer.

        Raises:
            RpcUnavailableError: none answered; any of them may have been taken.
        """
        if self.single:
            return self.endpoints[0].ask(lambda rpc: rpc.send_raw_batch(raws))
        waiting = {endpoint.later(lambda rpc: rpc.send_raw_batch(raws)) for endpoint in self._healthy()}
        fates: list[Hash | RpcError] | None = None
        failure: BaseException | None = None
        while waiting:
            done, waiting = wait(
                waiting, timeout=None if fates is None else PATIENCE, return_when=FIRST_COMPLETED
            )
            if not done:
                break
            for future in done:
                failure = future.exception() or failure
                if future.exception() is None:
                    fates = [*map(_better, fates, future.result())] if fates else future.result()
            if fates is not None and all(map(_is_taken, fates)):
                break
        if fates is None:
            raise failure if failure is not None else self.none_readable()
        return fates

    def _healthy(self) -> list[Endpoint]:
        return [endpoint for endpoint in self.endpoints if self.single or endpoint.breaker.admits()]

    def _order(self, first: Endpoint | None) -> Iterator[Endpoint]:
        """Each endpoint that may be asked, once: `first`, those near the head, the others."""
        seen: set[str] = set()
        for endpoint in [*([first] if first else []), *self.readable(), *self.endpoints]:
            if endpoint.name not in seen and (self.single or endpoint.breaker.admits()):
                seen.add(endpoint.name)
                yield endpoint


def is_endpoint_failure(error: ChainError) -> bool:
    """Whether another endpoint may do better."""
    return isinstance(error, WrongChainError) or (
        isinstance(error, RpcError) and not isinstance(error, SendError)
    )


def _let_go(futures: Iterable[Future[bool]]) -> None:
    for future in futures:
        future.cancel()


def _is_taken(fate: Hash | RpcError) -> bool:
    return isinstance(fate, str | AlreadyKnownError)


def _better(one: Hash | RpcError, other: Hash | RpcError) -> Hash | RpcError:
    """Taken by any is taken; else a reason to refuse says more than silence."""
    for fate in (one, other):
        if isinstance(fate, str):
            return fate
    for fate in (one, other):
        if isinstance(fate, AlreadyKnownError):
            return fate
    return other if isinstance(one, RpcUnavailableError) else one
