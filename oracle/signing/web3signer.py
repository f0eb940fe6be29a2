"""A key held by Consensys' web3signer, asked over HTTP.

Its REST call hashes `data` with keccak-256 and signs that: given the bytes that are hashed (an EIP-712
message or an unsigned transaction) it makes the very signature the chain wants, in every release. Its
JSON-RPC `eth_signTypedData` is of no use here: it puts the prefix of personal messages before the typed data
(web3signer issue 1012). Source: web3signer's openapi-specs/eth1, `POST /api/v1/eth1/sign/{identifier}` and
`GET /api/v1/eth1/publicKeys`; the identifier is the public key.
"""

from __future__ import annotations

import ssl
import threading
import time
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import orjson

from oracle.domain.keccak import keccak
from oracle.domain.types import Address
from oracle.signing.signer import SigningError, checked

_MOST_BYTES = 1_048_576  # of an answer; the list of keys is the longest
_DEADLINE_FACTOR = 3  # a whole answer within this many times the timeout, however slowly it drips


@dataclass(frozen=True, slots=True)
class Tls:
    """How the signer is known, and how it knows us. PEM files; the signer's own authority may be private."""

    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


class Web3Signer:
    """One key of a web3signer.

    Args:
        url: Where it listens. May hold a user and password: it is never shown whole.
        address: The account of the key.
        timeout: Seconds to connect, and between two pieces of an answer.
        tls: For https.
        allow_http: Allow http to another machine: whoever can reach the signer can then sign, and whoever
            sits between can read what is signed.

    Raises:
        SigningError: the URL is no http or https URL, is http to another machine, or a file of `tls` is not
            usable. Nothing is asked of the signer yet.
    """

    def __init__(
        self,
        url: str,
        address: Address,
        *,
        timeout: float = 5.0,
        tls: Tls | None = None,
        allow_http: bool = False,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SigningError(
                "the address of web3signer is not an http or https URL", field="web3signer.url"
            )
        if parts.scheme == "http" and not allow_http and not _is_here(parts.hostname):
            raise SigningError(
                f"web3signer at {parts.hostname} is asked over plain http",
                field="web3signer.url",
                next_step="use https, or set allow_http = true where the network between is yours alone",
            )
        self.address = address
        port = f":{parts.port}" if parts.port else ""
        self._shown = f"web3signer at {parts.scheme}://{parts.hostname}{port}"
        self._base = url.rstrip("/")
        self._timeout = timeout
        self._http = httpx.Client(
            timeout=timeout,
            transport=transport,
            verify=_context(tls) if parts.scheme == "https" else True,
            follow_redirects=False,
            trust_env=False,  # a proxy named in the environment has no business here
        )
        self._lock = threading.Lock()
        self._identifier: str | None = None

    def __repr__(self) -> str:
        return f"Web3Signer({self.address})"

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def sign(self, message: bytes) -> bytes:
        """See `Signer`.

        Raises:
            SigningError: web3signer is out of reach, does not hold the key, refuses, or answers with
                something that is not a signature of `message` by the key.
        """
        identifier = self._find_key()
        answer = self._ask("POST", f"/api/v1/eth1/sign/{identifier}", {"data": "0x" + message.hex()})
        try:
            signature = bytes.fromhex(answer.decode("ascii").strip().strip('"').removeprefix("0x"))
        except ValueError as error:
            raise SigningError(f"{self._shown} answered with something that is not hex") from error
        if len(signature) == 65 and signature[64] in (0, 1):
            signature = signature[:64] + bytes([27 + signature[64]])
        return checked(self.address, message, signature, by=self._shown)

    def _find_key(self) -> str:
        """The public key of our address, by which it is named there."""
        with self._lock:
            if self._identifier is None:
                self._identifier = self._match(self._ask("GET", "/api/v1/eth1/publicKeys", None))
            return self._identifier

    def _match(self, answer: bytes) -> str:
        try:
            listed = orjson.loads(answer)
        except orjson.JSONDecodeError as error:
            raise SigningError(f"{self._shown} answered with something that is not JSON") from error
        if not isinstance(listed, list):
            raise SigningError(f"{self._shown} answered with something that is not a list of keys")
        for item in listed:
            point = _point_of(item)
            if point is not None and "0x" + keccak(point)[12:].hex() == self.address:
                return "0x" + point.hex()
        raise SigningError(
            f"{self._shown} does not hold the key of {self.address}; it lists {len(listed)}",
            field="web3signer.address",
            next_step="add the key to web3signer and reload it, or correct the address",
        )

    def _ask(self, method: str, path: str, body: dict[str, str] | None) -> bytes:
        end = time.monotonic() + self._timeout * _DEADLINE_FACTOR
        pieces: list[bytes] = []
        size = 0
        try:
            with self._http.stream(method, self._base + path, json=body) as response:
                status = response.status_code
                for piece in response.iter_bytes():
                    size += len(piece)
                    if size > _MOST_BYTES:
                        raise SigningError(f"{self._shown} answered with more than {_MOST_BYTES} bytes")
                    if time.monotonic() > end:
                        raise SigningError(f"{self._shown} took too long to finish its answer")
                    pieces.append(piece)
        except httpx.HTTPError as error:
            # From None: the library's message may hold the URL with its password.
            raise SigningError(
                f"{self._shown} cannot be reached: {type(error).__name__}",
                field="web3signer.url",
                next_step="check that it runs and that this machine may reach it",
            ) from None
        if status == 404:
            with self._lock:
                self._identifier = None
            raise SigningError(f"{self._shown} does not know the key of {self.address} (HTTP 404)")
        if status != 200:
            raise SigningError(f"{self._shown} answered with HTTP {status}")
        return b"".join(pieces)


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _context(tls: Tls | None) -> ssl.SSLContext:
    tls = tls or Tls()
    try:
        context = ssl.create_default_context(cafile=None if tls.authority is None else str(tls.authority))
        if tls.certificate is not None:
            context.load_cert_chain(str(tls.certificate), None if tls.key is None else str(tls.key))
    except OSError as error:
        raise SigningError(
            f"a certificate or key for web3signer cannot be used: {error.strerror or type(error).__name__}",
            field="web3signer.tls",
        ) from None
    return context


def _point_of(public_key: object) -> bytes | None:
    """The 64 bytes of an uncompressed public key in hex, with or without the leading 04; else None."""
    if not isinstance(public_key, str):
        return None
    try:
        data = bytes.fromhex(public_key.removeprefix("0x"))
    except ValueError:
        return None
    point = data[1:] if len(data) == 65 and data[0] == 4 else data
    return point if len(point) == 64 else None
