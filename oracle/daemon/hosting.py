"""The process's HTTP hosts: one for the operator's machines, one for peers and the public."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager

from fastapi import APIRouter
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp

from oracle.config import Settings
from oracle.web.app import make_app
from oracle.web.health import Health, operator_router
from oracle.web.host import Host
from oracle.web.limits import Limits


@contextmanager
def hosted(
    settings: Settings,
    health: Health,
    registry: CollectorRegistry,
    routers: Sequence[APIRouter] = (),
    with_api: Callable[[ASGIApp, Limits], ASGIApp] = lambda app, _limits: app,
) -> Iterator[list[Host]]:
    """Serve what `[operator]` and `[web]` ask for; `routers` are the public's. Ended on leaving.

    Args:
        with_api: The public's application with the API before it.

    Raises:
        HostError: an address cannot be bound.
    """
    hosts: list[Host] = []
    with ExitStack() as stack:
        if settings.operator is not None:
            app = make_app([operator_router(health, registry)], limits=Limits())
            hosts.append(
                stack.enter_context(closing(Host(app, settings.operator.bind, settings.operator.port)))
            )
        if settings.web is not None:
            limits = Limits(
                body=settings.web.body, seconds=settings.web.seconds, connections=settings.web.connections
            )
            public = with_api(make_app(routers, limits=limits), limits)
            hosts.append(
                stack.enter_context(
                    closing(Host(public, settings.web.bind, settings.web.port, limits=limits))
                )
            )
        for host in hosts:
            host.start()
        yield hosts
