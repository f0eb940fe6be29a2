"""One request to one peer: signed, bounded in size and time, never redirected."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx

from oracle.domain.errors import EarnestError
from oracle.peers.messages import (
    MAX_ANSWER_BYTES,
    ROUTE,
    SIGNATURE_HEADER,
    ExchangeAnswer,
    ExchangeRequest,
    wire,
)

_IDLE_SECONDS = 2.0

Sign = Callable[[str, bytes], str]
"""Signs a request's route and body with the key of its sender; returns 65 bytes as 0x-hex."""


class PeerError(EarnestError):
    """A peer did not answer as it should. `fault`: it answered, and what it said breaks the protocol."""

    def __init__(self, message: str, *, fault: bool) -> None:
        super().__init__(message, field="peer")
        self.fault = fault


class PeerClient:
    """Talks to the peer at one address.

    Args:
        url: Where it serves, without the route.
        seconds: For a whole exchange.
        http: For tests.
    """

    def __init__(self, url: str, *, seconds: float, http: httpx.Client | None = None) -> None:
        self._url = url.rstrip("/") + ROUTE
        self._seconds = seconds
        # Idle connections are given up before the other side ends them, which could lose a request.
        self._http = http or httpx.Client(
            follow_redirects=False, trust_env=False, limits=httpx.Limits(keepalive_expiry=_IDLE_SECONDS)
        )

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def exchange(self, request: ExchangeRequest, sign: Sign) -> ExchangeAnswer:
        """Send statements, get what the peer has to say.

        Raises:
            PeerError: no answer in time, an answer that is no answer, or a refusal.
            SigningError: the key cannot be used.
        """
        body = wire(request)
        headers = {
            SIGNATURE_HEADER: sign(ROUTE, body),
            "content-type": "application/json",
            "accept-encoding": "identity",
        }
        deadline = time.monotonic() + self._seconds
        try:
            with self._http.stream(
                "POST", self._url, content=body, headers=headers, timeout=self._seconds
            ) as response:
                data = _body(response, deadline)
        except httpx.HTTPError as error:
            raise PeerError(f"no answer: {type(error).__name__}", fault=False) from error
        if response.status_code != 200:
            shown = ascii(data[:200].decode("utf-8", "replace"))
            raise PeerError(f"it answers {response.status_code}: {shown}", fault=False)
        try:
            answer = ExchangeAnswer.parse(data, what="the answer", max_bytes=MAX_ANSWER_BYTES)
        except EarnestError as error:
            raise PeerError(f"its answer is not valid: {error.message[:300]}", fault=True) from error
        if len(answer.results) != len(request.statements):
            raise PeerError(
                f"it answers to {len(answer.results)} statements of {len(request.statements)}", fault=True
            )
        return answer


def _body(response: httpx.Response, deadline: float) -> bytes:
    data = bytearray()
    # Raw: a compressed answer nobody asked for must not be unpacked into memory.
    for chunk in response.iter_raw(65_536):
        data += chunk
        if len(data) > MAX_ANSWER_BYTES:
            raise PeerError(f"its answer is larger than {MAX_ANSWER_BYTES} bytes", fault=True)
        if time.monotonic() > deadline:
            raise PeerError("it is too slow", fault=False)
    return bytes(data)
