"""Alembic, run from inside the program: no ini file, no command of its own.

It is loaded only when there is something to migrate.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import sqlalchemy as sa

from worker.adapters.resources import folder
from worker.adapters.store.engine import make_engine, translated
from worker.domain.errors import RetryLater

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "head"


def upgrade(url: str, revision: str = HEAD) -> None:
    """Bring the database to a revision; safe to run twice and side by side.

    One that a newer program has migrated is left as it is.

    Raises:
        RetryLater: the database cannot be reached or is locked.
    """
    if revision == HEAD and not is_behind(url):
        return
    from alembic import command  # noqa: PLC0415

    _run(url, lambda config: command.upgrade(config, revision))


def downgrade(url: str, revision: str) -> None:
    """Take the database back to a revision."""
    from alembic import command  # noqa: PLC0415

    _run(url, lambda config: command.downgrade(config, revision))


def current(url: str) -> str | None:
    """Return the revision that the database has; None when it has none."""
    engine = make_engine(url)
    try:
        with translated(), engine.connect() as connection:
            query = sa.text("select version_num from alembic_version")
            return connection.execute(query).scalar()
    except RetryLater as error:
        if error.reason == "database_not_migrated":
            return None
        raise
    finally:
        engine.dispose()


def latest() -> str:
    """Return the newest revision that this program knows: its file's name says it."""
    return max(_known())


def is_behind(url: str) -> bool:
    """Return whether the database lacks a migration that this program knows.

    One that a newer program has migrated is not behind: it serves older ones too.
    """
    have = current(url)
    return have is None or (have in _known() and have != latest())


def _known() -> set[str]:
    files = (folder("migrations") / "versions").glob("[0-9]*_*.py")
    return {file.name.partition("_")[0] for file in files}


def _config() -> "Config":
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(folder("migrations")))
    return config


def _run(url: str, step: "Callable[[Config], None]") -> None:
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
