"""Plain-key signatures over digests: low-s, deterministic (RFC 6979), in 65-byte and EIP-2098 form.

A private key is 32 raw bytes and never appears in an error.
"""

from __future__ import annotations

from coincurve import PrivateKey, PublicKey

from oracle.domain.errors import EarnestError
from oracle.domain.keccak import keccak
from oracle.domain.types import Address, Hash

CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141  # SEC 2, secp256k1
HALF_ORDER = CURVE_ORDER // 2
_LOW_BITS = (1 << 255) - 1


class SignatureError(EarnestError):
    """A signature has the wrong length, a high s, a wrong v, or recovers to no key."""


class PrivateKeyError(EarnestError):
    """Bytes are not a private key. Never shows them."""


def sign_digest(private_key: bytes, digest: Hash) -> bytes:
    """Sign a 32-byte digest.

    Returns:
        65 bytes: r, s (in the lower half of the order) and v as 27 or 28.

    Raises:
        PrivateKeyError: not 32 bytes, zero, or not below the curve's order.
    """
    signature = _key(private_key).sign_recoverable(bytes.fromhex(digest[2:]), hasher=None)
    return signature[:64] + bytes([27 + signature[64]])


def address_of(private_key: bytes) -> Address:
    """The account of a private key.

    Raises:
        PrivateKeyError: not 32 bytes, zero, or not below the curve's order.
    """
    return _address(_key(private_key).public_key)


def compact(signature: bytes) -> tuple[Hash, Hash]:
    """(r, vs) of a 65-byte signature, as EIP-2098 packs it.

    Raises:
        SignatureError: not 65 bytes, a high s, or v not 27 or 28.
    """
    r, s, parity = _split(signature)
    vs = parity << 255 | s
    return "0x" + r.hex(), "0x" + vs.to_bytes(32, "big").hex()


def recover(digest: Hash, signature: bytes) -> Address:
    """Who signed a digest; the same signatures are refused that the contract refuses.

    Args:
        digest: 32 bytes as hex.
        signature: 65 bytes (r, s, v) or 64 (EIP-2098).

    Raises:
        SignatureError: wrong length, high s, wrong v, or no key recovers.
    """
    r, s, parity = _split(signature)
    try:
        key = PublicKey.from_signature_and_message(
            r + s.to_bytes(32, "big") + bytes([parity]), bytes.fromhex(digest[2:]), hasher=None
        )
    except Exception as error:  # coincurve raises ValueError or plain Exception by kind of malformation
        raise SignatureError("the signature recovers to no key: r or s is not on the curve") from error
    return _address(key)


def _split(signature: bytes) -> tuple[bytes, int, int]:
    if len(signature) == 64:
        vs = int.from_bytes(signature[32:], "big")
        s, parity = vs & _LOW_BITS, vs >> 255
    elif len(signature) == 65:
        s = int.from_bytes(signature[32:64], "big")
        if signature[64] not in (27, 28):
            raise SignatureError(f"v is {signature[64]}; it must be 27 or 28", field="v")
        parity = signature[64] - 27
    else:
        raise SignatureError(f"the signature has {len(signature)} bytes; it must have 65, or 64 (EIP-2098)")
    if s > HALF_ORDER:
        raise SignatureError(
            "s is in the upper half of the curve's order",
            field="s",
            next_step="sign again with low s (EIP-2)",
        )
    return signature[:32], s, parity


def _key(private_key: bytes) -> PrivateKey:
    try:
        return PrivateKey(private_key if len(private_key) == 32 else b"")
    except ValueError:
        # From None: the library's own message may hold the bytes.
        raise PrivateKeyError(
            "the private key is not 32 bytes of a number between 1 and the curve's order"
        ) from None


def _address(key: PublicKey) -> Address:
    return "0x" + keccak(key.format(compressed=False)[1:])[12:].hex()
