"""What JSON-RPC goes through: urllib3, which reads a long answer in half the time that httpx takes."""

from __future__ import annotations

import logging
from typing import Any, Protocol
from urllib.request import getproxies, proxy_bypass

import httpx
import urllib3
from urllib3.util import Url, make_headers, parse_url

from oracle.chain.errors import RpcUnavailableError

_CONNECTIONS = 8  # kept open to a node
# Its warnings name the whole address, and that may hold an API key. What goes wrong is an exception besides.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)


class Wire(Protocol):
    """Requests to one node. Safe to use from several threads."""

    def post(self, body: bytes) -> urllib3.BaseHTTPResponse:
        """Send a request. The answer's body is not read yet; whoever reads it closes the answer.

        Raises:
            urllib3.exceptions.HTTPError: no answer.
        """

    def close(self) -> None:
        """Close all connections."""


class HttpWire:
    """`Wire` over http or https, by the proxy that the environment names for the address, if any.

    Nothing is tried again, and no redirect followed.

    Args:
        url: Path and query may hold an API key; a name and password before the host are sent as such.
        timeout: Seconds to connect, and between two pieces of an answer.

    Raises:
        ValueError: the URL is none. The message names it.
        RpcUnavailableError: the environment names a proxy of a kind that is not known.
    """

    def __init__(self, url: str, *, timeout: float) -> None:
        address = parse_url(url)
        self._url = address._replace(auth=None, fragment=None).url
        self._pool = _pool(address)
        self._options: dict[str, Any] = {
            "headers": {
                "content-type": "application/json",
                **make_headers(accept_encoding=True, basic_auth=address.auth_decoded_joined),
            },
            "timeout": urllib3.Timeout(connect=timeout, read=timeout),
            "retries": False,
            "redirect": False,
            "preload_content": False,
        }

    def post(self, body: bytes) -> urllib3.BaseHTTPResponse:
        """See `Wire`."""
        return self._pool.urlopen("POST", self._url, body=body, **self._options)

    def close(self) -> None:
        """See `Wire`."""
        self._pool.clear()


def _pool(address: Url) -> urllib3.PoolManager:
    options: dict[str, Any] = {"maxsize": _CONNECTIONS}
    if address.scheme == "https":
        options["ssl_context"] = httpx.create_ssl_context()  # the certificates of all else that asks by https
    proxies = getproxies()
    proxy = proxies.get(address.scheme or "") or proxies.get("all")
    if not proxy or proxy_bypass(address.host or ""):
        return urllib3.PoolManager(**options)
    named = parse_url(proxy if "://" in proxy else f"http://{proxy}")
    if named.scheme not in ("http", "https"):
        raise RpcUnavailableError(
            f"the environment names a {named.scheme} proxy for the RPC address; only http ones serve",
            field="rpc",
            next_step="name another in http_proxy or https_proxy, or except the node's host in no_proxy",
        )
    headers = make_headers(proxy_basic_auth=named.auth_decoded_joined)
    return urllib3.ProxyManager(named._replace(auth=None).url, proxy_headers=headers, **options)
