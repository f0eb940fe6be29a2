"""One small interface for every kind of key. A key is never in a log, an error, a table or an argument."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Protocol

from coincurve import PrivateKey
from eth_account import Account

from oracle.domain.canonical import keccak_hex
from oracle.domain.errors import EarnestError
from oracle.domain.keccak import keccak
from oracle.domain.signatures import SignatureError, address_of, recover
from oracle.domain.types import Address

MAX_KEYSTORE = 65_536  # bytes
MAX_PASSWORD = 4_096  # bytes


class SigningError(EarnestError):
    """A key cannot be loaded or used. Never shows a secret."""


class Signer(Protocol):
    """A key, wherever it lies.

    It is given the message and not its hash: remote signers hash what they sign. Two signatures of one
    message may differ.
    """

    @property
    def address(self) -> Address:
        """The account of the key."""
        ...

    def sign(self, message: bytes) -> bytes:
        """A signature of keccak-256 of `message`, checked to be by `address`.

        Args:
            message: An EIP-712 message (`typed.message`) or an unsigned transaction.

        Returns:
            65 bytes: r, s in the lower half of the order, v as 27 or 28.

        Raises:
            SigningError: the key cannot be used now, or a remote signer answered with something else.
        """
        ...

    def close(self) -> None:
        """Let go of connections; the signer is not used again."""
        ...


class LocalSigner:
    """A key in this process's memory."""

    __slots__ = ("_key", "address")

    def __init__(self, key: bytes) -> None:
        self.address = address_of(key)
        self._key = PrivateKey(key)  # made once: it takes longer than a signature

    def __repr__(self) -> str:
        return f"LocalSigner({self.address})"

    def __reduce__(self) -> str:
        raise SigningError("a signer is not copied or written down")

    def sign(self, message: bytes) -> bytes:
        """See `Signer`."""
        signature = self._key.sign_recoverable(keccak(message), hasher=None)
        return signature[:64] + bytes([27 + signature[64]])

    def close(self) -> None:
        """Nothing is open."""


def checked(address: Address, message: bytes, signature: bytes, *, by: str) -> bytes:
    """The signature, where `address` made it over `message`.

    Args:
        by: Who answered with it, for the error.

    Raises:
        SigningError: it is malformed, or of another key or message.
    """
    try:
        signer = recover(keccak_hex(message), signature)
    except SignatureError as error:
        raise SigningError(f"{by} answered with an unusable signature: {error.message}") from error
    if signer != address:
        raise SigningError(
            f"{by} answered with a signature that is not by {address} over what it was given",
            next_step="check which key and which hash it signs with; nothing of it was used",
        )
    return signature


def load_keystore(path: Path, password_file: Path) -> LocalSigner:
    """Open an encrypted keystore (Web3 Secret Storage, version 3).

    Args:
        path: The keystore, as geth, foundry and Ape write it.
        password_file: A file that only its owner may read; its first line is the password.

    Raises:
        SigningError: a file is missing, too large or not a keystore, the password file is open to others,
            or the password is wrong.
    """
    password = _read(password_file, MAX_PASSWORD, "password_file", private=True).split(b"\n")[0].strip(b"\r")
    data = _read(path, MAX_KEYSTORE, "keystore", private=False)
    try:
        document = json.loads(data)
        if not isinstance(document, dict):
            raise SigningError(f"{path} is not a keystore", field="keystore")
        key = Account.decrypt(document, password.decode())
    except (ValueError, KeyError, TypeError):
        # From None: the library's message may quote what it read.
        raise SigningError(
            f"cannot open the keystore {path}: it is malformed, or the password is wrong",
            field="keystore",
            next_step=f"check {password_file}, or make the keystore anew",
        ) from None
    return LocalSigner(bytes(key))


def _read(path: Path, limit: int, field: str, *, private: bool) -> bytes:
    try:
        with path.open("rb") as file:
            if private and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise SigningError(
                    f"{path} may be read by others than its owner",
                    field=field,
                    next_step=f"run: chmod 600 {path}",
                )
            data = file.read(limit + 1)
    except OSError as error:
        raise SigningError(f"cannot read {path}: {error.strerror}", field=field) from error
    if len(data) > limit:
        raise SigningError(f"{path} is larger than {limit} bytes", field=field)
    return data
