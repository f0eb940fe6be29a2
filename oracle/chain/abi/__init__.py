"""The ABIs the package carries, and what encoding and decoding need of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from oracle.domain.keccak import keccak


@dataclass(frozen=True, slots=True)
class Function:
    """One function of a contract."""

    name: str
    selector: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def encode(self, *values: Any) -> bytes:
        """Calldata: selector and arguments."""
        return self.selector + encode(self.inputs, values)

    def arguments(self, data: bytes) -> tuple[Any, ...]:
        """What a call's data hands over.

        Raises:
            ValueError: it calls another function, or does not decode.
        """
        if data[:4] != self.selector:
            raise ValueError(f"0x{data[:4].hex()} is not the selector of {self.name}")
        return _strict_decode(self.inputs, data[4:])

    def decode(self, data: bytes) -> tuple[Any, ...]:
        """What a call returned.

        Raises:
            ValueError: the data is not what this function returns.
        """
        return _strict_decode(self.outputs, data)


@dataclass(frozen=True, slots=True)
class CustomError:
    """One custom error of a contract."""

    name: str
    selector: bytes
    fields: tuple[str, ...]
    inputs: tuple[str, ...]

    def decode(self, data: bytes) -> dict[str, Any]:
        """The error's arguments by name, from revert data with its selector.

        Raises:
            ValueError: the data does not fit this error.
        """
        return dict(zip(self.fields, _strict_decode(self.inputs, data[4:]), strict=True))


@dataclass(frozen=True, slots=True)
class Parameter:
    """One field of an event or struct, with the fields inside it where it is a struct."""

    name: str
    type: str
    indexed: bool
    components: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a contract; `topic` is 0x-hex of its signature's hash."""

    name: str
    topic: str
    fields: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class Abi:
    """A contract's functions and events by name, and its errors by selector."""

    functions: dict[str, Function]
    events: dict[str, Event]
    errors: dict[bytes, CustomError]


@lru_cache(maxsize=8)
def load_abi(name: str) -> Abi:
    """The packaged ABI of "Escrow" or "USDC"."""
    text = resources.files(__name__).joinpath(f"{name}.json").read_text(encoding="utf-8")
    return parse_abi(json.loads(text))


def parse_abi(entries: Sequence[dict[str, Any]]) -> Abi:
    """Functions, events and errors of an ABI's JSON. Overloads keep the first."""
    functions: dict[str, Function] = {}
    events: dict[str, Event] = {}
    errors: dict[bytes, CustomError] = {}
    for entry in entries:
        kind = entry["type"]
        if kind not in ("function", "event", "error"):
            continue
        name, inputs = entry["name"], entry["inputs"]
        types = tuple(_type(field) for field in inputs)
        digest = keccak(f"{name}({','.join(types)})".encode("ascii"))
        if kind == "function":
            outputs = tuple(_type(field) for field in entry["outputs"])
            functions.setdefault(name, Function(name, digest[:4], types, outputs))
        elif kind == "event":
            events[name] = Event(name, "0x" + digest.hex(), tuple(_parameter(field) for field in inputs))
        else:
            errors[digest[:4]] = CustomError(name, digest[:4], tuple(f["name"] for f in inputs), types)
    return Abi(functions, events, errors)


def _strict_decode(types: tuple[str, ...], data: bytes) -> tuple[Any, ...]:
    try:
        return decode(types, data)
    except (DecodingError, OverflowError) as error:
        raise ValueError(f"{len(data)} bytes do not decode as ({','.join(types)})") from error


def _type(field: dict[str, Any]) -> str:
    """The canonical type: tuples spelled out."""
    kind: str = field["type"]
    if not kind.startswith("tuple"):
        return kind
    inside = ",".join(_type(part) for part in field["components"])
    return f"({inside}){kind.removeprefix('tuple')}"


def _parameter(field: dict[str, Any]) -> Parameter:
    components = tuple(_parameter(part) for part in field.get("components", ()))
    return Parameter(field["name"], _type(field), field.get("indexed", False), components)
