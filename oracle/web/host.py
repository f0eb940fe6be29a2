"""Serves one application from a thread of its own, beside the daemon's loop."""

from __future__ import annotations

import logging
import socket
import threading
import time

import structlog
import uvicorn
from starlette.types import ASGIApp

from oracle.domain.errors import EarnestError
from oracle.web.limits import HEADERS_LIMIT, Limits
from oracle.web.protocol import impatient_protocol

log = structlog.get_logger(__name__)

_START = 60.0  # seconds a server may take to begin
_END = 5.0  # seconds running requests may take when it is ended


class HostError(EarnestError):
    """The address cannot be served."""


class Host:
    """An application on an address. `start` returns once it answers; `close` ends running requests first.

    Args:
        app: Made by `make_app`.
        bind: Address to listen on, such as 127.0.0.1 or ::1.
        port: TCP port; 0 takes a free one, see `port`.
        limits: Of connections and headers; the application's own come with it.

    Raises:
        HostError: the address cannot be bound.
    """

    def __init__(self, app: ASGIApp, bind: str, port: int, *, limits: Limits | None = None) -> None:
        limits = limits or Limits()
        self._socket = _listen(bind, port)
        self.bind = bind
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            ws="none",
            http=impatient_protocol(limits.header_seconds),
            loop="asyncio",
            proxy_headers=False,
            limit_concurrency=limits.connections,
            h11_max_incomplete_event_size=HEADERS_LIMIT,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=int(_END),
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name=f"http-{self.port}", daemon=True)

    @property
    def url(self) -> str:
        """Where it is reached on this machine."""
        shown = f"[{self.bind}]" if ":" in self.bind else self.bind
        return f"http://{shown}:{self.port}"

    def start(self) -> None:
        """Begin to serve.

        Raises:
            HostError: it did not begin.
        """
        # uvicorn's own lines say little, and quote what strangers sent.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self._thread.start()
        end = time.monotonic() + _START
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > end:
                raise HostError(f"the HTTP host on {self.url} did not start; the log says why")
            time.sleep(0.005)
        log.info("http_serving", url=self.url)

    def close(self) -> None:
        """Take no more requests, let running ones end within seconds, and stop."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(_END + 5)
        self._socket.close()

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])


def _listen(bind: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in bind else socket.AF_INET
        # With its protocol named asyncio sends at once; without, an answer's body waits 40 ms for the other
        # side to confirm its head.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError as error:
        raise HostError(f"cannot open a socket: {error.strerror}", field="bind") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((bind, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise HostError(
            f"cannot listen on {bind} port {port}: {error.strerror or error}",
            field="bind",
            next_step="end the other process that listens there, or choose another port",
        ) from error
    return listener
