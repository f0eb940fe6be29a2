"""Where the gas of one transaction goes, from the node's own trace."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from oracle.chain.rpc import Rpc
from oracle.domain.types import Address, Hash

BASE = 21_000  # every transaction (EIP-2028 for the bytes)
_ZERO_BYTE = 4
_OTHER_BYTE = 16
_CALLS = {"CALL", "STATICCALL", "DELEGATECALL"}
_PRECOMPILES = 16


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Gas by cause; the sum is the gas used before refunds."""

    base: int
    calldata: int
    usdc: int
    signatures: int
    storage: int
    events: int
    rest: int

    def named(self) -> dict[str, int]:
        """By name, in order."""
        return {part.name: getattr(self, part.name) for part in fields(self)}


def breakdown(rpc: Rpc, transaction: Hash, usdc: Address) -> Breakdown:
    """Trace a mined transaction and sort its gas.

    Steps of the escrow are its own code, its annex and calls to itself; what happens inside USDC and inside
    precompiles counts as theirs, the call included.
    """
    trace = rpc.call(
        "debug_traceTransaction",
        [transaction, {"disableMemory": True, "disableStorage": True, "enableReturnData": False}],
    )
    data = bytes.fromhex(rpc.call("eth_getTransactionByHash", [transaction])["input"][2:])
    calldata = sum(_OTHER_BYTE if byte else _ZERO_BYTE for byte in data)
    spent = {"usdc": 0, "signatures": 0, "storage": 0, "events": 0, "rest": 0}
    steps = trace["structLogs"]
    theirs: int | None = None  # depth from which on the steps are another contract's
    for at, step in enumerate(steps):
        depth = step["depth"]
        if theirs is not None:
            if depth >= theirs:
                continue
            theirs = None
        kind = _kind(step, usdc)
        if step["op"] in _CALLS and kind == "rest":
            # Our own code again: its steps follow and count themselves.
            cost = step["gasCost"] - _forwarded(steps, at)
        else:
            cost = _own_cost(steps, at)
            if step["op"] in _CALLS:
                theirs = depth + 1
        spent[kind] += cost
    return Breakdown(base=BASE, calldata=calldata, **spent)


def _kind(step: dict[str, Any], usdc: Address) -> str:
    op = step["op"]
    if op in ("SLOAD", "SSTORE"):
        return "storage"
    if op.startswith("LOG"):
        return "events"
    if op in _CALLS:
        target = int(step["stack"][-2], 16)
        if target == int(usdc, 16):
            return "usdc"
        if 0 < target < _PRECOMPILES:
            return "signatures"
    return "rest"


def _own_cost(steps: list[dict[str, Any]], at: int) -> int:
    """Gas between this step and the next at its depth: a call's with all that it did."""
    step = steps[at]
    for later in steps[at + 1 :]:
        if later["depth"] == step["depth"]:
            return int(step["gas"] - later["gas"])
        if later["depth"] < step["depth"]:
            break
    return int(step["gasCost"])


def _forwarded(steps: list[dict[str, Any]], at: int) -> int:
    """What a call into our own code handed on."""
    following = steps[at + 1] if at + 1 < len(steps) else None
    if following is None or following["depth"] <= steps[at]["depth"]:
        return 0
    return int(following["gas"])
