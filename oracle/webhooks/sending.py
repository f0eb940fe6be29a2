"""One try of one delivery: to a public address alone, under a limit of time, without redirects."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import httpx

from oracle import __version__
from oracle.configuration.process import WebhooksSection
from oracle.domain.errors import EarnestError
from oracle.evidence.http import Resolver, pinned, resolve

_LOOK_UPS = 8  # host names looked up at once


class NotTakenError(EarnestError):
    """A subscriber did not take a delivery.

    Args:
        wait: Seconds it asks to be left alone for; 0 where it does not say.
        gone: It wants nothing more, ever.
    """

    def __init__(self, message: str, *, wait: float = 0.0, gone: bool = False) -> None:
        super().__init__(message, field="webhook")
        self.wait = wait
        self.gone = gone


@dataclass(frozen=True)
class Way:
    """How deliveries go out.

    Args:
        seconds: For all of a try, from the host's name to the answer.
        insecure: Also to http and to addresses that are not public.
        resolver: Gives a host's addresses.
        transport: For tests.
    """

    seconds: float = 10.0
    insecure: bool = False
    resolver: Resolver = resolve
    transport: httpx.AsyncBaseTransport | None = None

    @property
    def schemes(self) -> frozenset[str]:
        """Those that are allowed."""
        return frozenset({"https", "http"} if self.insecure else {"https"})

    def check(self, url: str) -> None:
        """See that nothing forbids this address now.

        Raises:
            EarnestError: its scheme, its credentials or what its host resolves to.
        """
        pinned(url, schemes=self.schemes, allow_private=self.insecure, resolver=self.resolver)


def way_of(section: WebhooksSection) -> Way:
    """How deliveries go out by the configuration."""
    return Way(seconds=section.seconds, insecure=section.insecure)


class Sender:
    """Sends. One for a process: it holds what TLS needs."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._names = ThreadPoolExecutor(_LOOK_UPS, thread_name_prefix="webhook-names")
        self._tls = httpx.create_ssl_context(trust_env=False)

    def close(self) -> None:
        """Look up nothing more."""
        self._names.shutdown(wait=False, cancel_futures=True)

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        """POST a delivery. The status, 2xx.

        Raises:
            NotTakenError: anything else: forbidden, no answer in time, a redirect, an error.
        """
        try:
            async with asyncio.timeout(self._way.seconds):
                return await self._posted(url, headers, body)
        except TimeoutError as error:
            raise NotTakenError(f"no answer within {self._way.seconds:g} s") from error
        except httpx.HTTPError as error:
            raise NotTakenError(f"no answer: {type(error).__name__}") from error
        except NotTakenError:
            raise
        except EarnestError as error:
            raise NotTakenError(error.message) from error

    async def _posted(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        way = self._way
        look_up = partial(pinned, url, schemes=way.schemes, allow_private=way.insecure, resolver=way.resolver)
        # It blocks, and may take longer than all of this: it has a thread, and is not waited for.
        to = await asyncio.get_running_loop().run_in_executor(self._names, look_up)
        told = {
            **headers,
            "Host": to.netloc,
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"earnest-oracle/{__version__}",
        }
        client = httpx.AsyncClient(
            transport=way.transport, verify=self._tls, trust_env=False, follow_redirects=False,
            timeout=way.seconds,
        )  # fmt: skip
        async with (
            client,
            client.stream(
                "POST", to.url, headers=told, content=body, extensions={"sni_hostname": to.host}
            ) as answer,
        ):
            return _status(answer)  # what follows the status is not read, however long


def _status(answer: httpx.Response) -> int:
    status = answer.status_code
    if 200 <= status < 300:
        return status
    if 300 <= status < 400:
        raise NotTakenError(f"answers {status}; redirects are not followed")
    asked = answer.headers.get("retry-after", "")
    wait = float(asked) if asked.isascii() and asked.isdigit() and len(asked) < 7 else 0.0
    raise NotTakenError(f"answers {status}", wait=wait, gone=status == 410)
