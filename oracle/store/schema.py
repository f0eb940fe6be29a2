"""The schema's versions: what the database has, what this program needs, and the way there."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from sqlalchemy import column, inspect, select, table

from oracle.store.database import Database, StoreError

# Alembic is loaded to migrate, not to start: it takes as long as everything else the store needs.
if TYPE_CHECKING:
    from alembic.config import Config

_MARK = "alembic_version"


def config() -> Config:
    """Alembic's configuration, without a file: the scripts lie in the package."""
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", "oracle.store:migrations")
    settings.set_main_option("path_separator", "os")
    return settings


def current(database: Database) -> str | None:
    """The revision the database is at; None where it is empty."""
    with database.engine.connect() as connection:
        if not inspect(connection).has_table(_MARK):
            return None
        return connection.scalar(select(column("version_num")).select_from(table(_MARK)))


def needed() -> str:
    """The revision this program was written for: migrations are numbered, and their files named by it."""
    files = resources.files("oracle.store.migrations").joinpath("versions").iterdir()
    numbers = [file.name[:4] for file in files if file.name.endswith(".py") and file.name[:4].isdecimal()]
    if not numbers:
        raise StoreError("the package holds no migrations", next_step="install it again")
    return max(numbers)


def upgrade(database: Database) -> tuple[str | None, str]:
    """Bring the database to the revision this program needs. Returns the revisions before and after."""
    from alembic import command

    before = current(database)
    settings = config()
    with database.engine.begin() as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")
    return before, needed()


def require_current(database: Database) -> None:
    """Refuse a database of another revision.

    Raises:
        StoreError: it is empty, older or newer than this program.
    """
    has, wants = current(database), needed()
    if has != wants:
        raise StoreError(
            f"the database {database.shown} is at revision {has or 'none'}; this program needs {wants}",
            next_step="run: oracle db upgrade",
        )
