"""Copies of the database while it is in use, and the way back.

A copy is a danger: its signing journal ends where it was made. So a restored database carries a hold
(`oracle.store.holds`): an SQLite copy holds it from the beginning, whoever puts it in place and however; on
PostgreSQL `restore` adds it. What was copied by other means gets it when it wakes (`oracle.store.home`).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL, inspect, make_url

from oracle.store.database import Database, StoreError
from oracle.store.holds import add_hold, has_new_hold
from oracle.store.home import forget_home
from oracle.store.schema import current, needed, upgrade

LEFT_OUT = "earnest_durable"
"""PostgreSQL's schema of unfinished evaluations: they begin anew, and are no part of a copy."""

_PROGRAM_SECONDS = 3_600


def backup(url: str, target: Path) -> None:
    """Copy the database to a file, which must not exist; the daemon may run meanwhile.

    Raises:
        StoreError: the file exists, the database cannot be read, or a program failed.
    """
    if target.exists():
        raise StoreError(f"{target} exists", field="target", next_step="name a file that does not")
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            _copy_sqlite(_existing(parsed), part)
            _hold(f"sqlite:///{part}")
        else:
            _run(parsed, "pg_dump", "--format=custom", f"--exclude-schema={LEFT_OUT}", f"--file={part}")
        part.chmod(0o600)
        _sync(part)
        part.replace(target)
        _sync(target.parent)
    except OSError as error:
        raise StoreError(f"{target} cannot be written: {error.strerror}", field="target") from error
    finally:
        part.unlink(missing_ok=True)


def restore(url: str, source: Path) -> tuple[str | None, str]:
    """Put a copy in place of a database that is empty or not there, and migrate it.

    It is held back from signing. Returns the revisions of the copy and of what it is now.

    Raises:
        StoreError: there is a database already, the copy is damaged, or a program failed.
    """
    if not source.is_file():
        raise StoreError(f"there is no file {source}", field="source")
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        _restore_sqlite(Path(parsed.database or ""), source)
        return _wake(url)
    with closing(Database(url)) as database:
        database.check()
        if inspect(database.engine).get_table_names():
            raise StoreError(
                f"the database {database.shown} is not empty",
                field="database.url",
                next_step="make a new database, name it in database.url, and restore into that",
            )
    _run(parsed, "pg_restore", "--no-owner", "--exit-on-error", "--single-transaction",
         f"--dbname={parsed.database}", str(source))  # fmt: skip
    return _wake(url)


def _restore_sqlite(target: Path, source: Path) -> None:
    if target.exists():
        raise StoreError(
            f"{target} exists", field="database.url", next_step="stop the daemon and move the file away first"
        )
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    try:
        _copy_sqlite(source, part)
        with closing(sqlite3.connect(part)) as connection:
            found = connection.execute("PRAGMA integrity_check").fetchone()[0]
        if found != "ok":
            raise StoreError(f"{source} is damaged: {found}", field="source", next_step="use another copy")
        with closing(Database(f"sqlite:///{part}")) as database:
            if current(database) is None:
                raise StoreError(f"{source} is no copy of an oracle's database", field="source")
        _remove_wal(part)
        _sync(part)
        # Evaluations that a lost process was in are not those of the copy.
        target.with_name(target.name + ".runs").unlink(missing_ok=True)
        part.replace(target)
        _sync(target.parent)
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"{source} is damaged: {error}", field="source", next_step="use another copy"
        ) from error
    finally:
        part.unlink(missing_ok=True)
        _remove_wal(part)


def _copy_sqlite(source: Path, target: Path) -> None:
    """SQLite's online backup: one state, though others write meanwhile."""
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as reading,
        closing(sqlite3.connect(target)) as writing,
    ):
        reading.backup(writing)


def _wake(url: str) -> tuple[str | None, str]:
    """Migrate what was restored; a copy without a hold of its own gets one."""
    with closing(Database(url)) as database:
        revisions = upgrade(database)
        with database.write() as session:
            forget_home(session)
            if not has_new_hold(session):
                add_hold(session, None)
    return revisions


def _hold(url: str) -> None:
    """Put the hold into an SQLite copy. One of an older program gets it when it is restored."""
    with closing(Database(url)) as database:
        if current(database) == needed():
            with database.write() as session:
                forget_home(session)
                add_hold(session, time.time())
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def _existing(url: URL) -> Path:
    path = Path(url.database or "")
    if not path.is_file():
        raise StoreError(f"there is no database at {path}", field="database.url")
    return path


def _run(url: URL, program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs. Where to connect, and the password, go through its environment."""
    found = shutil.which(program)
    if found is None:
        raise StoreError(f"{program} is not installed", next_step="install PostgreSQL's client programs")
    host = url.host or url.query.get("host")
    given = {
        "PGHOST": host,
        "PGPORT": None if url.port is None else str(url.port),
        "PGUSER": url.username,
        "PGPASSWORD": None if url.password is None else str(url.password),
        "PGDATABASE": url.database,
    }
    environment = os.environ | {name: str(value) for name, value in given.items() if value is not None}
    ended = subprocess.run(
        [found, "--no-password", *arguments],
        env=environment,
        capture_output=True,
        check=False,
        timeout=_PROGRAM_SECONDS,
    )
    if ended.returncode != 0:
        said = ended.stderr.decode(errors="replace").strip()[-500:]
        raise StoreError(f"{program} failed: {said}", field="database.url")


def _remove_wal(path: Path) -> None:
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
