"""Documents that may be shown to everybody. Whatever is kept under a hash is shown only as what it is."""

from __future__ import annotations

from typing import Any, cast

from oracle.domain.errors import EarnestError
from oracle.domain.types import Hash
from oracle.evaluation.record import parse_record
from oracle.pact.document import Pact
from oracle.pact.methodology import Methodology


def public_document(kind: str, content: Hash, data: bytes | None) -> dict[str, Any] | None:
    """A document of this kind as JSON values; None where it is none, or is not for everybody.

    Deliveries lie in the same store under their hashes: they are neither of these documents. A record of a
    private delivery is one, but quotes it.

    Args:
        kind: "pact", "methodology" or "evaluation record".
        data: What is kept under the hash; None where nothing is.
    """
    if data is None:
        return None
    try:
        match kind:
            case "pact":
                return cast("dict[str, Any]", Pact.parse_named(data, content).as_json())
            case "methodology":
                return cast("dict[str, Any]", Methodology.parse_named(data, content).as_json())
            case _:
                record = parse_record(data)
    except EarnestError:
        return None
    return None if record.intake.sealed_to else cast("dict[str, Any]", record.as_json())
