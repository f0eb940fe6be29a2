"""A private delivery: every blob sealed, and an envelope whose hash is what `deliver` anchors.

Public are the envelope (to whom it is sealed, and the index's sealed hash) and, in the store, sealed blobs by
the hash of their sealed bytes. The index, sealed too, says which sealed blob holds which content. So nobody
without a key learns even the hash of a delivered file, by which a guess could be tested.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Protocol

from pydantic import Field, StringConstraints

from oracle.domain.canonical import HashHex, keccak_hex
from oracle.domain.document import Document, Part
from oracle.domain.errors import EarnestError
from oracle.evidence.errors import WrongContentError
from oracle.evidence.sealing import (
    MAX_RECIPIENTS,
    Identities,
    NotForUsError,
    SealError,
    seal,
    sealed_size,
)

ENVELOPE_SCHEMA: Literal["earnest/sealed/1"] = "earnest/sealed/1"
MAX_ENVELOPE_BYTES: Final = 65_536
MAX_INDEX_BYTES: Final = 1_048_576
MAX_BLOBS: Final = 1_001  # a manifest and the files it may name

Recipient = Annotated[str, StringConstraints(pattern=r"^age1[02-9ac-hj-np-z]{58}$")]


class Source(Protocol):
    """Where sealed bytes come from."""

    def get(self, content_hash: str, *, max_bytes: int, seconds: float = ...) -> bytes:
        """The bytes with this hash; raises an EvidenceError."""
        ...


class Sink(Protocol):
    """Where sealed bytes go."""

    def put(self, data: bytes) -> str:
        """Keep bytes; returns their hash."""
        ...


class Envelope(Document):
    """What is anchored for a private delivery."""

    schema_: Literal["earnest/sealed/1"] = Field(alias="schema")
    recipients: Annotated[tuple[Recipient, ...], Field(min_length=1, max_length=MAX_RECIPIENTS)]
    index: HashHex


class SealedBlob(Part):
    """Which sealed bytes hold which content."""

    content: HashHex
    sealed: HashHex


class Index(Document):
    """The inside of an envelope: the manifest's content hash, and every blob, the manifest's among them."""

    schema_: Literal["earnest/sealed-index/1"] = Field(alias="schema", default="earnest/sealed-index/1")
    manifest: HashHex
    blobs: Annotated[tuple[SealedBlob, ...], Field(min_length=1, max_length=MAX_BLOBS)]


class OpenedDelivery:
    """The contents of an envelope, by the hash of what is inside; anything else comes from the store."""

    def __init__(self, index: Index, store: Source, identities: Identities) -> None:
        self.manifest = index.manifest
        self._sealed = {blob.content: blob.sealed for blob in index.blobs}
        self._store, self._identities = store, identities

    def get(self, content_hash: str, *, max_bytes: int, seconds: float = 30.0) -> bytes:
        """The content with this hash.

        Raises:
            SealError: it cannot be opened though it should.
            WrongContentError: the sealed bytes hold something else.
            EvidenceError: as the store's `get`.
        """
        sealed = self._sealed.get(content_hash)
        if sealed is None:
            return self._store.get(content_hash, max_bytes=max_bytes, seconds=seconds)
        most = sealed_size(max_bytes, MAX_RECIPIENTS)
        held = self._store.get(sealed, max_bytes=most, seconds=seconds)
        data = self._identities.open(held, max_bytes=max_bytes)
        if keccak_hex(data) != content_hash:
            raise WrongContentError(
                f"the envelope names {content_hash}, and its sealed bytes hold something else",
                field=content_hash,
            )
        return data


def seal_delivery(
    manifest: bytes, blobs: Mapping[str, bytes], recipients: tuple[str, ...], store: Sink
) -> tuple[str, bytes]:
    """Seal a packed delivery into a store.

    Args:
        manifest: Its canonical bytes.
        blobs: Files by the hash of their content.
        recipients: Keys of the agreement's off-chain terms.
        store: Gets sealed bytes only.

    Returns:
        The hash to anchor and the envelope's bytes.

    Raises:
        SealError: a recipient is no key. EvidenceError: the store cannot be written.
    """
    contents = {**blobs, keccak_hex(manifest): manifest}
    entries = tuple(
        SealedBlob(content=digest, sealed=store.put(seal(data, recipients)))
        for digest, data in sorted(contents.items())
    )
    index = Index(manifest=keccak_hex(manifest), blobs=entries).canonical()
    envelope = Envelope(
        schema_=ENVELOPE_SCHEMA,
        recipients=tuple(sorted(recipients)),
        index=store.put(seal(index, recipients)),
    )
    return store.put(envelope.canonical()), envelope.canonical()


def read_envelope(data: bytes) -> Envelope | None:
    """The envelope these bytes are, or None where they are something else, such as a plain manifest."""
    if len(data) > MAX_ENVELOPE_BYTES:
        return None
    try:
        envelope = Envelope.parse(data, max_bytes=MAX_ENVELOPE_BYTES)
    except EarnestError:
        return None
    return envelope if envelope.canonical() == data else None


def open_delivery(
    envelope: Envelope, store: Source, identities: Identities, *, seconds: float
) -> OpenedDelivery:
    """Open an envelope.

    Raises:
        NotForUsError: none of the keys is among those it names; nothing is known about the delivery then.
        SealError: one is, and yet it cannot be opened or holds no index: the sender's fault.
        EvidenceError: as the store's `get`.
    """
    if not set(identities.recipients) & set(envelope.recipients):
        raise NotForUsError(
            "the delivery is sealed to keys that are not held here",
            field="identity",
            next_step="give the identity of a party, an evaluator or the arbiter of this job",
        )
    most = sealed_size(MAX_INDEX_BYTES, MAX_RECIPIENTS)
    held = store.get(envelope.index, max_bytes=most, seconds=seconds)
    data = identities.open(held, max_bytes=MAX_INDEX_BYTES)
    try:
        index = Index.parse(data, what="the envelope's index", max_bytes=MAX_INDEX_BYTES)
    except EarnestError as error:
        raise SealError(f"the envelope holds no index: {error.message[:300]}") from error
    if len({blob.content for blob in index.blobs}) != len(index.blobs):
        raise SealError("the envelope's index names a content twice")
    return OpenedDelivery(index, store, identities)
