"""Bytes sealed to public keys, by age (X25519 and ChaCha20-Poly1305; age-encryption.org/v1).

Nothing is compressed: what is opened is always smaller than what was sealed, so size limits on sealed bytes
hold for opened ones too.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pyrage
from pyrage import x25519

from oracle.evidence.errors import EvidenceError, StoreUnreachableError

MAX_RECIPIENTS: Final = 64
_IDENTITY_BYTES: Final = 16_384
_HEADER: Final = 256  # version line, the header's code and the payload's nonce, generously
_STANZA: Final = 256  # a recipient's part of the header, and one that age may add to keep readers honest
_CHUNK, _TAG = 65_536, 16  # bytes of the payload's pieces, and what each adds


class SealError(EvidenceError):
    """Sealed bytes cannot be opened though they should, or cannot be sealed."""


class NotForUsError(StoreUnreachableError):
    """Something is sealed, and none of the keys held here is among those it names."""


class IdentityError(EvidenceError):
    """A file of identities cannot be used."""


@dataclass(frozen=True)
class Identities:
    """Secret keys that open what is sealed to them. Never shown: neither in messages nor in `repr`."""

    keys: tuple[x25519.Identity, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, *texts: str) -> Identities:
        """From age's own form, AGE-SECRET-KEY-1….

        Raises:
            IdentityError: one is none.
        """
        try:
            return cls(tuple(x25519.Identity.from_str(text) for text in texts))
        except pyrage.IdentityError:
            raise IdentityError(
                "a line is no age identity",
                field="identity",
                next_step="make one with `oracle delivery keygen`",
            ) from None  # the cause would quote the secret

    @property
    def recipients(self) -> tuple[str, ...]:
        """The public keys."""
        return tuple(str(key.to_public()) for key in self.keys)

    def open(self, sealed: bytes, *, max_bytes: int) -> bytes:
        """What was sealed to one of these keys.

        Raises:
            SealError: it was changed, or is sealed to other keys, or holds more than `max_bytes`.
        """
        if len(sealed) > sealed_size(max_bytes, MAX_RECIPIENTS):
            raise SealError(f"the sealed content has {len(sealed)} bytes, too many to hold {max_bytes}")
        try:
            data = pyrage.decrypt(sealed, list(self.keys))
        except pyrage.DecryptError as error:
            raise SealError(f"the sealed content cannot be opened: {error}") from error
        if len(data) > max_bytes:
            raise SealError(f"the sealed content holds {len(data)} bytes; at most {max_bytes} are allowed")
        return data


def write_identity(path: Path) -> str:
    """Make a secret key and keep it in a new file that only its owner may read.

    Returns:
        The public key.

    Raises:
        IdentityError: there is such a file already, or it cannot be written.
    """
    identity = x25519.Identity.generate()
    public = str(identity.to_public())
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"# public key: {public}\n{identity}\n")
    except OSError as error:
        raise IdentityError(
            f"cannot write {path}: {error.strerror}", field=str(path), next_step="choose another name"
        ) from error
    return public


def read_identities(path: Path) -> Identities:
    """Read secret keys from a file, one a line; lines that begin with # are left out, as age does.

    Raises:
        IdentityError: it cannot be read, others may read it, or it holds no identity.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(path.stat().st_mode)
            data = file.read(_IDENTITY_BYTES + 1)
    except OSError as error:
        raise IdentityError(f"cannot read {path}: {error.strerror}", field=str(path)) from error
    if mode & 0o077:
        raise IdentityError(
            f"{path} can be read by others (mode {mode:o})", field=str(path), next_step=f"chmod 600 {path}"
        )
    lines = [line.strip() for line in data[:_IDENTITY_BYTES].decode("utf-8", "replace").splitlines()]
    texts = [line for line in lines if line and not line.startswith("#")]
    if len(data) > _IDENTITY_BYTES or not texts:
        raise IdentityError(f"{path} holds no age identity, or is too large", field=str(path))
    return Identities.of(*texts)


def seal(data: bytes, recipients: Sequence[str]) -> bytes:
    """Seal bytes so that each of the recipients (age1…) can open them, and nobody else.

    Raises:
        SealError: no recipient, too many, or one that is no key.
    """
    if not 1 <= len(recipients) <= MAX_RECIPIENTS:
        raise SealError(f"{len(recipients)} recipients; give 1 to {MAX_RECIPIENTS}", field="recipients")
    try:
        keys = [x25519.Recipient.from_str(text) for text in recipients]
    except pyrage.RecipientError as error:
        raise SealError(f"a recipient is no age key: {error}", field="recipients") from error
    return pyrage.encrypt(data, keys)


def sealed_size(size: int, recipients: int) -> int:
    """The most bytes that `size` bytes can have once sealed."""
    return size + _HEADER + _STANZA * (recipients + 1) + _TAG * (size // _CHUNK + 1)
