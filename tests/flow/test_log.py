"""Logs: JSON lines of constant events and listed fields; no word of a member."""

import ast
import inspect
import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import dramatiq.worker
import pytest
import structlog

import worker
from worker.log import (
    FIELDS,
    LIBRARY_LEVELS,
    NO_REDIS,
    _OnlyThePlace,
    configure,
    only_known_fields,
)

A_NAME = "Lena Hoffmann"
WHOLE_PROGRAM = """
import logging
import sys
import structlog
from worker.log import configure

configure()
structlog.get_logger().info("mails_stored", count=2, subject="Lena Hoffmann")
structlog.get_logger().debug("job_done", job_id=1)
for name in sys.argv[1:]:
    for level in (logging.DEBUG, logging.INFO):
        logging.getLogger(name).log(level, "Lena Hoffmann wrote: %r", b"the mail")
logging.getLogger("any.other.library").info("Lena Hoffmann")
"""


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Give the libraries back as they were."""
    levels = {name: logging.getLogger(name).level for name in LIBRARY_LEVELS}
    yield
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
def stream() -> io.StringIO:
    stream = io.StringIO()
    configure(stream=stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_of_json(stream: io.StringIO) -> None:
    log = structlog.get_logger()

    log.info("claim_assessed", claim_id=12, reasons=["C11", "C12"], state="ü\n{}")
    log.warning("lease_lost", job_id=7)

    first, second = lines(stream)
    assert first["event"] == "claim_assessed"
    assert (first["level"], second["level"]) == ("info", "warning")
    assert (first["claim_id"], second["job_id"]) == (12, 7)
    assert first["reasons"] == ["C11", "C12"]
    assert first["state"] == "ü\n{}"


def test_an_event_says_when_in_utc(stream: io.StringIO) -> None:
    structlog.get_logger().info("worker_started")

    at = datetime.fromisoformat(str(lines(stream)[0]["timestamp"]))
    assert at.utcoffset() is not None
    assert str(lines(stream)[0]["timestamp"]).endswith("Z")


def test_a_field_that_is_not_on_the_list_is_dropped(stream: io.StringIO) -> None:
    """A mistake cannot leak."""
    log = structlog.get_logger()

    log.info("mail_settled", mail_id=7, subject=A_NAME, from_address=A_NAME)
    log.bind(member=A_NAME).error("job_failed", job_id=7)

    assert A_NAME not in stream.getvalue()
    assert [set(line) for line in lines(stream)] == [
        {"event", "level", "timestamp", "mail_id"},
        {"event", "level", "timestamp", "job_id"},
    ]


def test_no_traceback_is_logged_for_its_text_may_quote_a_mail(
    stream: io.StringIO,
) -> None:
    try:
        int(A_NAME)
    except ValueError:
        structlog.get_logger().exception("job_failed", exc_type="ValueError")

    assert A_NAME not in stream.getvalue()
    assert lines(stream)[0]["exc_type"] == "ValueError"


@pytest.mark.parametrize(
    "name",
    [
        "subject",
        "message_id",
        "sender",
        "to",
        "text",
        "name",
        "body",
        "exc_info",
        "msg",
    ],
)
def test_no_field_for_a_members_words_is_on_the_list(name: str) -> None:
    assert name not in FIELDS
    assert only_known_fields(None, "info", {"event": "e", name: A_NAME}) == {
        "event": "e"
    }


def test_of_what_a_library_says_only_the_place_is_kept_once_a_minute(
    stream: io.StringIO,
) -> None:
    handler = _OnlyThePlace()
    library = logging.getLogger("dramatiq.worker")
    library.addHandler(handler)

    for _ in range(3):
        library.critical(
            "Consumer of %s lost", A_NAME, exc_info=ConnectionResetError(A_NAME)
        )
    library.removeHandler(handler)

    (line,) = lines(stream)
    assert line["event"] == "library_trouble"
    assert str(line["where"]).startswith("dramatiq.worker:")
    assert (line["code"], line["exc_type"]) == ("critical", "ConnectionResetError")
    assert A_NAME not in stream.getvalue()


def test_that_redis_is_away_is_said_once_for_all_threads(stream: io.StringIO) -> None:
    assert NO_REDIS in inspect.getsource(dramatiq.worker)
    handler = _OnlyThePlace()
    threads = [logging.getLogger(f"dramatiq.worker.{number}") for number in range(3)]

    for library in threads:
        library.addHandler(handler)
        library.critical(NO_REDIS, ConnectionResetError(A_NAME))
        library.removeHandler(handler)

    (line,) = lines(stream)
    assert (line["event"], line["level"]) == ("redis_away", "warning")


def test_debug_is_left_out_unless_it_is_asked_for(stream: io.StringIO) -> None:
    structlog.get_logger().debug("job_done", job_id=1)
    quiet = stream.getvalue()

    loud = io.StringIO()
    configure(stream=loud, level="debug")
    structlog.get_logger().debug("job_done", job_id=1)

    assert quiet == ""
    assert lines(loud)[0]["event"] == "job_done"


def test_a_person_gets_words_instead_of_json() -> None:
    stream = io.StringIO()
    configure(stream=stream, to_terminal=True)

    structlog.get_logger().info("worker_started", pid=7, subject=A_NAME)

    assert "worker_started" in stream.getvalue()
    assert not stream.getvalue().startswith("{")
    assert A_NAME not in stream.getvalue()


@pytest.mark.usefixtures("stream")
@pytest.mark.parametrize(
    ("name", "most_talkative"),
    [
        ("imapclient", logging.ERROR),
        ("imapclient.imaplib", logging.ERROR),
        ("dramatiq", logging.WARNING),
        ("dramatiq.worker.WorkerThread", logging.WARNING),
        ("mailparser", logging.CRITICAL),
        ("mailparser.core", logging.CRITICAL),
        ("alembic.runtime.migration", logging.WARNING),
    ],
)
def test_libraries_that_print_mail_are_kept_silent(
    name: str, most_talkative: int
) -> None:
    log = logging.getLogger(name)

    assert log.getEffectiveLevel() >= most_talkative


def test_the_whole_program_prints_its_own_events_only() -> None:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", WHOLE_PROGRAM, *LIBRARY_LEVELS, "imapclient.imaplib"],
        capture_output=True,
        text=True,
        check=True,
    )

    (line,) = done.stdout.splitlines()
    assert json.loads(line)["event"] == "mails_stored"
    assert A_NAME not in done.stdout + done.stderr


# -- what our code logs ---------------------------------------------------------------

LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def logged() -> list[tuple[str, ast.Call]]:
    """Each call of a logger in the program, with where it stands."""
    package = Path(worker.__file__).parent
    return [
        (f"{path.relative_to(package)}:{node.lineno}", node)
        for path in sorted(package.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in LEVELS
        and ast.unparse(node.func.value) in {"log", "structlog.get_logger()"}
    ]


def test_every_field_that_our_code_logs_is_on_the_list() -> None:
    """One that is not would be missing where it is needed, without a word."""
    unlisted = {
        f"{place} {keyword.arg}"
        for place, call in logged()
        for keyword in call.keywords
        if keyword.arg not in FIELDS
    }

    assert len(logged()) > 10
    assert unlisted == set()


def test_every_event_that_our_code_logs_is_a_constant_word() -> None:
    loose = {
        place
        for place, call in logged()
        if len(call.args) != 1
        or not isinstance(call.args[0], ast.Constant)
        or not str(call.args[0].value).replace("_", "").isalpha()
    }

    assert loose == set()
