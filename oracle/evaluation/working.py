"""A store over another one: what is put lies in memory. For what can be derived again from what is kept."""

from __future__ import annotations

from oracle.domain.canonical import keccak_hex
from oracle.evaluation.intake import Store
from oracle.evidence.errors import OversizedContentError
from oracle.evidence.sealing import Identities


class WorkingStore:
    """Reads from memory first.

    Args:
        below: Where everything else comes from.
    """

    def __init__(self, below: Store) -> None:
        self._below = below
        self._held: dict[str, bytes] = {}

    @property
    def identities(self) -> Identities:
        """Those of the store below."""
        return self._below.identities

    def put(self, data: bytes) -> str:
        """Hold bytes; returns their hash."""
        name = keccak_hex(data)
        self._held[name] = data
        return name

    def get(self, content_hash: str, *, max_bytes: int, seconds: float = 30.0) -> bytes:
        """See `oracle.evidence.store.ContentStore.get`."""
        data = self._held.get(content_hash)
        if data is None:
            return self._below.get(content_hash, max_bytes=max_bytes, seconds=seconds)
        if len(data) > max_bytes:
            raise OversizedContentError(f"{content_hash} has {len(data)} bytes; at most {max_bytes} are read")
        return data
