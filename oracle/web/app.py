"""One application from routers: limits around it, errors as JSON, nothing about the inside in any answer."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from oracle import __version__
from oracle.domain.errors import EarnestError
from oracle.web.limits import Guarded, Limits


def make_app(routers: Sequence[APIRouter], *, limits: Limits, title: str = "Earnest oracle") -> FastAPI:
    """An application that serves these routers.

    An `EarnestError` that a route raises is answered with 400 and its own words; routes raise `HTTPException`
    where another status fits. Anything else is a defect: 500, and the traceback goes to the log only.
    """
    app = FastAPI(title=title, version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    for router in routers:
        app.include_router(router)
    app.add_middleware(Guarded, limits=limits)

    @app.exception_handler(EarnestError)
    async def refused(_request: Request, error: EarnestError) -> JSONResponse:
        return JSONResponse(error.as_dict(), status_code=400)

    @app.exception_handler(HTTPException)
    async def answered(_request: Request, error: HTTPException) -> JSONResponse:
        shown = {"error": f"Http{error.status_code}", "message": str(error.detail)}
        return JSONResponse(shown, status_code=error.status_code, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def malformed(_request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        # Not the input itself: an answer is no mirror.
        return JSONResponse(
            {"error": "Malformed", "message": f"{field}: {first['msg']}", "field": field}, status_code=422
        )

    return app
