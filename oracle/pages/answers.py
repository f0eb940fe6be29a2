"""How pages go out: what a browser may do with them, and what it may keep."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_ALWAYS: Final[Mapping[str, str]] = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_FOR_EVER: Final = "public, max-age=31536000, immutable"


def answered(request: Request, body: bytes, *, status: int = 200) -> Response:
    """A page. A browser that has it already is told so."""
    headers = {**_ALWAYS, "cache-control": "no-cache"}
    if status == 200:
        # Weak: what is compressed on its way is another sequence of bytes.
        headers["etag"] = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
        if headers["etag"] in [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]:
            return Response(status_code=304, headers=headers)
    return Response(body, status_code=status, media_type="text/html", headers=headers)


def kept(data: bytes, media_type: str) -> Response:
    """A file whose name changes when it does."""
    return Response(data, media_type=media_type, headers={**_ALWAYS, "cache-control": _FOR_EVER})
