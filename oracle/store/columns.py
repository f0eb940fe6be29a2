"""Column types: hex in the program, bytes in the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator


def _bytes_of(value: str | None) -> bytes | None:
    return None if value is None else bytes.fromhex(value.removeprefix("0x"))


def all_bytes_of(values: Sequence[str | None]) -> list[bytearray | None]:
    """A column of the one as a column of the other.

    SQLite's driver binds a bytearray in a sixth of the time: for bytes it looks for an adapter first.
    """
    read = bytearray.fromhex
    return [None if value is None else read(value[2:] if value[:2] == "0x" else value) for value in values]


class HexBytes(TypeDecorator[str]):
    """0x and lower-case hex digits in the program; raw bytes in the table: half the size, one form."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002
        """Bytes for the database."""
        return _bytes_of(value)

    def bind_processor(self, dialect: Dialect) -> Callable[[str | None], bytes | None]:  # noqa: ARG002
        """The same, in one step: SQLAlchemy would go through three for every value."""
        return _bytes_of

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Hex for the program."""
        return None if value is None else "0x" + bytes(value).hex()
