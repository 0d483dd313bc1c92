"""`claims serve` on real servers: drains a mailbox, twice the same, dies as one."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from tests.builders_mail import auto_reply, claim_files, make_claim_mail
from tests.commands import HEADER, ROW, claims, claims_here
from tests.services import Dovecot, Redis, SmtpSink, free_port
from worker.adapters.embedded_redis import EmbeddedRedis

RECEIVED = datetime(2026, 11, 18, 19, 10, tzinfo=UTC)


@pytest.fixture
def settings(
    tmp_path: Path, dovecot: Dovecot, redis: Redis, smtp_sink: SmtpSink
) -> Iterator[dict[str, str]]:
    user = tmp_path.name.lower()
    orders = tmp_path / "orders.csv"
    orders.write_text(f"{HEADER}\n{ROW}\n", encoding="utf-8")
    redis.flushall()
    values = {
        "CLAIMS_MAILBOX_URL": dovecot.url(user),
        "CLAIMS_SMTP_URL": smtp_sink.url,
        "CLAIMS_REDIS_URL": redis.url,
        "CLAIMS_GO_LIVE": "2026-11-01T00:00Z",
        "CLAIMS_CLOCK": "2026-11-18T20:10:00Z",
    }
    assert claims_here(tmp_path, "orders", "import", orders, **values).returncode == 0
    yield values
    dovecot.drop(user)


def counts(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    found.pop("seconds")
    return found


def test_a_mailbox_is_drained_and_a_second_run_changes_nothing(
    tmp_path: Path, dovecot: Dovecot, smtp_sink: SmtpSink, settings: dict[str, str]
) -> None:
    user = tmp_path.name.lower()
    for raw in (
        make_claim_mail(files=claim_files()[1:]),
        auto_reply(),
        make_claim_mail(
            text="The invoice.",
            files=claim_files()[:1],
            received_at=RECEIVED + timedelta(minutes=20),
        ),
    ):
        dovecot.append(user, raw, RECEIVED + timedelta(minutes=30))

    first = counts(claims(tmp_path, "serve", "--until-idle", **settings))
    second = counts(claims(tmp_path, "serve", "--until-idle", **settings))

    assert first == second
    assert first["fates"] == {"auto_reply": 1, "claim": 1, "follow_up": 1}
    assert (first["emails_sent"], first["parked"]) == (2, 0)
    assert len(smtp_sink.mails()) == 2
    assert len(dovecot.mails(user)) == 3


def test_a_mailbox_that_refuses_us_ends_with_one_line(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    settings["CLAIMS_MAILBOX_URL"] = f"imap://u:p@127.0.0.1:{free_port()}/INBOX"

    done = claims(tmp_path, "serve", "--until-idle", **settings)

    assert done.returncode == 1
    assert "CLAIMS_MAILBOX_URL" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_serve_names_missing_settings_together(tmp_path: Path) -> None:
    done = claims_here(tmp_path, "serve")

    assert done.returncode == 2
    assert "CLAIMS_MAILBOX_URL is not set" in done.stderr
    assert "CLAIMS_SMTP_URL is not set" in done.stderr


def test_what_waits_for_the_end_owns_no_redis_that_others_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []

    def ensure(embedded: EmbeddedRedis) -> str:
        started.append(embedded.url)
        return embedded.url

    monkeypatch.setattr(EmbeddedRedis, "ensure", ensure)
    ended = threading.Event()
    ended.set()
    monkeypatch.setattr("worker.children.stop_on_signals", lambda: ended)

    done = claims_here(
        tmp_path, "idle", "--migrate", CLAIMS_MAILBOX_URL="imap://u:p@127.0.0.1/INBOX"
    )

    assert counts(done)["mails"] == 0
    assert started == []


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_the_children_end_with_the_supervisor(
    tmp_path: Path, settings: dict[str, str], how: signal.Signals
) -> None:
    environment = {**os.environ, **settings, "CLAIMS_DATA_DIR": str(tmp_path / "data")}
    served = subprocess.Popen(
        [sys.executable, "-m", "worker", "serve"],
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    children = _wait_for_children(served.pid, 3)

    served.send_signal(how)

    served.wait(30)
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []


def _wait_for_children(pid: int, number: int) -> list[psutil.Process]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        children = psutil.Process(pid).children()
        if len(children) >= number:
            return children
        time.sleep(0.05)  # noqa: TID251 - another process must come up
    raise AssertionError("the children did not start")
