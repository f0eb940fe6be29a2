"""Where a list goes on: opaque to callers, good for the list and the filters it came from only."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence

import orjson

from oracle.api.problems import ApiError

_LONGEST = 512  # characters

Place = list[int | str]


def make_cursor(name: str, filters: Mapping[str, object], place: Sequence[int | str]) -> str:
    """A cursor after the last row shown."""
    packed = orjson.dumps([_digest(name, filters), list(place)])
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read_cursor(
    cursor: str | None, name: str, filters: Mapping[str, object], kinds: Sequence[type]
) -> Place | None:
    """The place a cursor names; None where there is none.

    Args:
        kinds: The types of the place's parts.

    Raises:
        ApiError: not a cursor of this list with these filters.
    """
    if cursor is None:
        return None
    refused = ApiError(
        400,
        "the cursor is not one of this list with these filters",
        field="cursor",
        next_step="begin again without a cursor",
    )
    if len(cursor) > _LONGEST or not cursor.isascii():
        raise refused
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        digest, place = orjson.loads(packed)
    except (ValueError, TypeError) as error:
        raise refused from error
    if digest != _digest(name, filters) or not isinstance(place, list):
        raise refused
    if [type(part) for part in place] != list(kinds):
        raise refused
    if any(isinstance(part, int) and not -(2**63) <= part < 2**63 for part in place):
        raise refused
    if any(isinstance(part, str) and not _is_hex(part) for part in place):
        raise refused
    return place


def _is_hex(text: str) -> bool:
    return text.startswith("0x") and len(text) in (42, 66) and set(text[2:]) <= set("0123456789abcdef")


def _digest(name: str, filters: Mapping[str, object]) -> str:
    told = orjson.dumps(
        [name, {key: str(value) for key, value in sorted(filters.items()) if value is not None}]
    )
    return hashlib.sha256(told).hexdigest()[:16]
