"""The API as one application, and the switch that sends /v1 to it."""

from __future__ import annotations

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from oracle import __version__
from oracle.api import inputs, models
from oracle.api.agents import agents_router
from oracle.api.finish import Finished, Meter
from oracle.api.policies import policies_router
from oracle.api.problems import ApiError, problem
from oracle.api.records import records_router
from oracle.api.signing import webhook_key
from oracle.api.source import Source
from oracle.api.tabs import tabs_router
from oracle.domain.errors import EarnestError
from oracle.score.versions import CURRENT
from oracle.store import scores
from oracle.web.limits import Guarded, Limits

PREFIX = "/v1"


def make_api(source: Source, *, limits: Limits, meter: Meter | None = None) -> ASGIApp:
    """Everything under /v1.

    Args:
        meter: Who may ask how often; None: no limit.
    """
    app = described(source)
    return Finished(Guarded(app, limits), key=source.key, shelf=source.book, meter=meter)


def described(source: Source) -> FastAPI:
    """The routes alone; their OpenAPI document is under /v1/openapi.json."""
    app = FastAPI(
        title="Earnest oracle",
        version=__version__,
        description="Who promised what, who checked it, on what evidence. Read-only; see docs/api.md.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    router = APIRouter(prefix=PREFIX, dependencies=[Depends(_each_once)])
    router.include_router(_about(source))
    router.include_router(agents_router(source))
    router.include_router(records_router(source))
    router.include_router(tabs_router(source))
    router.include_router(policies_router(source))
    app.include_router(router)

    @app.exception_handler(EarnestError)
    async def refused(_request: Request, error: EarnestError) -> Response:
        status = error.status if isinstance(error, ApiError) else 400
        return problem(status, error.message, field=error.field, next_step=error.next_step)

    @app.exception_handler(HTTPException)
    async def answered(_request: Request, error: HTTPException) -> Response:
        return problem(error.status_code, str(error.detail), headers=dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    async def malformed(_request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        field = str(first["loc"][-1]) if first["loc"] else None
        # Not the input itself: an answer is no mirror.
        return problem(422, f"{field}: {first['msg']}", field=field)

    return app


async def _each_once(request: Request) -> None:
    """No parameter is a list: of one that is repeated, two readers would take different values."""
    seen = set()
    for name, _value in request.query_params.multi_items():
        if name in seen:
            raise ApiError(422, f"{name}: given more than once", field=name, next_step="give it once")
        seen.add(name)


def _about(source: Source) -> APIRouter:
    router = APIRouter(tags=["about"])

    @router.get("/status", responses=inputs.answers())
    def show_status() -> models.Status:
        """What was read, and how scores are computed here."""
        with source.reading() as (session, at):
            return models.Status(
                at=at,
                evidence_block=scores.ready_at(session, source.roots),
                score_version=CURRENT,
                roots=tuple(sorted(source.roots)),
                key=source.key.public,
                software=__version__,
            )

    @router.get("/key", responses=inputs.answers())
    def show_key() -> models.Key:
        """The key answers are signed with. Compare it with one you had before."""
        return models.Key(
            key=source.key.public,
            algorithm="ed25519",
            signs='"earnest/api/1" LF path-and-query LF sha256(body)',
            webhook_key=webhook_key(source.key),
        )

    return router


class Switch:
    """Sends what is under /v1 to the API and the rest to the other application."""

    def __init__(self, api: ASGIApp, other: ASGIApp) -> None:
        self._api = api
        self._other = other

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        under = scope["type"] == "http" and scope["path"].startswith(PREFIX + "/")
        await (self._api if under else self._other)(scope, receive, send)
