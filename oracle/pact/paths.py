"""Names of files in documents: relative, plain, and the same file on every machine.

A manifest is written by a party that may be hostile, so a path that could leave its folder, hide
characters, or mean two files on two systems is refused rather than repaired.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Annotated, TypeAlias

from pydantic import AfterValidator

from oracle.domain.errors import EarnestError

MAX_PATH_BYTES = 240  # UTF-8 bytes of a whole path
MAX_SEGMENT_BYTES = 120  # UTF-8 bytes of one name
MAX_SEGMENTS = 12
# Invisible, direction-changing, private and unassigned characters; separators other than a plain space.
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
# Shown as nothing although Unicode counts them as letters or marks.
_BLANK_CHARACTERS = frozenset("\u115f\u1160\u3164\uffa0\u034f\u2800")
_REFUSED_CHARACTERS = frozenset('\\:*?"<>|')


class PathError(EarnestError, ValueError):
    """A path in a document is unsafe or ambiguous. Also a ValueError, so that pydantic names the field."""


def check_path(path: str) -> str:
    """Return `path` if it is a safe relative file path.

    Raises:
        PathError: absolute, "." or ".." or empty parts, backslash or a character some system treats
            specially, control or invisible characters, not NFC, or too long. The message names the path.
    """
    if problem := _problem(path):
        raise PathError(f"path {_shown(path)} {problem}", field=_shown(path))
    return path


def check_path_or_folder(path: str) -> str:
    """Like `check_path`, but a trailing slash is allowed and means every file beneath the folder."""
    check_path(path.removesuffix("/"))
    return path


FilePath: TypeAlias = Annotated[str, AfterValidator(check_path)]
"""One file, relative: `src/app.py`."""

FileOrFolder: TypeAlias = Annotated[str, AfterValidator(check_path_or_folder)]
"""One file, or with a trailing slash all files beneath a folder: `src/`."""


def folded(path: str) -> str:
    """The form under which two paths count as the same file on some system."""
    return unicodedata.normalize("NFKC", path).casefold()


def check_distinct(paths: Iterable[str]) -> None:
    """Refuse two paths that are one file on some system, and a file that is also a folder.

    Raises:
        PathError: naming the path.
    """
    seen: dict[str, str] = {}
    for path in paths:
        key = folded(path)
        if key in seen:
            raise PathError(
                f"path {_shown(path)} is given twice (also as {_shown(seen[key])})", field=_shown(path)
            )
        seen[key] = path
    for key, path in seen.items():
        parts = key.split("/")
        for length in range(1, len(parts)):
            if (parent := "/".join(parts[:length])) in seen:
                raise PathError(
                    f"path {_shown(path)} lies beneath {_shown(seen[parent])}, which is a file",
                    field=_shown(path),
                )


def covers(entry: str, path: str) -> bool:
    """Whether a file-or-folder entry means `path`."""
    return path.startswith(entry) if entry.endswith("/") else path == entry


def _problem(path: str) -> str | None:
    if not path:
        return "is empty"
    if len(path.encode("utf-8", "surrogatepass")) > MAX_PATH_BYTES:
        return f"is longer than {MAX_PATH_BYTES} bytes"
    for character in path:
        if character in _REFUSED_CHARACTERS:
            return f"holds {character!r}, which some systems treat specially"
        if character != " " and (
            unicodedata.category(character) in _HIDDEN_CATEGORIES or character in _BLANK_CHARACTERS
        ):
            return f"holds the invisible or control character U+{ord(character):04X}"
    if unicodedata.normalize("NFC", path) != path:
        return "is not in Unicode form NFC"
    if path.startswith("/"):
        return "is absolute; paths are relative to the delivery"
    parts = path.split("/")
    if len(parts) > MAX_SEGMENTS:
        return f"has more than {MAX_SEGMENTS} parts"
    return next(filter(None, map(_part_problem, parts)), None)


def _part_problem(part: str) -> str | None:
    if part == "":
        return "has an empty part"
    if part in {".", ".."}:
        return f"has the part {part!r}, which points elsewhere"
    if len(part.encode("utf-8")) > MAX_SEGMENT_BYTES:
        return f"has a part longer than {MAX_SEGMENT_BYTES} bytes"
    if part != part.strip(" ") or part.endswith("."):
        return "has a part that begins or ends with a space, or ends with a dot"
    return None


def _shown(path: str) -> str:
    """The path so that nothing in it can hide or move the cursor, cut to a readable length."""
    return ascii(path if len(path) <= 120 else path[:120] + "…")
