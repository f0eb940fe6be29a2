"""One endpoint of a pool: a node, its name, and how well it has answered."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

import structlog

from oracle.chain.breaker import Breaker, BreakerState
from oracle.chain.client import Heads
from oracle.chain.errors import (
    BadAnswerError,
    ChainError,
    DisagreementError,
    RateLimitedError,
    RpcError,
    RpcUnavailableError,
    WrongChainError,
)
from oracle.chain.rpc import Rpc

log = structlog.get_logger(__name__)

_WRONG_CHAIN_PAUSE = 60.0  # seconds; it is a mistake in the configuration, or in front of the node

_CLOSING_SECONDS = 1.0  # that questions on their way may take when the pool is closed

_Answer = TypeVar("_Answer")


class Endpoint:
    """A node that is asked, and judged by its answers.

    Args:
        name: What logs and metrics call it; never its address's path or query.
        rpc: The node.
        breaker: Keeps count of its failures.
    """

    def __init__(self, name: str, rpc: Rpc, breaker: Breaker) -> None:
        self.name = name
        self.rpc = rpc
        self.breaker = breaker
        self.heads: Heads | None = None
        """As last seen; None where the last look failed."""
        self.error: ChainError | None = None
        """The last failure since it last answered."""
        # Its own threads: one that hangs must not keep the others from being asked.
        self._threads = ThreadPoolExecutor(2, thread_name_prefix=f"rpc-{name}")
        self._looking: Future[Heads | None] | None = None
        self._asked: set[Future[Any]] = set()

    def close(self) -> None:
        """Close all connections; questions on their way have a moment to end, and are let go."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        wait(list(self._asked), timeout=_CLOSING_SECONDS)
        self.rpc.close()

    def later(self, question: Callable[[Rpc], _Answer]) -> Future[_Answer]:
        """`ask` in a thread of this endpoint."""
        return self._kept(self._threads.submit(self.ask, question))

    def look_later(self, chain_id: int | None) -> Future[Heads | None]:
        """`look` in a thread of this endpoint; the one that is still on its way, where there is one."""
        if self._looking is None or self._looking.done():
            self._looking = self._kept(self._threads.submit(self.look, chain_id))
        return self._looking

    def _kept(self, asked: Future[_Answer]) -> Future[_Answer]:
        self._asked.add(asked)
        asked.add_done_callback(self._asked.discard)
        return asked

    def ask(self, question: Callable[[Rpc], _Answer]) -> _Answer:
        """The node's answer; its failure is counted, and passed on."""
        try:
            answer = question(self.rpc)
        except ChainError as error:
            self._count(error)
            raise
        failure = _failure_of_batch(answer) if isinstance(answer, list) else None
        if failure is None:
            self._recovered()
        else:
            self._count(failure)
        return answer

    def look(self, chain_id: int | None) -> Heads | None:
        """Where it sees its chain, also in `heads`; None where it fails or serves another chain."""
        try:
            heads = self.ask(lambda rpc: _right_chain(rpc, chain_id))
        except ChainError:
            self.heads = None  # counted and kept in `error`; whoever chooses among endpoints says so
        else:
            self.heads = heads
        return self.heads

    def convict(self, error: ChainError) -> None:
        """It was caught lying: leave it alone for a while."""
        self.heads = None
        self._count(error, at_once=True)

    def _count(self, error: ChainError, *, at_once: bool = False) -> None:
        if not at_once and not _is_failure(error):
            self._recovered()  # it refused, but it works
            return
        self.error = error
        pause = 0.0
        if isinstance(error, WrongChainError):
            at_once, pause = True, _WRONG_CHAIN_PAUSE
        elif isinstance(error, RateLimitedError):
            at_once, pause = True, error.retry_after
        if self.breaker.failed(at_once=at_once, wait=pause):
            log.warning("endpoint_left_alone", endpoint=self.name, reason=error.message)

    def _recovered(self) -> None:
        if self.breaker.state is not BreakerState.CLOSED:
            log.info("endpoint_usable_again", endpoint=self.name)
        self.breaker.succeeded()
        self.error = None


def _right_chain(rpc: Rpc, chain_id: int | None) -> Heads:
    """The chain id is asked for at each look: what stands behind an address can change."""
    heads = rpc.heads()
    if chain_id is not None and heads.chain_id != chain_id:
        raise WrongChainError(
            f"{rpc.url_shown} serves chain {heads.chain_id}, not {chain_id}",
            field="rpc",
            next_step="correct the RPC address or the chain id",
        )
    return heads


def _failure_of_batch(answers: list[Any]) -> ChainError | None:
    """What speaks against the endpoint in a batch: that it limits us, or that every answer is a failure."""
    limited = next((item for item in answers if isinstance(item, RateLimitedError)), None)
    if limited is not None or not answers:
        return limited
    first = answers[0]
    return first if isinstance(first, ChainError) and all(map(_is_failure, answers)) else None


def _is_failure(error: object) -> bool:
    """Whether it says that the endpoint, rather than the question, is at fault."""
    if isinstance(error, RpcUnavailableError | BadAnswerError | WrongChainError | DisagreementError):
        return True
    return type(error) is RpcError  # an error body of no kind that is known
