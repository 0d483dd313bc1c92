"""An installation on real servers that a test breaks: its processes, and its scene."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.builders_mail import MEMBER, ORDER
from tests.chaos import load
from tests.chaos.checker import MailKeys, Scene
from tests.commands import HEADER, ROW, claims_here
from tests.services import Dovecot, Redis, SmtpSink
from tests.services.server import TETHER, own_account
from worker.adapters import migrations
from worker.bootstrap import Parts
from worker.faults import Point, passes_in
from worker.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
IDLE_WITHIN_S = 180.0
END_WITHIN_S = 30.0
CANARIES = (
    *("lena.hoffmann", "hoffmann", MEMBER, ORDER, "opensesame", "tea set"),
    *load.CANARIES,
)
"""What mails and settings of these tests hold, and no log may."""
_UID = re.compile(rb"UID (\d+) ")


@dataclass(slots=True)
class Site:
    """One installation: settings, a mailbox, a relay, and processes of ours.

    Attributes:
        more: settings besides those that every site has.
    """

    folder: Path
    dovecot: Dovecot
    redis: Redis
    sink: SmtpSink
    database_url: str
    more: dict[str, str] = field(default_factory=dict)
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def user(self) -> str:
        """Whose mailbox is read."""
        return self.folder.name.lower()

    @property
    def staff(self) -> str:
        """Whose mailbox has the drafts."""
        return f"{self.user}-staff"

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What the processes say on stderr, and those without a pipe on stdout."""
        return self.folder / "claims.log"

    @property
    def settings(self) -> dict[str, str]:
        """The settings of every process, without those that are empty."""
        every = {
            "CLAIMS_MAILBOX_URL": self.dovecot.url(self.user),
            "CLAIMS_DRAFTS_URL": self.dovecot.url(self.staff, "Drafts"),
            "CLAIMS_SENT_FOLDER": "Sent",
            "CLAIMS_AFTER": "flag",
            "CLAIMS_SMTP_URL": self.sink.url,
            "CLAIMS_REDIS_URL": self.redis.url,
            "CLAIMS_DATABASE_URL": self.database_url,
            "CLAIMS_DATA_DIR": str(self.data),
            "CLAIMS_FROM": "claims@logistics.example",
            "CLAIMS_TRUSTED_MX": "mx.logistics.example",
            "CLAIMS_TRUSTED_AUTHSERV": "mx.logistics.example",
            "CLAIMS_GO_LIVE": "2026-11-01T00:00Z",
            "CLAIMS_CLOCK": "2026-11-18T20:10:00Z",
            "CLAIMS_DESK_BIND": "off",
            "CLAIMS_SECRET_KEY": "opensesame" * 4,
            "CLAIMS_OCR": "false",
            **self.more,
        }
        return {name: value for name, value in every.items() if value}

    def import_orders(self, *rows: str) -> None:
        """Make the tables and the order directory; without rows, that of ORDER."""
        migrations.upgrade(self.database_url)
        path = self.folder / "orders.csv"
        path.write_text("\n".join((HEADER, *(rows or (ROW,)))), encoding="utf-8")
        done = claims_here(self.folder, "orders", "import", path, **self.settings)
        assert done.returncode == 0, done.stderr

    def start(
        self, *words: str, fault: str = "", **more: str
    ) -> "subprocess.Popen[bytes]":
        """Start `claims WORDS`, which dies with this process."""
        account = own_account()
        holds = [os.getpid(), int(signal.SIGKILL), account.uid, account.gid]
        tether = [sys.executable, "-I", "-S", str(TETHER), *map(str, holds)]
        environment = {**os.environ, **self.settings, **more, "PYTHONPATH": str(ROOT)}
        if fault:
            environment["CLAIMS_FAULT"] = fault
        with self.log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own program
                [*tether, sys.executable, "-m", "worker", *words],
                env=environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if "--until-idle" in words else log,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def until_idle(self, *, fault: str = "", **more: str) -> dict[str, object]:
        """Run `claims serve --until-idle`; return what it counted."""
        process = self.start("serve", "--until-idle", fault=fault, **more)
        out, _ = process.communicate(timeout=IDLE_WITHIN_S)
        assert process.returncode == 0, self.log_tail()
        counts: dict[str, object] = json.loads(out)
        counts.pop("seconds")
        return counts

    def log_tail(self, characters: int = 3000) -> str:
        """Return the end of the log."""
        return self.log.read_text(errors="replace")[-characters:]

    def lines(self, event: str) -> list[dict[str, object]]:
        """Return the lines of the log about an event."""
        lines = self.log.read_text(errors="replace").splitlines()
        found = (json.loads(line) for line in lines if line.startswith("{"))
        return [line for line in found if line.get("event") == event]

    def passes(self) -> Mapping[Point, int]:
        """How often each fault point was passed by armed processes."""
        return passes_in(self.data / "faults")

    @contextmanager
    def parts(self) -> Iterator[Parts]:
        """Give our own parts on this site's record, in this process."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.settings.items():
                patch.setenv(name, value)
            parts = Parts(Settings.from_env(), with_redis=False)
            try:
                yield parts
            finally:
                parts.close()

    def scene(self) -> Scene:
        """Return what is left, for the checker."""
        return Scene(
            database_url=self.database_url,
            mails=mails_on(self.dovecot, self.user),
            raw=self.data / "raw",
            sunk=self.sink.mails(),
            logs=(self.log,),
            canaries=CANARIES,
        )

    def close(self) -> None:
        """End what still runs, and remove the mailboxes."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait(END_WITHIN_S)
            if process.stdout is not None:
                process.stdout.close()
        for user in (self.user, self.staff):
            self.dovecot.drop(user)


def mails_on(dovecot: Dovecot, user: str, folder: str = "INBOX") -> MailKeys:
    """Return the digest of each mail of a folder, by (UIDVALIDITY, UID)."""
    uidvalidity = dovecot.uidvalidity(user, folder)
    with dovecot.session(user) as connection:
        connection.select(folder, readonly=True)
        _, answer = connection.uid("FETCH", "1:*", "(BODY.PEEK[])")
    found = {}
    for part in answer:
        if isinstance(part, tuple):
            uid = _UID.search(part[0])
            assert uid is not None
            found[uidvalidity, int(uid[1])] = hashlib.sha256(part[1]).hexdigest()
    return found


def wait_until(
    is_so: Callable[[], bool], what: str, within_s: float = IDLE_WITHIN_S
) -> float:
    """Wait until something is so; return how many seconds that took.

    Raises:
        AssertionError: it never was; names what was waited for.
    """
    began, pause = time.monotonic(), threading.Event()
    while not is_so():
        if time.monotonic() - began > within_s:
            raise AssertionError(f"not within {within_s:.0f} s: {what}")
        pause.wait(0.1)
    return time.monotonic() - began
