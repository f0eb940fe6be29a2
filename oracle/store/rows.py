"""Many rows at once, past the unit of work: it costs ten times what the database does."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias, cast

from sqlalchemy import Dialect, Table, insert
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from oracle.store.columns import HexBytes, all_bytes_of
from oracle.store.tables import Base

_MOST_ROWS = 512  # in one statement: enough for speed, and short enough to write
_FEW_ROWS = 8  # up to which any number is a statement of its own
_MOST_VALUES = 32_766 if sqlite3.sqlite_version_info >= (3, 32) else 999  # SQLite's limit for a statement

Row: TypeAlias = dict[str, Any]
"""Values by column."""

_Bind: TypeAlias = Callable[[Sequence[Any]], Sequence[Any]]


def table_of(mapped: type[Base]) -> Table:
    """The table of a mapped class."""
    return cast("Table", mapped.__table__)


def insert_rows(session: Session, mapped: type[Base], rows: Sequence[Row]) -> None:
    """Insert rows in one statement; all name the same columns."""
    if rows:
        insert_tuples(session, mapped, tuple(rows[0]), [tuple(row.values()) for row in rows])


def insert_tuples(
    session: Session, mapped: type[Base], names: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """The same with the columns' names said once, for very many rows.

    SQLAlchemy's own way for many rows costs three times what the driver takes: here it writes the statement
    and says how each column's values are bound, no more. On SQLite many rows go into one statement: the
    driver lets other threads run while a statement runs, and waits for them after each.
    """
    if not rows:
        return
    connection = session.connection()
    statement, order, binders = _prepared(mapped, names, connection.dialect)
    if order is None:
        connection.exec_driver_sql(
            statement,
            [dict(zip(names, row, strict=True)) for row in zip(*_bound(rows, binders), strict=True)],
        )
        return
    width = len(order)
    at_once = min(_MOST_ROWS, _MOST_VALUES // width)
    start = 0
    while start < len(rows):
        # Bound piece by piece: all of a long sync's rows are more than a processor's cache holds.
        piece = rows[start : start + _together(len(rows) - start, at_once)]
        start += len(piece)
        columns = _bound(piece, binders)
        values: list[Any] = [None] * (len(piece) * width)
        for place, column in enumerate(order):
            values[place::width] = columns[column]
        connection.exec_driver_sql(_repeated(statement, len(piece)), tuple(values))


def _together(left: int, most: int) -> int:
    """How many of the rows that are left go into the next statement.

    SQLite takes 3 µs a row to read a statement it has not seen: there are few lengths, so few statements.
    """
    if left >= most:
        return most
    return left if left <= _FEW_ROWS else 1 << left.bit_length() - 1


def _bound(rows: Sequence[tuple[Any, ...]], binders: Sequence[_Bind | None]) -> list[Sequence[Any]]:
    """The rows' columns, bound."""
    return [
        bind(values) if bind is not None else values
        for bind, values in zip(binders, zip(*rows, strict=True), strict=True)
    ]


@lru_cache(maxsize=256)
def _repeated(statement: str, count: int) -> str:
    """An insert of one row as one of `count` rows."""
    head, values = statement.split(" VALUES ")
    return f"{head} VALUES {', '.join([values] * count)}"


@lru_cache(maxsize=64)
def _prepared(
    mapped: type[Base], names: tuple[str, ...], dialect: Dialect
) -> tuple[str, list[int] | None, list[_Bind | None]]:
    """The statement, which column stands at each of its places (None: they are named), and the binders."""
    table = table_of(mapped)
    compiled = insert(table).compile(dialect=dialect, column_keys=names)
    order = compiled.positiontup
    return (
        str(compiled),
        None if order is None else [names.index(name) for name in order],
        [_binder(table.c[name].type, dialect) for name in names],
    )


def _binder(kind: TypeEngine[Any], dialect: Dialect) -> _Bind | None:
    """How a column's values are bound; None where they are handed over as they are."""
    if isinstance(kind, HexBytes):
        return all_bytes_of
    bind = kind.dialect_impl(dialect).bind_processor(dialect)
    return None if bind is None else lambda values: list(map(bind, values))
