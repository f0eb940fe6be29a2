"""A private PostgreSQL cluster as a child process, gone with its folder when the context ends."""

from __future__ import annotations

import itertools
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from oracle.domain.errors import EarnestError

_DEBIAN = Path("/usr/lib/postgresql")
_START_SECONDS = 120.0
_STOP_SECONDS = 60.0
_USER = "earnest"


class PostgresError(EarnestError):
    """PostgreSQL is not installed, or did not start."""


@dataclass
class Postgres:
    """A running cluster. It syncs every commit, as an operator's would."""

    folder: Path
    password: str
    process: subprocess.Popen[bytes]
    _names: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def url(self, name: str) -> str:
        """SQLAlchemy's URL of a database of this cluster."""
        return f"postgresql+psycopg://{_USER}:{self.password}@/{name}?host={self.folder}"

    def create(self, template: str | None = None) -> str:
        """Make a database, empty or as a copy of `template`, and return its name."""
        name = f"test_{os.getpid()}_{next(self._names)}"
        like = sql.Identifier(template or "template1")
        self._admin(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), like))
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever still holds a connection to it."""
        self._admin(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def kill(self) -> None:
        """Kill the server as a power cut would: no connection is closed, nothing is written any more."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def restart(self) -> None:
        """Start the server again on the same folder, after `kill`."""
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)
        self.process = _start(self.folder)
        _wait_until_up(self)

    def _admin(self, statement: sql.Composed) -> None:
        with psycopg.connect(
            host=str(self.folder), user=_USER, password=self.password, dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement)


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Run a cluster of its own, reached over a socket in a temporary folder.

    Raises:
        PostgresError: PostgreSQL's programs are missing, or the server does not answer in time.
    """
    programs()
    # Short: the path of a Unix socket has at most 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    try:
        password = secrets.token_hex(16)
        word = folder / "password"
        word.write_text(password, encoding="ascii")
        word.chmod(0o600)
        owner = _owner()
        if owner is not None:
            for path in (folder, word):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        _run(
            folder, "initdb", "--pgdata", str(folder / "data"), "--username", _USER, "--pwfile", str(word),
            "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions",
        )  # fmt: skip
        word.unlink()
        server = Postgres(folder, password, _start(folder))
        try:
            _wait_until_up(server)
            yield server
        finally:
            server.process.send_signal(signal.SIGINT)
            try:
                server.process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def programs() -> Path:
    """The folder with initdb and postgres: of the PATH, or the newest of Debian's.

    Raises:
        PostgresError: there are none.
    """
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    folders = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parents[1].name))
    if not folders:
        raise PostgresError(
            "PostgreSQL is not installed",
            next_step="run: scripts/setup/apt.sh postgresql 'tests on PostgreSQL'",
        )
    return folders[-1].parent


def _owner() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: then it runs as the user that Debian's package made for it."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise PostgresError("PostgreSQL does not run as root, and there is no user postgres or nobody")


def _as_owner() -> dict[str, Any]:
    owner = _owner()
    return {} if owner is None else {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def _run(folder: Path, program: str, *arguments: str) -> None:
    ended = subprocess.run(
        [str(programs() / program), *arguments], cwd=folder, capture_output=True, check=False, **_as_owner()
    )
    if ended.returncode != 0:
        raise PostgresError(f"{program} failed: {ended.stderr.decode(errors='replace').strip()}")


def _start(folder: Path) -> subprocess.Popen[bytes]:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(folder),
        "fsync": "on",
        "synchronous_commit": "on",
        "max_connections": "200",
        "shared_buffers": "64MB",
        "logging_collector": "off",
    }
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [
                str(programs() / "postgres"), "-D", str(folder / "data"),
                *itertools.chain.from_iterable(("-c", f"{name}={value}") for name, value in settings.items()),
            ],
            cwd=folder, stdout=log, stderr=log, start_new_session=True, **_as_owner(),
        )  # fmt: skip


def _wait_until_up(server: Postgres) -> None:
    end = time.monotonic() + _START_SECONDS
    while True:
        try:
            psycopg.connect(
                host=str(server.folder), user=_USER, password=server.password, dbname="postgres"
            ).close()
        except psycopg.OperationalError as error:
            if server.process.poll() is not None or time.monotonic() > end:
                said = (server.folder / "log").read_text(errors="replace")[-1_000:]
                raise PostgresError(f"PostgreSQL did not start: {error}; it said: {said}") from error
            time.sleep(0.05)
        else:
            return
