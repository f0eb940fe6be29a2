"""Documents by their hash, byte for byte: what `oracle verify` reads from a place."""

from __future__ import annotations

from oracle.api.documents import public_document
from oracle.api.problems import ApiError
from oracle.api.source import Source
from oracle.domain.types import parse_hash

KINDS = ("pact", "methodology", "evaluation record")


def public_bytes(source: Source, name: str) -> bytes:
    """A document that everybody may read.

    Raises:
        EarnestError: the name is no hash, or no public document with it is kept here.
    """
    content = parse_hash(name, field="the document's hash")
    data = source.read_document(content)
    if data is None or all(public_document(kind, content, data) is None for kind in KINDS):
        raise ApiError(404, "no public document with this hash is kept here", field="hash")
    return data
