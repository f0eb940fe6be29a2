"""The HTTP side of the exchange. The host limits size and time; here it is counted who asks how often."""

from __future__ import annotations

from typing import Protocol

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from oracle.domain.errors import EarnestError
from oracle.peers.limits import Rates
from oracle.peers.messages import ROUTE, SIGNATURE_HEADER

STRANGER_RATE = 200.0  # requests a second from one address, whoever they say they are
STRANGER_BURST = 1_000


class RequestRefusedError(EarnestError):
    """A request is not answered. `status` is the HTTP status; the message goes to whoever asked."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Desk(Protocol):
    """Where requests are looked at."""

    def exchange(self, body: bytes, signature: str) -> bytes:
        """The answer's bytes; raises RequestRefusedError."""
        ...


def peer_router(desk: Desk, rates: Rates | None = None) -> APIRouter:
    """The routes of the exchange."""
    router = APIRouter()
    strangers = rates or Rates(per_second=STRANGER_RATE, burst=STRANGER_BURST)

    @router.post(ROUTE)
    async def exchange(request: Request) -> Response:
        caller = request.client.host if request.client is not None else ""
        if not strangers.allows(caller):
            return _refusal(RequestRefusedError(429, "too many requests"))
        body = await request.body()
        signature = request.headers.get(SIGNATURE_HEADER, "")
        try:
            answer = await run_in_threadpool(desk.exchange, body, signature)
        except RequestRefusedError as error:
            return _refusal(error)
        return Response(answer, media_type="application/json")

    return router


def _refusal(error: RequestRefusedError) -> Response:
    return JSONResponse({"error": "Refused", "message": error.message}, status_code=error.status)
