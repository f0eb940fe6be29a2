"""Asks an oracle's API, and checks that the answer is signed by the key that was expected."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode, urlsplit

import httpx
import orjson

from oracle.api.signing import SIGNATURE_HEADER, is_signed
from oracle.domain.errors import EarnestError

_LARGEST = 4_000_000  # bytes of an answer
_SECONDS = 15.0


class AskError(EarnestError):
    """The API cannot be reached, refuses, or answers with something that cannot be trusted."""


class Reader:
    """One API.

    Args:
        url: Where it is, such as https://oracle.example; without /v1.
        key: Its public key (base64); an answer that is not signed by it is refused. None: not checked.
        transport: For tests.
    """

    def __init__(
        self, url: str, *, key: str | None = None, transport: httpx.BaseTransport | None = None
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise AskError(
                "the API's address is not an http or https URL",
                field="api",
                next_step="write it like https://oracle.example",
            )
        self._base = url.rstrip("/")
        self._key = key
        self._client = httpx.Client(timeout=_SECONDS, follow_redirects=False, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End its connections."""
        self._client.close()

    def get(self, *path: str, **parameters: object) -> dict[str, Any]:
        """What is under /v1/PATH with these parameters; those that are None are left out.

        Raises:
            AskError: it cannot be reached, says no, or its answer is too large, malformed or not signed.
        """
        named = {name: value for name, value in parameters.items() if value is not None}
        target = "/v1/" + "/".join(quote(part, safe=":") for part in path)
        if named:
            target += "?" + urlencode(named)
        body, headers, status = self._asked(target)
        told = _object(body)
        if status != 200:
            raise AskError(
                f"the API answers {status}: {str(told.get('detail', 'no reason'))[:500]}",
                field=str(told["field"]) if told.get("field") else None,
            )
        signature = headers.get(SIGNATURE_HEADER, "")
        if self._key is not None and not is_signed(self._key, signature, target, body):
            raise AskError(
                "the answer is not signed by the key that was expected",
                field="key",
                next_step="compare the key with /v1/key of the oracle you mean",
            )
        return told

    def _asked(self, target: str) -> tuple[bytes, Mapping[str, str], int]:
        try:
            with self._client.stream("GET", self._base + target) as answer:
                body = b""
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > _LARGEST:
                        raise AskError(f"the answer is larger than {_LARGEST} bytes", field="api")
                return body, answer.headers, answer.status_code
        except httpx.HTTPError as error:
            raise AskError(
                f"the API cannot be reached: {type(error).__name__}", field="api", next_step="try again later"
            ) from error


def _object(body: bytes) -> dict[str, Any]:
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise AskError("the API's answer is not JSON", field="api") from error
    if not isinstance(told, dict):
        raise AskError("the API's answer is not a JSON object", field="api")
    return told
