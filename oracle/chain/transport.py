"""JSON-RPC over HTTP: one request or a batch, with limits on time and size, and errors as types.

Nothing here retries; `oracle.chain.rpc` decides what may be asked again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import orjson
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as TooSlowError

from oracle.chain.errors import BadAnswerError, RateLimitedError, RpcError, RpcUnavailableError, error_of
from oracle.chain.reverts import revert_data, reverted
from oracle.chain.unread import unread
from oracle.chain.wire import HttpWire, Wire

MAX_ANSWER_BYTES = 64 * 1024 * 1024  # bytes of one HTTP answer
MAX_BATCH = 100  # requests in one HTTP request; public nodes refuse more
_RETRY_AFTER_DIGITS = 6  # of the seconds in a Retry-After header that is believed
_DEADLINE_FACTOR = 4  # whole answer within this many times `timeout`, however slowly it drips
_PIECE = 65_536  # bytes of an answer read at once at most
_TOO_MANY_REQUESTS, _SERVER_ERROR = 429, 500
_LONG = frozenset({"eth_getLogs"})  # methods whose result may be a list of many thousands

Request = tuple[str, Sequence[Any]]
"""Method and parameters."""


class Transport:
    """One node, one connection pool. Not to be shared between threads that close it."""

    def __init__(self, url: str, *, timeout: float, wire: Wire | None = None) -> None:
        """`timeout` in seconds: to connect, and between two pieces of an answer."""
        try:
            parts = urlsplit(url)
            port = f":{parts.port}" if parts.port else ""
            self._wire = wire or HttpWire(url, timeout=timeout)
        except ValueError:
            raise _no_address() from None  # its message may name the whole address
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise _no_address()
        self.shown = f"{parts.scheme}://{parts.hostname}{port}"
        """The node without path, query or password: those hold API keys."""
        self._timeout = timeout
        self._ids = count(1)

    def close(self) -> None:
        """Close all connections."""
        self._wire.close()

    def one(self, method: str, params: Sequence[Any]) -> Any:
        """The result of one call; that of `eth_getLogs` is `Unread`, where it is a list.

        Raises:
            RpcUnavailableError: no usable answer.
            RpcError: the node's error, typed.
            RevertedError: the call reverted.
        """
        number = next(self._ids)
        answer = self._post(
            {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}, method
        )
        result = self._result(answer, number, method)
        if isinstance(result, Exception):
            raise result
        return result

    def many(self, requests: Sequence[Request]) -> list[Any]:
        """Results in order; where one failed its exception stands in its place.

        Raises:
            RpcUnavailableError: no usable answer to the whole batch.
        """
        results: list[Any] = []
        for start in range(0, len(requests), MAX_BATCH):
            results += self._batch(requests[start : start + MAX_BATCH])
        return results

    def _batch(self, requests: Sequence[Request]) -> list[Any]:
        numbered = [(next(self._ids), method, params) for method, params in requests]
        label = f"a batch of {len(numbered)}"
        answer = self._post(
            [{"jsonrpc": "2.0", "id": n, "method": m, "params": list(p)} for n, m, p in numbered], label
        )
        if isinstance(answer, Mapping) and isinstance(answer.get("error"), Mapping):
            raise self._error(answer["error"], label)
        if not isinstance(answer, list):
            raise BadAnswerError(f"{self.shown} answered {label} with something that is not a list")
        by_number = {
            item.get("id"): item
            for item in answer
            if isinstance(item, Mapping) and type(item.get("id")) is int
        }
        return [self._result(by_number.get(n), n, m) for n, m, _ in numbered]

    def _post(self, payload: Any, label: str) -> Any:
        deadline = time.monotonic() + self._timeout * _DEADLINE_FACTOR
        pieces: list[bytes] = []
        size = 0
        try:
            response = self._wire.post(orjson.dumps(payload))
            try:
                while piece := response.read1(_PIECE, decode_content=True):
                    size += len(piece)
                    if size > MAX_ANSWER_BYTES:
                        raise BadAnswerError(
                            f"{self.shown} answered {label} with more than {MAX_ANSWER_BYTES} bytes"
                        )
                    if time.monotonic() > deadline:
                        raise RpcUnavailableError(
                            f"{self.shown} took too long to finish its answer to {label}"
                        )
                    pieces.append(piece)
            finally:
                response.close()  # a connection whose answer was read to its end is kept
            status = response.status
            retry_after = response.headers.get("retry-after", "")
        except HTTPError as error:
            if isinstance(error, TooSlowError) and not isinstance(error, NewConnectionError):
                raise RpcUnavailableError(
                    f"{self.shown} did not answer {label} within {self._timeout:g} s",
                    next_step="is the node up?",
                ) from error
            raise RpcUnavailableError(
                f"{self.shown} cannot be reached: {type(error).__name__}",
                next_step="check that the node runs and that the RPC address is right",
            ) from error
        if status == _TOO_MANY_REQUESTS:
            limited = RateLimitedError(f"{self.shown} asks for fewer requests (HTTP 429)", code=status)
            if retry_after.isascii() and retry_after.isdigit() and len(retry_after) < _RETRY_AFTER_DIGITS:
                limited.retry_after = float(retry_after)
            raise limited
        body = b"".join(pieces)
        answer = unread(body) if label in _LONG else None
        if answer is not None:
            return answer
        try:
            answer = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise RpcUnavailableError(
                f"{self.shown} answered {label} with HTTP {status} and no JSON", code=status
            ) from error
        if status >= _SERVER_ERROR and not _is_rpc(answer):
            raise RpcUnavailableError(f"{self.shown} answered {label} with HTTP {status}", code=status)
        return answer

    def _result(self, answer: Any, number: int, method: str) -> Any:
        if not isinstance(answer, Mapping):
            return BadAnswerError(f"{self.shown} left {method} without an answer", field=method)
        error = answer.get("error")
        if isinstance(error, Mapping):
            return self._error(error, method)
        if answer.get("id") != number or "result" not in answer:
            return BadAnswerError(
                f"{self.shown} answered {method} with neither result nor error", field=method
            )
        return answer["result"]

    def _error(self, error: Mapping[str, Any], method: str) -> Exception:
        code = error.get("code") if isinstance(error.get("code"), int) else None
        message = str(error.get("message", "no message"))
        data = revert_data(error)
        if data is not None:
            return reverted(data)
        return error_of(code, message, method=method)


def _no_address() -> RpcUnavailableError:
    return RpcUnavailableError(
        "the RPC address is not an http or https URL",
        field="rpc",
        next_step="give it like http://127.0.0.1:8545",
    )


def _is_rpc(answer: Any) -> bool:
    return isinstance(answer, list) or (
        isinstance(answer, Mapping) and ("result" in answer or "error" in answer)
    )


def is_error(result: Any) -> bool:
    """Whether a place in a batch's results holds a failure."""
    return isinstance(result, RpcError | Exception)
