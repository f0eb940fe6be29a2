"""HTTP/1.1 for strangers: who opens a connection and does not send a whole request head is dropped."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle


def impatient_protocol(header_seconds: float) -> type[H11Protocol]:
    """uvicorn's protocol, which alone waits for ever for headers once a first byte was sent."""

    class Impatient(H11Protocol):
        _limit: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._wait()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            current: RequestResponseCycle | None = self.cycle  # declared without None, begins as None
            if current is not None and not current.response_complete:
                self._cancel()
            elif self._limit is None:
                self._wait()

        def connection_lost(self, exc: Exception | None) -> None:
            self._cancel()
            super().connection_lost(exc)

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._wait()

        def _wait(self) -> None:
            self._cancel()
            self._limit = self.loop.call_later(header_seconds, self.transport.abort)

        def _cancel(self) -> None:
            if self._limit is not None:
                self._limit.cancel()
                self._limit = None

    return Impatient
