"""Fetch over HTTPS from hosts that others name, without being led into our own network.

The host is resolved once, every address it has must be public, and the connection goes to the address that
was checked, so that a second answer of the name server changes nothing. Each redirect is treated like a
new request.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpx

from oracle.evidence.errors import (
    ForbiddenLocationError,
    MissingContentError,
    OversizedContentError,
    StoreUnreachableError,
)

Resolver = Callable[[str, int], Sequence[str]]

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_GONE: Final = frozenset({404, 410})
_STEP_SECONDS: Final = 10.0  # longest wait for one read
_CLOSED: Final = tuple(
    ipaddress.ip_network(network)
    # Python 3.11 calls all of them global.
    for network in (
        "fec0::/10",  # site-local (RFC 3879)
        "64:ff9b:1::/48",  # NAT64 of one network (RFC 8215)
        "::/96",  # IPv4-compatible (RFC 4291)
        "::ffff:0:0:0/96",  # IPv4-translated (RFC 2765)
    )
)


def resolve(host: str, port: int) -> list[str]:
    """Every address of a host, by the system's resolver.

    Raises:
        StoreUnreachableError: the name has no address.
    """
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise StoreUnreachableError(f"the host {host[:200]!r} cannot be resolved", field="host") from error
    return sorted({str(answer[4][0]) for answer in answers})


def is_public(address: str) -> bool:
    """Whether an address is reachable by everyone: not private, loopback, link-local, shared or multicast.

    Nor of one site, nor of a translator in it. An IPv6 address that carries an IPv4 one (mapped, 6to4,
    Teredo, NAT64) is judged by that too.
    """
    parsed = ipaddress.ip_address(address.partition("%")[0])
    inner: list[ipaddress.IPv4Address | None] = []
    if isinstance(parsed, ipaddress.IPv6Address):
        if any(parsed in network for network in _CLOSED):
            return False
        inner = [parsed.ipv4_mapped, parsed.sixtofour, *(parsed.teredo or ())]
        if parsed in ipaddress.ip_network("64:ff9b::/96"):
            inner.append(ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF))
    checked = [parsed, *(address for address in inner if address is not None)]
    return all(address.is_global and not address.is_multicast for address in checked)


@dataclass(frozen=True)
class HttpFetcher:
    """Fetches one URL under limits.

    Args:
        redirects: how many redirects are followed.
        schemes: which schemes are allowed; plain http only where an operator says so.
        allow_private: fetch from addresses that are not public (an operator's own gateway).
        resolver: gives a host's addresses.
        transport: for tests.
    """

    redirects: int = 3
    schemes: frozenset[str] = frozenset({"https"})
    allow_private: bool = False
    resolver: Resolver = resolve
    transport: httpx.BaseTransport | None = None

    def get(self, url: str, *, max_bytes: int, seconds: float) -> bytes:
        """The body of `url`.

        Raises:
            ForbiddenLocationError: scheme, credentials or address not allowed, or too many redirects.
            MissingContentError: the server says there is no such thing (404, 410).
            OversizedContentError: more than `max_bytes`; reading stops there.
            StoreUnreachableError: no answer within `seconds`, or an error of the server.
        """
        deadline = time.monotonic() + seconds
        client = httpx.Client(transport=self.transport, trust_env=False, follow_redirects=False)
        with client:
            for _ in range(self.redirects + 1):
                request = self._request(client, url, deadline)
                try:
                    response = client.send(request, stream=True)
                except httpx.HTTPError as error:
                    raise StoreUnreachableError(
                        f"{shown(url)} did not answer: {type(error).__name__}", field=shown(url)
                    ) from error
                try:
                    if response.status_code not in _REDIRECTS:
                        return _body(response, url, max_bytes, deadline)
                    url = _redirected(url, response.headers.get("location", ""))
                finally:
                    response.close()
        raise ForbiddenLocationError(f"{shown(url)}: more than {self.redirects} redirects", field=shown(url))

    def _request(self, client: httpx.Client, url: str, deadline: float) -> httpx.Request:
        to = pinned(url, schemes=self.schemes, allow_private=self.allow_private, resolver=self.resolver)
        wait = max(0.1, min(_STEP_SECONDS, deadline - time.monotonic()))
        return client.build_request(
            "GET",
            to.url,
            headers={"Host": to.netloc, "Accept-Encoding": "identity"},
            timeout=httpx.Timeout(wait),
            extensions={"sni_hostname": to.host},
        )


@dataclass(frozen=True)
class Pinned:
    """A URL whose host is the address that was checked; `host` and `netloc` are what it was named."""

    url: httpx.URL
    host: str
    netloc: str


def pinned(url: str, *, schemes: frozenset[str], allow_private: bool, resolver: Resolver = resolve) -> Pinned:
    """Resolve a URL's host once and see that every address of it is public.

    Raises:
        ForbiddenLocationError: no URL, or its scheme, credentials or address are not allowed. No message
            has the path: it may be what keeps a webhook's address secret.
        StoreUnreachableError: the host has no address.
    """
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
        named = httpx.URL(url)
    except (ValueError, httpx.InvalidURL) as error:
        raise ForbiddenLocationError("the address is not a URL", field="url") from error
    if parts.scheme not in schemes:
        raise ForbiddenLocationError(
            f"the scheme {parts.scheme!r} of {shown(url)} is not allowed; use {sorted(schemes)}",
            field=shown(url),
        )
    if not host or parts.username is not None or parts.password is not None:
        raise ForbiddenLocationError(f"{shown(url)} has no host, or carries credentials", field=shown(url))
    addresses = resolver(host, port or (443 if parts.scheme == "https" else 80))
    private = [address for address in addresses if not is_public(address)]
    if private and not allow_private:
        raise ForbiddenLocationError(
            f"the host {host!r} resolves to {private[0]}, which is not a public address",
            field=shown(url),
        )
    if not addresses:
        raise StoreUnreachableError(f"the host {host!r} has no address", field=shown(url))
    # As httpx writes it: a header and a certificate take a name of another script in ASCII only.
    return Pinned(
        named.copy_with(host=addresses[0]), named.raw_host.decode("ascii"), named.netloc.decode("ascii")
    )


def _redirected(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise ForbiddenLocationError(
            f"{shown(url)} redirects to what is not a URL", field=shown(url)
        ) from error


def _body(response: httpx.Response, url: str, max_bytes: int, deadline: float) -> bytes:
    if response.status_code in _GONE:
        raise MissingContentError(f"{shown(url)} answers {response.status_code}", field=shown(url))
    if response.status_code != 200:
        raise StoreUnreachableError(f"{shown(url)} answers {response.status_code}", field=shown(url))
    body = bytearray()
    try:
        # raw bytes: a compressed answer nobody asked for must not be unpacked into memory
        for chunk in response.iter_raw(65_536):
            body += chunk
            if len(body) > max_bytes:
                raise OversizedContentError(
                    f"{shown(url)} is larger than {max_bytes} bytes", field=shown(url)
                )
            if time.monotonic() > deadline:
                raise StoreUnreachableError(f"{shown(url)} was too slow", field=shown(url))
    except httpx.HTTPError as error:
        raise StoreUnreachableError(
            f"{shown(url)} broke off: {type(error).__name__}", field=shown(url)
        ) from error
    return bytes(body)


def shown(url: str) -> str:
    """Scheme and host of a URL, cut short: path, query and credentials may be what keeps it secret."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.hostname or ''}"[:200]
    except ValueError:
        return "a malformed URL"
