"""An installation on real servers, for tests that break it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.rig import Site
from tests.services import Dovecot, Redis, SmtpSink


@pytest.fixture
def site(
    tmp_path: Path,
    dovecot: Dovecot,
    redis: Redis,
    smtp_sink: SmtpSink,
    database_url: str,
) -> Iterator[Site]:
    """An installation with an order directory, an empty mailbox, and no process."""
    redis.flushall()
    site = Site(tmp_path, dovecot, redis, smtp_sink, database_url)
    site.import_orders()
    yield site
    site.close()
