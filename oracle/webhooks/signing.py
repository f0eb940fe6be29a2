"""Signatures of deliveries by Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`.

Two of them, side by side. `v1` is HMAC-SHA256 with a secret of the subscriber's own. `v1a` is ed25519 with
one key for all, so that a delivery can be handed on to somebody who has no secret. Both sign
`ID.TIMESTAMP.BODY`. Both keys are derived from the key that signs answers: so none is kept in a table, and
no message of one kind is a message of another.
"""

from __future__ import annotations

import base64
import hmac

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from oracle.api.signing import ResponseKey, webhook_key, webhook_signer

TOLERANCE = 300  # seconds a timestamp may be off, for whoever checks
_SECRET = b"earnest/webhook-secret/1\n"


class WebhookKeys:
    """What deliveries are signed with.

    Args:
        key: The key that signs answers; it signs no delivery itself.
    """

    def __init__(self, key: ResponseKey) -> None:
        self._root = key
        self._signer = webhook_signer(key)
        self.public = webhook_key(key)

    def secret(self, webhook: str) -> str:
        """The secret of one subscription, as Standard Webhooks writes it."""
        return "whsec_" + base64.b64encode(self._secret(webhook)).decode()

    def headers(self, webhook: str, message: str, timestamp: int, body: bytes) -> dict[str, str]:
        """The three headers of a delivery.

        Args:
            webhook: The subscription.
            message: The delivery's id, the same at every try.
            timestamp: Unix seconds of this try.
        """
        signed = signed_bytes(message, timestamp, body)
        shared = hmac.digest(self._secret(webhook), signed, "sha256")
        signatures = (("v1", shared), ("v1a", self._signer.sign(signed)))
        return {
            "webhook-id": message,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join(
                f"{version},{base64.b64encode(signature).decode()}" for version, signature in signatures
            ),
        }

    def _secret(self, webhook: str) -> bytes:
        return self._root.derived(_SECRET + webhook.encode())


def signed_bytes(message: str, timestamp: int, body: bytes) -> bytes:
    """What both signatures are over."""
    return f"{message}.{timestamp}.".encode() + body


def is_genuine(key: str, headers: dict[str, str], body: bytes, *, now: float) -> bool:
    """Whether a delivery is what it says, for a receiver.

    Args:
        key: `whsec_…`, or `whpk_…` of /v1/key.
        headers: Of the request, names in lower case.
        now: Unix seconds: a delivery older or newer than `TOLERANCE` was perhaps sent before.
    """
    try:
        message, stamp = headers["webhook-id"], headers["webhook-timestamp"]
        timestamp = int(stamp)
        given = [one.partition(",") for one in headers["webhook-signature"].split()]
        secret = base64.b64decode(key.partition("_")[2], validate=True)
        signatures = [
            (version, base64.b64decode(signature, validate=True)) for version, _, signature in given
        ]
    except (KeyError, ValueError):
        return False
    if abs(now - timestamp) > TOLERANCE:
        return False
    signed = signed_bytes(message, timestamp, body)
    if key.startswith("whsec_"):
        right = hmac.digest(secret, signed, "sha256")
        return any(version == "v1" and hmac.compare_digest(right, found) for version, found in signatures)
    return any(version == "v1a" and _verifies(secret, found, signed) for version, found in signatures)


def _verifies(key: bytes, signature: bytes, signed: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True
