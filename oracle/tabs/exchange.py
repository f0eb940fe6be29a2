"""Requests and responses as the bytes whose keccak-256 stands in a receipt, and back.

A message is one line (`POST /path?query`, or the status), the headers that say how to read the body, an empty
line, and the body as it went over the wire. Nothing else of a request or response is part of the bargain.
"""

from __future__ import annotations

from dataclasses import dataclass

from oracle.domain.errors import EarnestError
from oracle.domain.keccak import keccak
from oracle.domain.types import Hash

MAX_HEAD = 16_384  # bytes of a message before its body
KEPT_HEADERS = ("content-encoding", "content-type")  # in this order; names in lower case


class MessageError(EarnestError):
    """Bytes are not a request or a response as a receipt names it."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the buyer asked.

    Args:
        method: Such as POST.
        target: Path and query as sent.
        headers: (name, value) of those in `KEPT_HEADERS` that it had, in that order.
        body: Its bytes.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def encode(self) -> bytes:
        """The bytes that are hashed, stored and shown.

        Raises:
            MessageError: a line break or other character that has no place in a head, or a head too long.
        """
        return _encode(f"{self.method} {self.target}", self.headers, self.body)

    @classmethod
    def decode(cls, data: bytes) -> Request:
        """The request from its bytes.

        Raises:
            MessageError: `encode` would not have written these.
        """
        line, headers, body = _decode(data)
        method, space, target = line.partition(" ")
        if not (method and space and target) or " " in target:
            raise MessageError(f"{line[:80]!r} is not a method and a target", field="request")
        return cls(method, target, headers, body)


@dataclass(frozen=True, slots=True)
class Response:
    """What the provider answered. `headers` as in `Request`."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def encode(self) -> bytes:
        """See `Request.encode`."""
        return _encode(str(self.status), self.headers, self.body)

    @classmethod
    def decode(cls, data: bytes) -> Response:
        """See `Request.decode`."""
        line, headers, body = _decode(data)
        if not (line.isascii() and line.isdigit() and len(line) == 3):
            raise MessageError(f"{line[:80]!r} is not a status", field="response")
        return cls(int(line), headers, body)


def hash_of(message: bytes) -> Hash:
    """The name of an encoded message in a receipt."""
    return "0x" + keccak(message).hex()


def kept(headers: list[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    """Of raw headers those that belong to a message; the first of each name counts."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        found.setdefault(name.lower(), value)
    return tuple(
        (name, found[name.encode()].decode("latin-1").strip())
        for name in KEPT_HEADERS
        if name.encode() in found
    )


def _encode(line: str, headers: tuple[tuple[str, str], ...], body: bytes) -> bytes:
    if tuple(name for name, _ in headers) not in _ORDERS:
        raise MessageError(f"the headers of a message are, in this order: {', '.join(KEPT_HEADERS)}")
    text = line + "\n" + "".join(f"{name}: {value}\n" for name, value in headers) + "\n"
    if not text.replace("\n", " ").isprintable() or text.count("\n") != len(headers) + 2:
        raise MessageError("a character in the head of the message cannot be printed", field="target")
    head = text.encode("utf-8")
    if len(head) > MAX_HEAD:
        raise MessageError(f"the head of the message has {len(head)} bytes; the limit is {MAX_HEAD}")
    return head + body


def _decode(data: bytes) -> tuple[str, tuple[tuple[str, str], ...], bytes]:
    end = data.find(b"\n\n", 0, MAX_HEAD)
    if end < 0:
        raise MessageError("the message has no head", field="message")
    try:
        line, *lines = data[:end].decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise MessageError("the head of the message is not UTF-8", field="message") from error
    headers = []
    for text in lines:
        name, separator, value = text.partition(": ")
        if not separator:
            raise MessageError(f"{text[:80]!r} is not a header", field="message")
        headers.append((name, value))
    body = data[end + 2 :]
    if _encode(line, tuple(headers), body) != data:
        raise MessageError("the message is not written as it must be", field="message")
    return line, tuple(headers), body


_ORDERS = {(), *((name,) for name in KEPT_HEADERS), KEPT_HEADERS}
