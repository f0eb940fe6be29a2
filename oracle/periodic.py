"""What is done again and again beside everything else, in a thread of its own, until it is closed."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable

import structlog
from sqlalchemy.exc import DBAPIError

from oracle.domain.errors import EarnestError

_JOIN = 30.0  # seconds a turn that runs has to end in, when closed


class Periodic(ABC):
    """Takes a turn, waits, and takes the next. A turn that fails is logged, and ends none of those after it.

    Args:
        name: The thread's, and what failures are logged with.
        every: Seconds between two turns, and after one that failed.
        hindered: The event that is logged where a turn raises an `EarnestError`.
        leads: Whether this process may act now; of several on one database one does. Where it may not, the
            turn is left out.
    """

    def __init__(
        self, name: str, *, every: float, hindered: str, leads: Callable[[], bool] = lambda: True
    ) -> None:
        self._name = name
        self._every = every
        self._hindered = hindered
        self._failed = f"{name}_step_failed"
        self._leads = leads
        self._logger = structlog.get_logger(type(self).__module__)
        self._stop = threading.Event()
        self._news = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Take the next turn now."""
        self._news.set()

    def close(self) -> None:
        """End after the turn it is in."""
        self._stop.set()
        self._news.set()
        if self._thread.is_alive():
            self._thread.join(_JOIN)

    @abstractmethod
    def _turn(self) -> float | None:
        """Once. Seconds until the next, where that is not `every`."""

    def _run(self) -> None:
        while not self._stop.is_set():
            wait = self._tried()
            self._news.wait(self._every if wait is None else wait)
            self._news.clear()

    def _tried(self) -> float | None:
        try:
            return self._turn() if self._leads() else None
        except DBAPIError as error:
            # Another process on this database may have written the same; or it is away for a moment.
            self._logger.warning("database_unusable", reason=str(error.orig), doing=self._name)
        except EarnestError as error:
            self._logger.warning(self._hindered, error=type(error).__name__, reason=error.message)
        except Exception:  # a defect in one turn must not end all later ones
            self._logger.exception(self._failed)
        return None
