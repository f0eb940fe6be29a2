"""One node: reads are retried, sends never are.

The chain id is checked before anything else is believed, where one is configured.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import stamina

from oracle.chain.client import MAX_LOGS, Client, Fees, Tag
from oracle.chain.errors import RpcError, RpcUnavailableError, SendError, WrongChainError
from oracle.chain.quantities import hash32, quantity
from oracle.chain.transport import Request, Transport
from oracle.chain.wire import Wire
from oracle.domain.types import Hash

__all__ = ["MAX_LOGS", "Fees", "Rpc", "Tag"]


class Rpc(Client):
    """One node."""

    def __init__(
        self,
        url: str,
        *,
        chain_id: int | None = None,
        timeout: float = 10.0,
        attempts: int = 4,
        wire: Wire | None = None,
    ) -> None:
        """Nothing is sent yet.

        Args:
            url: http or https; path and query may hold an API key and are never shown.
            chain_id: The chain the node must answer for; None believes any.
            timeout: Seconds to connect, and between two pieces of an answer.
            attempts: How often a read is tried in all, with growing pauses.
            wire: For tests: what requests are sent through.

        Raises:
            RpcUnavailableError: the URL is none.
        """
        self._transport = Transport(url, timeout=timeout, wire=wire)
        self._expected = chain_id
        self._checked = chain_id is None
        self._attempts = attempts

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    @property
    def url_shown(self) -> str:
        """The node without what may be secret in its address."""
        return self._transport.shown

    def call(self, method: str, params: Sequence[Any] = (), *, retry: bool = True) -> Any:
        """The result of any method.

        Raises:
            RpcError: the node's error, typed; `RpcUnavailableError` after the last attempt.
            RevertedError: the call reverted.
            WrongChainError: the node serves another chain.
        """
        self._check()
        if not retry:
            return self._transport.one(method, params)
        return self._retried(lambda: self._transport.one(method, params))

    def batch(self, requests: Sequence[Request]) -> list[Any]:
        """Results in order, in as few HTTP requests as fit; a failed one's exception stands in its place.

        Raises:
            RpcUnavailableError: no usable answer to a whole batch.
            WrongChainError: the node serves another chain.
        """
        self._check()
        return self._retried(lambda: self._transport.many(requests)) if requests else []

    def check_chain(self) -> int:
        """The chain id the node answers for.

        Raises:
            WrongChainError: not the one configured.
        """
        answer = self._retried(lambda: self._transport.one("eth_chainId", []))
        chain_id = quantity(answer, "chain id")
        if self._expected is not None and chain_id != self._expected:
            raise WrongChainError(
                f"{self.url_shown} serves chain {chain_id}, not {self._expected}",
                field="rpc",
                next_step="correct the RPC address or the chain id",
            )
        self._checked = True
        return chain_id

    def send_raw(self, raw: bytes) -> Hash:
        """Hand a signed transaction to the node, once.

        Raises:
            SendError: refused; its type says why. `AlreadyKnownError` is as good as sent.
            RpcUnavailableError: no answer; it may have been taken. Ask for it by hash.
        """
        self._check()
        return hash32(self._transport.one("eth_sendRawTransaction", ["0x" + raw.hex()]), "transaction hash")

    def send_raw_batch(self, raws: Sequence[bytes]) -> list[Hash | RpcError]:
        """Hand over many, once, in order; where one was refused its error stands in its place.

        Raises:
            RpcUnavailableError: no answer; any of them may have been taken.
        """
        self._check()
        answers = self._transport.many([("eth_sendRawTransaction", ["0x" + raw.hex()]) for raw in raws])
        results: list[Hash | RpcError] = []
        for answer in answers:
            if isinstance(answer, RpcError):
                results.append(answer)
            elif isinstance(answer, Exception):  # anvil reverts some at sending
                results.append(SendError(str(answer), field="eth_sendRawTransaction"))
            else:
                results.append(hash32(answer, "transaction hash"))
        return results

    def _check(self) -> None:
        if not self._checked:
            self.check_chain()

    def _retried(self, ask: Callable[[], Any]) -> Any:
        for attempt in stamina.retry_context(
            on=RpcUnavailableError, attempts=self._attempts, timeout=None, wait_initial=0.1, wait_max=2.0
        ):
            with attempt:
                return ask()
        raise RpcUnavailableError("no attempt was made")  # attempts is at least 1
