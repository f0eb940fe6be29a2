"""A service's response, held back whole: the receipt names all of its bytes, and goes before them.

So a response that the service streams is given to the buyer in one piece, once it has ended. One that is too
large, too late or broken off has no receipt, and nothing is owed for it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Scope

from oracle.domain.errors import EarnestError

Headers = list[tuple[bytes, bytes]]

_PAST_US = "http.response."  # extensions by which a service has the server send what we do not see, as a file
_ONE_PIECE = "a tab gives responses in one piece"


class OversizedResponseError(EarnestError):
    """The service's response is beyond the limit."""


class LateResponseError(EarnestError):
    """The service's response did not end in time."""


class BrokenResponseError(EarnestError):
    """The service's response has no end, or is none."""


@dataclass(slots=True)
class Held:
    """A response as far as the service has sent it; headers' names in lower case."""

    limit: int
    status: int = 0
    headers: Headers = field(default_factory=list)
    content: bytearray = field(default_factory=bytearray)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    failure: EarnestError | None = None

    async def take(self, message: Message) -> None:
        """What a service calls as `send`.

        Raises:
            OversizedResponseError, BrokenResponseError: also after the service has passed over one of them.
        """
        if self.failure is None:
            self.failure = self._add(message)
        if self.failure is not None:
            self.content.clear()
            raise self.failure

    def _add(self, message: Message) -> EarnestError | None:
        kind = message["type"]
        if kind == "http.response.start" and not self.status:
            self.status = message["status"]
            named = [(name.lower(), value) for name, value in message.get("headers", [])]
            # The body is whole by then, and is sent with its length.
            self.headers = [each for each in named if each[0] != b"transfer-encoding"]
        elif kind == "http.response.body" and self.status and not self.over.is_set():
            part = message.get("body", b"")
            if len(self.content) + len(part) > self.limit:
                return OversizedResponseError(
                    f"the response is larger than {self.limit} bytes; it is not charged: {_ONE_PIECE}",
                    next_step="ask for less at a time; its provider may raise Bounds.response",
                )
            self.content.extend(part)
            if not message.get("more_body", False):
                self.over.set()
        elif kind in ("http.response.start", "http.response.body"):
            return BrokenResponseError("the service sent parts of a response out of order; it is not charged")
        return None


async def held(app: ASGIApp, scope: Scope, body: bytes, *, limit: int, seconds: float) -> Held:
    """The service's whole response.

    The service is not told that the buyer went away: the buyer asks for the answer again, and gets all of it.

    Args:
        body: The request's.
        limit: Bytes of the response's body at most.
        seconds: Until the service is done, background tasks included.

    Raises:
        OversizedResponseError, LateResponseError, BrokenResponseError: as named.
    """
    response, given = Held(limit), False
    if extensions := scope.get("extensions"):
        scope["extensions"] = {
            name: what for name, what in extensions.items() if not name.startswith(_PAST_US)
        }

    async def hand() -> Message:
        nonlocal given
        if given:
            await response.over.wait()
            return {"type": "http.disconnect"}
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    clock = asyncio.timeout(seconds)
    try:
        async with clock:
            await app(scope, hand, response.take)
    except Exception as error:
        if response.failure is not None:  # whatever the service made of it
            raise response.failure from None
        if isinstance(error, TimeoutError) and clock.expired():
            raise LateResponseError(
                f"the service was not done within {seconds} s; it is not charged: {_ONE_PIECE}",
                next_step="ask for less at a time; use a job for what has no end",
            ) from error
        raise
    if response.failure is not None:
        raise response.failure
    if not response.over.is_set():
        raise BrokenResponseError("the service broke its response off; it is not charged")
    return response
