"""The pages as one application, and the front that sends machines past them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from oracle.api.finish import Meter
from oracle.api.problems import ApiError
from oracle.api.source import Source
from oracle.domain.errors import EarnestError
from oracle.pages import (
    acts_explain,
    views_agent,
    views_committee,
    views_directory,
    views_evaluator,
    views_job,
    views_jobs,
    views_live,
    views_open,
    views_pact,
    views_report,
)
from oracle.pages.answers import answered, kept
from oracle.pages.assets import PREFIX, Assets
from oracle.pages.documents import public_bytes
from oracle.pages.place import Place
from oracle.pages.render import Renderer
from oracle.pages.text import View
from oracle.web.limits import Guarded, Limits

OTHERS: Final = ("/v1/", "/peers/", "/deliveries/", "/tabs/")
"""Where machines talk to the process; everything else is a page, or a page that says it is none."""

ViewMaker = Callable[[Place, Request], View]
"""Reads the store and makes what a template shows. Raises `EarnestError` where there is nothing to show."""

_VIEWS: Final[tuple[tuple[str, str, ViewMaker], ...]] = (
    ("/", "directory.html", views_directory.directory),
    ("/agents/{agent}", "agent.html", views_agent.agent),
    ("/jobs", "jobs.html", views_jobs.jobs),
    ("/jobs/{job}", "job.html", views_job.job),
    ("/evaluators/{address}", "evaluator.html", views_evaluator.evaluator),
    ("/committees", "committees.html", views_committee.committees),
    ("/committees/{committee}", "committee.html", views_committee.committee),
    ("/pacts/{pact}", "pact.html", views_pact.pact),
    ("/jobs/{job}/incident", "incident.html", views_report.incident),
    ("/report", "report.html", views_report.report),
    ("/live", "live.html", views_live.live),
)


def make_pages(
    source: Source, *, limits: Limits, place: Place | None = None, meter: Meter | None = None
) -> ASGIApp:
    """Every page, and the files they need.

    Args:
        place: What pages know beside the store; made from `source` where none is given.
        meter: Who may ask how often; None: no limit.
    """
    place = place or Place(source)
    renderer = Renderer(place.assets)
    routes: list[BaseRoute] = [
        Route(path, partial(_page, renderer, place, template, maker), methods=["GET", "HEAD"])
        for path, template, maker in _VIEWS
    ]
    routes.append(Route("/about", partial(_words, renderer), methods=["GET", "HEAD"]))
    routes.append(Route("/open", partial(_opening, renderer, place), methods=["GET", "HEAD", "POST"]))
    routes.append(Route(acts_explain.PATH, acts_explain.explain, methods=["GET"]))
    routes.append(Route("/documents/{hash}", partial(_document, place.source), methods=["GET", "HEAD"]))
    routes.append(Route(PREFIX + "{name}", partial(_asset, place.assets), methods=["GET", "HEAD"]))

    async def none_here(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return _problem(renderer, request, status, "There is no page here.")

    async def refused(request: Request, error: Exception) -> Response:
        return _refused(renderer, request, error)

    app = Starlette(routes=routes, exception_handlers={HTTPException: none_here, EarnestError: refused})
    app.router.redirect_slashes = False
    return Metered(Guarded(GZipMiddleware(app, minimum_size=600), limits), meter)


async def _page(
    renderer: Renderer, place: Place, template: str, maker: ViewMaker, request: Request
) -> Response:
    def made() -> bytes:
        return renderer.page(template, page=maker(place, request), path=request.url.path)

    return answered(request, await run_in_threadpool(made))


async def _opening(renderer: Renderer, place: Place, request: Request) -> Response:
    text = views_open.pasted(await request.body()) if request.method == "POST" else ""

    def made() -> bytes:
        return renderer.page(
            "open.html", page=views_open.opening(place, request, text), path=request.url.path
        )

    return answered(request, await run_in_threadpool(made))


async def _words(renderer: Renderer, request: Request) -> Response:
    return answered(request, renderer.page("about.html", path=request.url.path))


async def _document(source: Source, request: Request) -> Response:
    data = await run_in_threadpool(public_bytes, source, request.path_params["hash"])
    return kept(data, "application/json")


async def _asset(assets: Assets, request: Request) -> Response:
    found = assets.served(request.path_params["name"])
    if found is None:
        raise HTTPException(404)
    return kept(found.data, found.media_type)


def _refused(renderer: Renderer, request: Request, error: Exception) -> Response:
    message = error.message if isinstance(error, EarnestError) else ""
    # What cannot be named is not here; only what the API says is another matter.
    status = error.status if isinstance(error, ApiError) else 404
    return _problem(renderer, request, status, message[:1].upper() + message[1:] + ".")


def _problem(renderer: Renderer, request: Request, status: int, message: str) -> Response:
    shown: dict[str, Any] = {"status": status, "message": message, "path": request.url.path}
    return answered(request, renderer.page("problem.html", **shown), status=status)


class Metered:
    """Middleware: a stranger that asks too often waits."""

    def __init__(self, app: ASGIApp, meter: Meter | None) -> None:
        self._app = app
        self._meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        client = scope.get("client")
        if self._meter is None or self._meter.allows(client[0] if client else ""):
            await self._app(scope, receive, send)
            return
        answer = Response("Too many requests from your address. Wait a second.", 429, {"retry-after": "1"})
        await answer(scope, receive, send)


class Front:
    """Sends what people ask for to the pages and the rest to the other application."""

    def __init__(self, pages: ASGIApp, other: ASGIApp) -> None:
        self._pages = pages
        self._other = other

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        page = scope["type"] == "http" and not scope["path"].startswith(OTHERS)
        await (self._pages if page else self._other)(scope, receive, send)
