"""The key that signs answers: its own, ed25519, and never a key that attests or pays.

Whoever asks chooses part of what is signed. So this key signs nothing else, and every message begins with a
line that no other protocol of ours begins with.
"""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from oracle.domain.errors import EarnestError

DOMAIN = b"earnest/api/1\n"
SIGNATURE_HEADER = "earnest-signature"
KEY_HEADER = "earnest-key"


class ResponseKeyError(EarnestError):
    """The file of the response key cannot be read or made, or holds no key."""


def message_of(target: str, body: bytes) -> bytes:
    """What is signed: the domain, the request's path with its query, and the SHA-256 of the body."""
    return DOMAIN + target.encode("utf-8", "surrogateescape") + b"\n" + hashlib.sha256(body).digest()


class ResponseKey:
    """An ed25519 key.

    Args:
        seed: 32 secret bytes.
    """

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        raw = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.public = base64.b64encode(raw).decode()

    @classmethod
    def from_file(cls, path: Path) -> ResponseKey:
        """The key kept in a file; a new one, for its owner alone, where there is no file.

        Raises:
            ResponseKeyError: the file cannot be read or made, is not 32 bytes, or is open to others.
        """
        try:
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "wb") as file:
                    file.write(os.urandom(32))
            mode = path.stat().st_mode
            with path.open("rb") as file:
                seed = file.read(33)
        except OSError as error:
            raise ResponseKeyError(
                f"cannot read or make the response key {path}: {error.strerror}", field="api.key"
            ) from error
        if mode & 0o077:
            raise ResponseKeyError(
                f"the response key {path} can be read by others", field="api.key", next_step="chmod 600"
            )
        if len(seed) != 32:
            raise ResponseKeyError(
                f"the response key {path} is not 32 bytes", field="api.key", next_step="move it away"
            )
        return cls(seed)

    def derived(self, purpose: bytes) -> bytes:
        """32 secret bytes for another purpose: HKDF (RFC 5869) with SHA-256, the purpose as its info.

        Nothing this key signs tells anything about them, and they tell nothing about this key.
        """
        return HKDF(hashes.SHA256(), 32, None, purpose).derive(self._key.private_bytes_raw())

    def sign(self, target: str, body: bytes) -> str:
        """The signature of an answer, base64."""
        return base64.b64encode(self._key.sign(message_of(target, body))).decode()


def webhook_signer(key: ResponseKey) -> Ed25519PrivateKey:
    """The key that signs deliveries to webhooks and nothing else, derived from this one."""
    return Ed25519PrivateKey.from_private_bytes(key.derived(b"earnest/webhook-key/1\n"))


def webhook_key(key: ResponseKey) -> str:
    """Its public half, as Standard Webhooks writes it."""
    raw = webhook_signer(key).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return "whpk_" + base64.b64encode(raw).decode()


def is_signed(public: str, signature: str, target: str, body: bytes) -> bool:
    """Whether an answer handed on is what this key signed for this request."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public, validate=True))
        key.verify(base64.b64decode(signature, validate=True), message_of(target, body))
    except (InvalidSignature, ValueError):
        return False
    return True
