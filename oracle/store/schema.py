"""The schema's versions: what the database has, what this program needs, and the way there."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from oracle.store.database import Database, StoreError


def config() -> Config:
    """Alembic's configuration, without a file: the scripts lie in the package."""
    settings = Config()
    settings.set_main_option("script_location", "oracle.store:migrations")
    settings.set_main_option("path_separator", "os")
    return settings


def current(database: Database) -> str | None:
    """The revision the database is at; None where it is empty."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def needed() -> str:
    """The revision this program was written for."""
    head = ScriptDirectory.from_config(config()).get_current_head()
    if head is None:
        raise StoreError("the package holds no migrations", next_step="install it again")
    return head


def upgrade(database: Database) -> tuple[str | None, str]:
    """Bring the database to the revision this program needs. Returns the revisions before and after."""
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
