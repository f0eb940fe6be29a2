"""Custom errors of the escrow and of the tab contract, as sentences a person can act on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from oracle.chain.abi import CustomError, load_abi
from oracle.chain.errors import RevertedError
from oracle.chain.explanations import explain
from oracle.chain.tab_explanations import explain_tab

ERROR_STRING = bytes.fromhex("08c379a0")  # Error(string): require with a text; USDC uses it
PANIC = bytes.fromhex("4e487b71")  # Panic(uint256)
_MAX_DATA = 4096  # bytes of revert data that are looked at
_REVERT_CODE = 3  # geth: execution reverted, with data

_USDC_HINTS = {
    "authorization is used or canceled": "this signature was used before, or its nonce canceled",
    "authorization is expired": "sign again with a later limit",
    "authorization is not yet valid": "the authorization must be valid from time 0",
    "invalid signature": "the signature is not the payer's over exactly this payment; sign again",
    "transfer amount exceeds balance": "the payer's wallet holds too little USDC",
    "transfer amount exceeds allowance": "approve the escrow for the amount first",
    "account is blacklisted": "USDC refuses this account; use another",
    "paused": "USDC is paused; wait until it is not",
}


def revert_data(error: Mapping[str, Any]) -> bytes | None:
    """The revert data in a JSON-RPC error; None if it is no revert.

    geth, reth and anvil put it in `data` as hex, with code 3; Hardhat and some providers in `data.data`.
    A revert without data is b"".
    """
    message = str(error.get("message", "")).lower()
    data = error.get("data")
    if isinstance(data, Mapping):
        data = data.get("data")
    if isinstance(data, str) and data.startswith("0x"):
        try:
            return bytes.fromhex(data[2 : 2 + 2 * _MAX_DATA])
        except ValueError:
            return b""
    is_revert = error.get("code") == _REVERT_CODE or "execution reverted" in message
    return b"" if is_revert else None


def reverted(data: bytes) -> RevertedError:
    """The error for revert data: a custom error of ours, USDC's text, or what little there is."""
    of_escrow = load_abi("Escrow").errors.get(data[:4])
    known = of_escrow or load_abi("Tabs").errors.get(data[:4])
    if known is not None:
        try:
            values = known.decode(data)
        except ValueError:
            return RevertedError(
                f"the contract refused: malformed {known.name}", name=None, args_by_name={}, data=data
            )
        explained = explain if known is of_escrow else explain_tab
        message, next_step = explained(known.name, values)
        return RevertedError(
            f"{message} ({known.name})",
            name=known.name,
            args_by_name=_plain(known, values),
            data=data,
            next_step=next_step,
        )
    if data[:4] == ERROR_STRING:
        return _from_text(data)
    if data[:4] == PANIC and len(data) == 36:
        return RevertedError(
            f"the contract panicked with code 0x{data[-1]:02x}", name=None, args_by_name={}, data=data
        )
    shown = f"unknown error 0x{data[:4].hex()}" if data else "without saying why"
    return RevertedError(f"the contract refused, {shown}", name=None, args_by_name={}, data=data)


def _from_text(data: bytes) -> RevertedError:
    try:
        (text,) = decode(["string"], data[4:])
    except (DecodingError, OverflowError, UnicodeDecodeError):
        text = "a malformed text"
    shown = " ".join(str(text).split())[:200]
    hint = next((hint for part, hint in _USDC_HINTS.items() if part in shown.lower()), None)
    return RevertedError(
        f"the token or contract refused: {shown}", name=None, args_by_name={}, data=data, next_step=hint
    )


def _plain(error: CustomError, values: dict[str, Any]) -> dict[str, Any]:
    """Bytes as hex, addresses in lower case."""
    plain = {
        name: "0x" + value.hex() if isinstance(value, bytes) else value for name, value in values.items()
    }
    for name, kind in zip(error.fields, error.inputs, strict=True):
        if kind == "address":
            plain[name] = plain[name].lower()
    return plain
