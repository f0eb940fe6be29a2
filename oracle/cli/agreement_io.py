"""Reading and writing agreement files."""

from __future__ import annotations

import json
from pathlib import Path

from oracle.cli.output import read_bytes, write_new
from oracle.domain.agreement_file import AgreementFile
from oracle.domain.canonical import MAX_DOCUMENT_BYTES
from oracle.domain.errors import EarnestError


class AgreementError(EarnestError):
    """An agreement cannot be made, signed or submitted as asked."""


def load_agreement(path: Path) -> AgreementFile:
    """Read an agreement file.

    Raises:
        FileError, JsonError, DocumentError: it cannot be read, or is no agreement; wrong fields are named.
    """
    return AgreementFile.parse(read_bytes(path, max_bytes=MAX_DOCUMENT_BYTES), what=str(path))


def save_agreement(path: Path, file: AgreementFile, *, force: bool) -> None:
    """Write an agreement file; an existing one only with `force`.

    Raises:
        FileError: it exists, or cannot be written.
    """
    text = json.dumps(file.as_json(), indent=2) + "\n"
    write_new(path, text.encode("utf-8"), force=force)
