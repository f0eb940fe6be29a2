"""`PUT /deliveries/1/{job}/{hash}`: a provider hands its delivery to this evaluator.

Nobody has to say who they are: only bytes are taken that the chain's anchored hash leads to.
"""

from __future__ import annotations

from typing import Annotated, Final, Protocol

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from oracle.domain.errors import EarnestError

ROUTE: Final = "/deliveries/1"
_HASH = r"^0x[0-9a-f]{64}$"


class HandoverRefusedError(EarnestError):
    """A piece of a delivery is not taken. `status` is the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message, field="delivery")
        self.status = status


class Counter(Protocol):
    """Where deliveries are handed over."""

    def take(self, job: str, content_hash: str, data: bytes) -> list[str]:
        """Keep a piece; the hashes of those still wanted. Raises HandoverRefusedError."""
        ...

    def allows(self, caller: str) -> bool:
        """Whether this address may hand over something now."""
        ...


def delivery_router(counter: Counter) -> APIRouter:
    """The route."""
    router = APIRouter()

    @router.put(ROUTE + "/{job}/{content_hash}")
    async def put(
        request: Request,
        job: Annotated[str, Path(pattern=_HASH)],
        content_hash: Annotated[str, Path(pattern=_HASH)],
    ) -> Response:
        if not counter.allows(request.client.host if request.client is not None else ""):
            return JSONResponse({"error": "Refused", "message": "too many requests"}, status_code=429)
        data = await request.body()
        try:
            wanted = await run_in_threadpool(counter.take, job, content_hash, data)
        except HandoverRefusedError as error:
            return JSONResponse({"error": "Refused", "message": error.message}, status_code=error.status)
        return JSONResponse({"hash": content_hash, "wanted": wanted}, status_code=201)

    return router
