"""Structured logs that never hold a secret."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Collection
from typing import Literal

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

MASK = "[secret]"

_SECRET_NAMES = re.compile(
    r"password|passphrase|secret|private|mnemonic|api_?key|authorization", re.IGNORECASE
)


def redactor(secrets: Collection[str]) -> Processor:
    """A processor that masks these texts wherever they stand, and values whose name says they are secret."""
    known = sorted((secret for secret in secrets if secret), key=len, reverse=True)

    def masked(value: object) -> object:
        if isinstance(value, str):
            for secret in known:
                value = value.replace(secret, MASK)
            return value
        if isinstance(value, dict):
            return {name: MASK if _SECRET_NAMES.search(str(name)) else masked(v) for name, v in value.items()}
        if isinstance(value, list | tuple):
            return [masked(item) for item in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        return masked(str(value))

    def process(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {name: MASK if _SECRET_NAMES.search(name) else masked(value) for name, value in event.items()}

    return process


def above(level: int) -> Processor:
    """A processor that drops what is below a level."""

    def process(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        if logging.getLevelNamesMapping().get(str(event.get("level", "")).upper(), level) < level:
            raise structlog.DropEvent
        return event

    return process


def configure_logs(
    *,
    level: str,
    output: Literal["console", "json"],
    secrets: Collection[str] = (),
    count: Processor | None = None,
) -> None:
    """Send structured logs to stderr: one JSON object a line, or text for people.

    Args:
        level: debug, info, warning or error.
        output: The form.
        secrets: Texts that are masked wherever they appear.
        count: Given every event from info up, also those that are not logged.
    """
    wanted = logging.getLevelNamesMapping()[level.upper()]
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if output == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            *([] if count is None else [count, above(wanted)]),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redactor(secrets),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            wanted if count is None else min(wanted, logging.INFO)
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
