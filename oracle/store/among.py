"""One of many values, in a statement that is the same however many they are.

PostgreSQL plans a statement anew where its text is new, and `IN` has one place for each value: as an array
they have one, and the plan is made once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, TypeVar

from sqlalchemy import ARRAY, ColumnElement, Dialect, any_, literal
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.types import TypeEngine, UserDefinedType

from oracle.store.columns import HexBytes, all_bytes_of

_Value = TypeVar("_Value")


class _Hashes(UserDefinedType[Collection[str]]):
    """An array of what is hex in the program, as PostgreSQL writes it.

    The driver puts one together value by value, which takes longer than all else that such a question takes.
    """

    cache_ok = True
    render_bind_cast = True

    def get_col_spec(self, **_options: Any) -> str:
        """See SQLAlchemy."""
        return "BYTEA[]"

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str]:  # noqa: ARG002
        """See SQLAlchemy."""

        def written(values: Collection[str | None]) -> str:
            found = (value for value in all_bytes_of(list(values)) if value is not None)
            return "{" + ",".join([f'"\\\\x{value.hex()}"' for value in found]) + "}"

        return written


def among(
    session: Session, column: InstrumentedAttribute[Any], values: Collection[_Value]
) -> ColumnElement[bool]:
    """Whether a column holds one of these values."""
    if session.get_bind().dialect.name == "postgresql":
        return column == any_(literal(list(values), _array_of(column.type)))
    return column.in_(values)


def _array_of(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    return _HASHES if isinstance(kind, HexBytes) else ARRAY(kind)


_HASHES = _Hashes()
