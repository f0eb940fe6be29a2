"""A pool as one client: every question is asked of the best endpoint, and of the next where it fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oracle.chain.client import Client
from oracle.chain.errors import RpcError
from oracle.chain.pool import Pool
from oracle.chain.transport import Request
from oracle.domain.types import Hash


class Anyone(Client):
    """Fails over from question to question: two answers need not be of one node. Safe for many threads.

    Args:
        pool: The endpoints. The caller closes it.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def close(self) -> None:
        """Nothing: the pool is the caller's."""

    @property
    def url_shown(self) -> str:
        """The endpoints by name."""
        return " or ".join(endpoint.name for endpoint in self._pool.endpoints)

    def call(self, method: str, params: Sequence[Any] = (), *, retry: bool = True) -> Any:
        """See `Client`."""
        return self._pool.ask_in_turn(lambda rpc: rpc.call(method, params, retry=retry))

    def batch(self, requests: Sequence[Request]) -> list[Any]:
        """See `Client`."""
        return self._pool.ask_in_turn(lambda rpc: rpc.batch(requests))

    def check_chain(self) -> int:
        """See `Client`."""
        return self._pool.ask_in_turn(lambda rpc: rpc.check_chain())

    def send_raw(self, raw: bytes) -> Hash:
        """See `Client`; handed to every healthy endpoint."""
        fate = self._pool.broadcast([raw])[0]
        if isinstance(fate, RpcError):
            raise fate
        return fate

    def send_raw_batch(self, raws: Sequence[bytes]) -> list[Hash | RpcError]:
        """See `Client`; handed to every healthy endpoint."""
        return self._pool.broadcast(raws)
