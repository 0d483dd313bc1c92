"""Logs: JSON lines on stdout, constant events, and fields from a short list.

No personal data: no addresses, names, subjects, Message-IDs or mail text. A field
that is not on the list is dropped, so that a mistake cannot leak. Of what a library
says only the place is kept, since its words may hold anything.
"""

import logging
import sys
import time
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

FIELDS = frozenset(
    {
        "event", "level", "timestamp", "job_id", "kind", "queue", "actor", "attempt",
        "mail_id", "mail_key", "mailbox_id", "uid", "claim_id", "email_id", "fate",
        "state", "reasons", "reason", "code", "duration_ms", "error", "count", "owner",
        "role", "pid", "backlog", "seconds", "version", "address", "exc_type", "where",
        "stored", "url", "port",
    }
)  # fmt: skip
"""Fields that may be logged. `address` is a listening address, `url` a page of ours."""
LIBRARY_LEVELS = {
    "imapclient": logging.ERROR,  # prints mail bodies at DEBUG
    "imaplib": logging.ERROR,
    "dramatiq": logging.WARNING,  # prints arguments at DEBUG
    "httpx": logging.WARNING,  # prints addresses with ids at INFO
    "httpcore": logging.WARNING,
    "mailparser": logging.CRITICAL,  # prints headers at WARNING
    "PIL": logging.WARNING,
    "alembic": logging.WARNING,
    "mail.log": logging.ERROR,  # aiosmtpd
    "asyncio": logging.ERROR,
}
SAID_AGAIN_AFTER_S = 60.0
NO_REDIS = "Consumer encountered a connection error: %s"
"""What each thread that waits for rings says where Redis is away. Source: dramatiq 2.2,
worker.py."""


def configure(
    *, to_terminal: bool = False, level: str = "info", stream: TextIO | None = None
) -> None:
    """Set up logging for this process; call once, before anything logs.

    Args:
        to_terminal: colours for a person instead of JSON for a collector.
        level: the lowest level of our own events.
        stream: where to; None means stdout.
    """
    logging.basicConfig(handlers=[_OnlyThePlace()], level=logging.WARNING)
    for name, library_level in LIBRARY_LEVELS.items():
        logging.getLogger(name).setLevel(library_level)
    renderer: Any = (
        structlog.dev.ConsoleRenderer()
        if to_terminal
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            only_known_fields,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # A line is written whole: processes share the stream.
        logger_factory=structlog.WriteLoggerFactory(stream or sys.stdout),
    )


def silence_libraries() -> None:
    """Let no library say any more that what it talks to is gone."""
    logging.disable(logging.CRITICAL)


class _OnlyThePlace(logging.Handler):
    """Says once a minute for each place that a library had something to say.

    That Redis is away is said in our words, once for all threads.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        is_away = record.msg == NO_REDIS
        where = "redis" if is_away else f"{record.name}:{record.lineno}"
        now = time.monotonic()
        if now - self._said.get(where, -SAID_AGAIN_AFTER_S) < SAID_AGAIN_AFTER_S:
            return
        self._said[where] = now
        if is_away:
            structlog.get_logger().warning("redis_away")
            return
        kind = record.exc_info[0] if record.exc_info else None
        structlog.get_logger().warning(
            "library_trouble",
            where=where,
            code=record.levelname.lower(),
            exc_type=None if kind is None else kind.__name__,
        )


def only_known_fields(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Drop every field that is not on the list."""
    unknown = [name for name in event if name not in FIELDS]
    for name in unknown:
        del event[name]
    return event
