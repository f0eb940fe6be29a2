"""Where a database lives, written into it: one that wakes elsewhere is a copy, whoever made it and how.

On PostgreSQL the place is the cluster, its timeline, the database and the journal's table, which the server
numbers anew at every restore, promotion and replacement. A file knows nothing of that kind: on SQLite each
start gives the database a new mark, and lays the same beside it. A copy has no such file, or an older mark.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import structlog
from sqlalchemy import delete, insert, select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from oracle.store.database import Database
from oracle.store.holds import add_hold
from oracle.store.tables import HomeRow

log = structlog.get_logger(__name__)

_SUFFIX = ".home"
_MOST = 200  # characters of the file that are read
_NEXT = (
    "if no key signed anything since this copy was made, or it is the database itself in a new place: "
    "oracle db release-signing --nothing-was-signed-since; else leave it: docs/databases.md"
)


def come_home(database: Database) -> bool:
    """At the start: hold a database that is not where it last woke, and note where it is now.

    Returns whether it was held. One that was never noted, new or of an older program, is only noted.
    """
    if database.engine.dialect.name == "postgresql":
        moved = _on_postgresql(database)
    else:
        moved = _on_sqlite(database, Path(database.engine.url.database or ""))
    if moved:
        log.error("database_was_copied", database=database.shown, next_step=_NEXT)
    return moved


def forget_home(session: Session) -> None:
    """For a copy that carries its hold already: it is at home wherever it wakes first."""
    session.execute(delete(HomeRow))


def _on_postgresql(database: Database) -> bool:
    cluster = _cluster(database)
    with database.write() as session:
        session.execute(text("LOCK TABLE home IN EXCLUSIVE MODE"))  # several workers may start at once
        oids = session.execute(
            text(
                "SELECT (SELECT oid FROM pg_database WHERE datname = current_database()),"
                " CAST('signing_journal' AS regclass)::oid"
            )
        ).one()
        return _settle(session, "/".join([cluster, *map(str, oids)]))


def _cluster(database: Database) -> str:
    """The cluster's identifier and timeline; nothing where the server does not tell this user."""
    question = text(
        "SELECT system_identifier, left(pg_walfile_name(pg_current_wal_lsn()), 8) FROM pg_control_system()"
    )
    try:
        with database.read() as session:
            return "/".join(map(str, session.execute(question).one()))
    except ProgrammingError as error:
        log.warning(
            "cluster_unknown", reason=str(error.orig), next_step="grant EXECUTE on pg_control_system()"
        )
        return ""


def _on_sqlite(database: Database, path: Path) -> bool:
    beside = path.with_name(path.name + _SUFFIX)
    known = beside.read_text(encoding="ascii", errors="replace")[:_MOST].split() if beside.exists() else []
    fresh = secrets.token_hex(16)
    with database.read() as session:
        before = session.scalar(select(HomeRow.place))
    # A crash between both writes leaves one of two marks in the database, and both beside it.
    _lay(beside, [*(mark for mark in known if mark == before), fresh])
    with database.write() as session:
        moved = _settle(session, fresh, known=known)
    _lay(beside, [fresh])
    return moved


def _settle(session: Session, place: str, *, known: list[str] | None = None) -> bool:
    """Note the place; add a hold where another was noted than this one, or than those that are `known`."""
    before = session.scalar(select(HomeRow.place))
    session.execute(delete(HomeRow))
    session.execute(insert(HomeRow).values(place=place))
    moved = before is not None and before not in ([place] if known is None else known)
    if moved:
        add_hold(session, None)
    return moved


def _lay(beside: Path, marks: list[str]) -> None:
    part = beside.with_name(beside.name + ".part")
    with part.open("w", encoding="ascii") as file:
        file.write("\n".join(marks) + "\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(beside)
    folder = os.open(beside.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
