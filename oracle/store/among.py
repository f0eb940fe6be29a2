"""One of many values, in a statement that is the same however many they are.

PostgreSQL plans a statement anew where its text is new, and `IN` has one place for each value: as an array
they have one, and the plan is made once.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypeVar

from sqlalchemy import ARRAY, ColumnElement, any_, literal
from sqlalchemy.orm import InstrumentedAttribute, Session

_Value = TypeVar("_Value")


def among(
    session: Session, column: InstrumentedAttribute[Any], values: Collection[_Value]
) -> ColumnElement[bool]:
    """Whether a column holds one of these values."""
    if session.get_bind().dialect.name == "postgresql":
        return column == any_(literal(list(values), ARRAY(column.type)))
    return column.in_(values)
