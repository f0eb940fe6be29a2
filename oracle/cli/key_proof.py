"""The file by which a signing key that cannot be exported is named to a committee."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from oracle.domain.document import Document
from oracle.domain.fields import AddressField

MAX_PROOF_BYTES = 4_096


class KeyProof(Document):
    """A signing key's account and its signature over `Key` (committee, evaluator, key)."""

    key: AddressField
    proof: Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{130}$")]

    @property
    def signature(self) -> bytes:
        """The proof's 65 bytes."""
        return bytes.fromhex(self.proof[2:])
