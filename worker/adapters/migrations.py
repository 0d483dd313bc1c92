"""Alembic, run from inside the program: no ini file, no command of its own."""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from worker.adapters.resources import folder
from worker.adapters.store.engine import make_engine, translated


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database to a revision; safe to run twice and side by side.

    Raises:
        RetryLater: the database cannot be reached or is locked.
    """
    _run(url, lambda config: command.upgrade(config, revision))


def downgrade(url: str, revision: str) -> None:
    """Take the database back to a revision."""
    _run(url, lambda config: command.downgrade(config, revision))


def current(url: str) -> str | None:
    """Return the revision that the database has; None when it has none."""
    engine = make_engine(url)
    try:
        with translated(), engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def latest() -> str | None:
    """Return the newest revision that this program knows."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder("migrations")))
    return config


def _run(url: str, step: Callable[[Config], None]) -> None:
    engine = make_engine(url)
    config = _config()
    try:
        with translated(), engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                # One migration at a time, whoever starts first.
                connection.execute(sa.text("select pg_advisory_xact_lock(726154)"))
            config.attributes["connection"] = connection
            step(config)
    finally:
        engine.dispose()
