"""Errors of the API: problem details by RFC 9457."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from oracle.domain.errors import EarnestError

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """What went wrong, by RFC 9457. `field` names the parameter it is about."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    field: str | None = None
    next_step: str | None = None


class ApiError(EarnestError):
    """A request that is answered with a problem.

    Args:
        status: HTTP status.
    """

    def __init__(self, status: int, message: str, *, field: str | None = None, next_step: str | None = None):
        super().__init__(message, field=field, next_step=next_step)
        self.status = status


def body_of(status: int, detail: str, *, field: str | None = None, next_step: str | None = None) -> bytes:
    """A problem as JSON."""
    shown: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if field is not None:
        shown["field"] = field
    if next_step is not None:
        shown["next_step"] = next_step
    return orjson.dumps(shown)


def problem(
    status: int,
    detail: str,
    *,
    field: str | None = None,
    next_step: str | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """An answer that is a problem."""
    content = body_of(status, detail, field=field, next_step=next_step)
    return Response(content, status_code=status, media_type=MEDIA_TYPE, headers=headers)
