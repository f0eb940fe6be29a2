"""Reading documents that the user names on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import rich_click as click

from oracle.cli.output import read_bytes
from oracle.domain.canonical import MAX_DOCUMENT_BYTES
from oracle.domain.document import Document

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)

_Document = TypeVar("_Document", bound=Document)


def load_document(kind: type[_Document], path: Path, *, expect: str | None = None) -> _Document:
    """Read a document from a file; with `expect`, only the one with that hash.

    Raises:
        FileError: the file cannot be read, or is larger than 1 MiB.
        JsonError: it is not strict JSON.
        DocumentError: it is not such a document; every wrong field is named.
        HashMismatchError: it has another hash than `expect`.
    """
    data = read_bytes(path, max_bytes=MAX_DOCUMENT_BYTES)
    if expect is None:
        return kind.parse(data, what=str(path))
    return kind.parse_named(data, expect.lower(), what=str(path))
